from __future__ import annotations

import pytest
import torch

from engine.errors import UnknownNameError
from engine.explain.target import Target

LOGITS = torch.tensor([[1.0, 4.0, 2.0], [3.0, 0.0, -1.0]])
CLASSES = ("angry", "happy", "sad")


@pytest.mark.parametrize(
    ("target", "scalar", "name"),
    [
        (Target(), [4.0, 3.0], "happy"),  # each picture's own predicted class
        (Target("sad"), [2.0, -1.0], "sad"),
        (Target("sad", "angry"), [1.0, -4.0], "sad − angry"),
        (Target(minus="sad"), [2.0, 4.0], "happy − sad"),
    ],
)
def test_by_hand(target: Target, scalar: list[float], name: str) -> None:
    found, found_name = target.resolve(LOGITS, CLASSES)
    assert found.tolist() == scalar
    assert found_name == name


@pytest.mark.parametrize("target", [Target("bored"), Target("sad", "bored")])
def test_an_unknown_class_lists_the_valid_ones(target: Target) -> None:
    with pytest.raises(UnknownNameError, match="Unknown class 'bored'; valid: angry, happy, sad"):
        target.resolve(LOGITS, CLASSES)
