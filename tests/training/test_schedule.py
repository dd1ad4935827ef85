from __future__ import annotations

import math

import pytest

from engine.training.optim import learning_rate_factor, plateau_reductions
from engine.training.sections import Schedule


@pytest.mark.parametrize(
    ("kind", "epoch", "expected"),
    [
        # Warm-up: from .2 to 1 in two epochs, the same for all kinds.
        ("one-cycle", 0.0, 0.2),
        ("linear", 1.0, 0.6),
        ("plateau", 1.5, 0.8),
        ("one-cycle", 2.0, 1.0),
        # Then 8 epochs down to .1.
        ("one-cycle", 6.0, 0.1 + 0.9 * 0.5),
        ("one-cycle", 4.0, 0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi / 4))),
        ("one-cycle", 10.0, 0.1),
        ("one-cycle", 12.0, 0.1),
        ("linear", 6.0, 0.55),
        ("linear", 10.0, 0.1),
        ("plateau", 9.0, 0.25),
    ],
)
def test_learning_rate_by_hand(kind: str, epoch: float, expected: float) -> None:
    schedule = Schedule(kind=kind, epochs=10, warmup_epochs=2.0, start=0.2, end=0.1)
    factor = 0.25 if epoch > 2 else 1.0
    assert learning_rate_factor(schedule, epoch, plateau_factor=factor) == pytest.approx(expected)


def test_no_warm_up() -> None:
    assert learning_rate_factor(Schedule(warmup_epochs=0.0), 0.0) == 1.0


@pytest.mark.parametrize(
    ("accuracies", "expected"),
    [
        ([], 1.0),
        ([0.3, 0.4, 0.5], 1.0),
        ([0.5, 0.4, 0.4], 1.0),  # two epochs waited, patience 2
        ([0.5, 0.4, 0.4, 0.4], 0.1),  # the third is one too many
        ([0.5, 0.5, 0.5, 0.5], 0.1),  # equal is not better
        ([0.5, 0.4, 0.4, 0.4, 0.4, 0.4], 0.1),  # the count starts again
        ([0.5, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4], 0.01),
        ([0.5, 0.4, 0.4, 0.6, 0.5, 0.5], 1.0),
    ],
)
def test_plateau_by_hand(accuracies: list[float], expected: float) -> None:
    assert plateau_reductions(accuracies, patience=2, factor=0.1) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("epoch", "expected"),
    [
        (0.0, 0.2),  # warm-up
        (2.0, 1.0),
        (3.5, 0.1 + 0.9 * 0.5),  # half of the first cycle of 3
        (4.999999, 0.1),
        (5.0, 1.0),  # restarted: the second cycle has 6
        (8.0, 0.1 + 0.9 * 0.5),
        (7.0, 0.1 + 0.9 * 0.75),  # a third: (1 + cos 60°) / 2
        (11.0, 1.0),  # the third has 12
        (17.0, 0.1 + 0.9 * 0.5),
    ],
)
def test_warm_restarts_by_hand(epoch: float, expected: float) -> None:
    schedule = Schedule(
        kind="cosine-restarts", epochs=23, warmup_epochs=2.0, start=0.2, end=0.1, restart_epochs=3.0, restart_factor=2.0
    )
    assert learning_rate_factor(schedule, epoch) == pytest.approx(expected, abs=1e-5)
