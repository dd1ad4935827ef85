from __future__ import annotations

import pytest
import torch

from engine.trust import faithfulness, gate_use
from engine.trust.trust import TrustCost, gate_pictures, map_pictures, measure_cost
from tests.explain.known import SPEC, OneBlock, noise, unchanged


def test_pictures_are_those_of_the_engines_defaults() -> None:
    # 10 permutations, 10 lent gates, 10 lenders, itself, its mean and ones; 2 imputers, 22 maps, 2 orders of 9 steps.
    assert gate_pictures() == 33
    assert map_pictures() == 2 * 22 * 2 * 9


def test_the_count_is_what_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faithfulness, "DRAWS", 4)
    monkeypatch.setattr(gate_use, "DRAWS", 5)
    assert (gate_pictures(), map_pictures()) == (18, 2 * 6 * 2 * 9)


def test_seconds_by_hand() -> None:
    cost = TrustCost(forward_seconds=0.001, filling_seconds=0.002)
    assert cost.seconds(8, 0) == pytest.approx(8 * 33 * 0.001)
    assert cost.seconds(0, 2) == pytest.approx(2 * 792 * 0.003)
    assert cost.seconds(8, 2) == pytest.approx(cost.seconds(8, 0) + cost.seconds(0, 2))
    with pytest.raises(ValueError, match="times above 0"):
        TrustCost(0.0, 0.1)


def test_a_small_step_is_run() -> None:
    batches: list[int] = []

    class Counted(OneBlock):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            batches.append(len(x))
            return super().forward(x)

    model = Counted()
    with unchanged(model):
        cost = measure_cost(model, noise(1)[0], spec=SPEC)
    assert batches == [9, 9, 9]  # one to warm up, one an imputer
    assert cost.forward_seconds > 0.0
    assert cost.filling_seconds > 0.0
