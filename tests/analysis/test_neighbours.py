"""The nearest pictures by the cosine of their centred logits, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analysis.neighbours import nearest, nearest_to
from engine.errors import UsageError


def softmax(logits: list[list[float]]) -> np.ndarray:
    raised = np.exp(np.array(logits, dtype=np.float64))
    return raised / raised.sum(axis=1, keepdims=True)


# Centred: (2, -1, -1), (4, -2, -2), (-1, 2, -1), (-2, 1, 1), even.
PICTURES = softmax([[3, 0, 0], [6, 0, 0], [0, 3, 0], [0, 3, 3], [1, 1, 1]])


def test_the_same_proportions_are_nearest_and_the_opposite_last() -> None:
    found = nearest(PICTURES, 0)
    assert [one.index for one in found] == [1, 4, 2, 3]
    assert [one.cosine for one in found] == pytest.approx([1.0, 0.0, -0.5, -1.0], abs=1e-9)


def test_only_so_many_and_never_itself() -> None:
    assert [one.index for one in nearest(PICTURES, 1, most=1)] == [0]
    assert len(nearest(PICTURES[:1], 0)) == 0


def test_what_is_not_there_is_said() -> None:
    with pytest.raises(UsageError, match="Expected one of 5 pictures"):
        nearest(PICTURES, 5)


def test_an_answer_to_any_picture_has_its_nearest() -> None:
    found = nearest_to(PICTURES, softmax([[0, 6, 6]])[0], most=2)
    assert [one.index for one in found] == [3, 2]
    assert [one.cosine for one in found] == pytest.approx([1.0, 0.5], abs=1e-9)
    assert [one.index for one in nearest_to(PICTURES, PICTURES[3], most=1, without=3)] == [2]
    with pytest.raises(UsageError, match="Expected an answer of 3 classes"):
        nearest_to(PICTURES, np.array([0.5, 0.5]))
