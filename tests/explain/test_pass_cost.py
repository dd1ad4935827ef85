"""A quick pass: both directions are timed, in batches for small nets, and nothing on the model changes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from engine.explain import pass_cost
from engine.explain.pass_cost import PassCost, measure_passes
from engine.models.architecture import DEFAULT_INPUT


class Counted(nn.Module):
    """Two classes of a picture's mean; notes how many pictures pass."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2))
        self.rows: list[int] = []

    def forward(self, x: Tensor) -> Tensor:
        self.rows.append(len(x))
        return x.mean(dim=(1, 2, 3))[:, None] * self.weight


def test_a_batch_is_timed_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    model, face = Counted().train(), np.zeros((48, 48), dtype=np.uint8)
    found = measure_passes(model, face, spec=DEFAULT_INPUT)
    assert found.forward_seconds > 0.0
    assert found.backward_seconds > 0.0
    assert model.training
    assert model.weight.grad is None
    monkeypatch.setattr(pass_cost, "SLOW_SECONDS", 1e9)
    model.rows.clear()
    measure_passes(model, face, spec=DEFAULT_INPUT)
    assert model.rows == [1, 1, *[pass_cost.ROWS] * pass_cost.REPEATS]
    monkeypatch.setattr(pass_cost, "SLOW_SECONDS", 0.0)
    model.rows.clear()
    measure_passes(model, face, spec=DEFAULT_INPUT)
    assert set(model.rows) == {1}, "a slow model is timed by one picture at a time"


def test_a_price_is_above_nothing() -> None:
    with pytest.raises(ValueError, match="above 0"):
        PassCost(0.0, 1.0)
