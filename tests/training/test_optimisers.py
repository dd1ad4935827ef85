from __future__ import annotations

import pytest
import torch
from torch import nn

from engine.errors import RecipeError
from engine.training.optim import build_optimiser, factor_of, set_learning_rate
from engine.training.recipe import parse_recipe
from engine.training.sections import Optimiser


def net() -> nn.Module:
    return nn.ModuleDict({"cross": nn.Linear(2, 2), "ecnn": nn.ModuleDict({"stem": nn.Linear(2, 2, bias=False)})})


def test_the_longest_beginning_of_a_name_counts() -> None:
    factors = {"cross": 2.0, "cross.gamma": 10.0}
    assert factor_of("cross.gamma", factors) == 10
    assert factor_of("cross.query.weight", factors) == 2
    assert factor_of("crossing.weight", factors) == 1
    assert factor_of("cross.gamma", {}) == 1


@pytest.mark.parametrize("kind", ["adamw", "sgd"])
def test_each_part_moves_at_its_own_rate_and_decay_is_for_matrices(kind: str) -> None:
    model = net()
    how = Optimiser(kind=kind, learning_rate=0.1, weight_decay=0.5, factors={"cross.bias": 10, "ecnn": 0.5})
    optimiser = build_optimiser(model, how)
    found = {
        name: (round(group["lr"], 6), group["weight_decay"])
        for name, parameter in model.named_parameters()
        for group in optimiser.param_groups
        if any(parameter is other for other in group["params"])
    }
    assert found == {"cross.weight": (0.1, 0.5), "cross.bias": (1.0, 0.0), "ecnn.stem.weight": (0.05, 0.5)}
    set_learning_rate(optimiser, 0.01)
    assert sorted(round(group["lr"], 6) for group in optimiser.param_groups) == [0.005, 0.01, 0.1]


def test_a_factor_changes_how_far_a_step_goes() -> None:
    steps = {}
    for factor in (1.0, 3.0):
        torch.manual_seed(0)
        model = nn.ModuleDict({"a": nn.Linear(2, 1, bias=False)})
        before = model["a"].weight.detach().clone()
        how = Optimiser(kind="sgd", learning_rate=0.1, momentum=0.0, weight_decay=0.0, factors={"a": factor})
        optimiser = build_optimiser(model, how)
        model["a"](torch.ones(1, 2)).sum().backward()
        optimiser.step()
        steps[factor] = model["a"].weight.detach() - before
    torch.testing.assert_close(steps[3.0], 3 * steps[1.0])


def test_a_part_that_is_not_there_is_named(caplog: pytest.LogCaptureFixture) -> None:
    build_optimiser(net(), Optimiser(factors={"gamma": 2.0, "ecnn": 2.0}))
    assert [record.getMessage() for record in caplog.records] == [
        "[optimiser] factors names 'gamma', which this model does not have; its parts: cross, ecnn."
    ]


@pytest.mark.parametrize("factor", ["0", "-1", '"fast"'])
def test_a_factor_is_a_number_above_0(factor: str) -> None:
    with pytest.raises(RecipeError, match=r"line 2: \[optimiser\] factors must be numbers above 0"):
        parse_recipe(f"[optimiser]\nfactors = {{ cross = {factor} }}\n", "own")
