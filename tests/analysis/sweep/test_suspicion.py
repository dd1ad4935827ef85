from __future__ import annotations

import numpy as np
import pytest

from engine.analysis.sweep.finish import suspect


def test_by_hand() -> None:
    p = np.array([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.1, 0.9], [0.45, 0.55], [0.3, 0.7]])
    labels = np.array([0, 0, 0, 1, 1, 1])
    found = suspect(p, labels)
    # Class 0: (.9 + .7 + .2) / 3 = .6; class 1: (.9 + .55 + .7) / 3 = .7167.
    assert found.thresholds.tolist() == pytest.approx([0.6, 2.15 / 3])
    # Only picture 2 reaches the threshold of a class that is not its own; picture 4 reaches none.
    assert found.suggested.tolist() == [-1, -1, 1, -1, -1, -1]
    assert found.score.tolist() == pytest.approx([0, 0, 0.8, 0, 0, 0])


def test_the_more_probable_of_two_confident_classes_counts() -> None:
    p = np.array([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2], [0.1, 0.6, 0.3]])
    labels = np.array([0, 1, 1])
    found = suspect(p, labels)  # thresholds .5, .45, none
    assert np.isinf(found.thresholds[2])
    assert found.suggested.tolist() == [-1, 0, -1]
    assert found.score[1] == pytest.approx(0.7)
