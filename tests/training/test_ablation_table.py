from __future__ import annotations

import math

import numpy as np
import pytest

from engine.training.ablation import WHOLE, Cell
from engine.training.ablation_table import paired_interval, picture_interval, tabulate


def cell(variant: str, seed: int, right: int, n: int = 10) -> Cell:
    """The first ``right`` of ``n`` pictures are right."""
    return Cell(variant, seed, np.arange(n) < right, 1, right / n, 100)


def test_the_t_interval_by_hand() -> None:
    # Mean 2, s = 1, t(.975, 2) = 4.30265: 2 ± 4.30265 / √3.
    low, high = paired_interval([1.0, 2.0, 3.0])
    assert (low, high) == pytest.approx((2 - 4.30265 / math.sqrt(3), 2 + 4.30265 / math.sqrt(3)), abs=1e-4)


def test_the_picture_interval_by_hand() -> None:
    # Differences: two of ten are -1, the rest 0: mean -.2, s² = (2 - 10 * .04) / 9 = .17778.
    low, high = picture_interval(cell("v", 0, 6), cell(WHOLE, 0, 8))
    half = 1.959964 * math.sqrt(0.1777778 / 10)
    assert (low, high) == pytest.approx((-0.2 - half, -0.2 + half), abs=1e-5)


def test_differences_are_paired_by_seed() -> None:
    cells = [cell("without a", 0, 5), cell("without a", 1, 8), cell(WHOLE, 1, 9), cell(WHOLE, 0, 6), cell(WHOLE, 2, 1)]
    whole, bare = tabulate(cells)
    assert (whole.variant, whole.seeds, whole.difference, whole.interval_over) == (WHOLE, (0, 1, 2), None, None)
    assert bare.accuracies == (0.5, 0.8)
    assert bare.difference == pytest.approx(-0.1)
    assert (bare.low, bare.high) == pytest.approx((-0.1, -0.1))  # both seeds lose one picture
    assert bare.interval_over == "seeds"
    assert bare.as_dict()["accuracy"] == 0.65
    assert bare.n == 10


def test_one_seed_speaks_of_pictures_and_none_of_nothing() -> None:
    _, bare = tabulate([cell(WHOLE, 0, 8), cell("without a", 0, 6)])
    assert bare.interval_over == "pictures"
    (alone,) = tabulate([cell("without a", 0, 6)])
    assert (alone.difference, alone.low, alone.interval_over) == (None, None, None)
