from __future__ import annotations

import threading

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.explain.methods.guided import IN_PLACE, BackwardRules, unruled_operations


class _Doubled(torch.autograd.Function):
    @staticmethod
    def forward(_ctx: object, x: Tensor) -> Tensor:
        return x.clamp(min=0.0)

    @staticmethod
    def backward(_ctx: object, *gradients: Tensor) -> Tensor:
        return 2.0 * gradients[0]


RULES = {"relu": lambda _func, x, **_: _Doubled.apply(x)}


def gradient(act: object) -> float:
    x = torch.tensor([3.0], requires_grad=True)
    (found,) = torch.autograd.grad(act(x * 1.0).sum(), x)  # type: ignore[operator]
    return float(found)


def test_an_operation_has_its_rule_however_it_is_called() -> None:
    ways = (nn.ReLU(), nn.ReLU(inplace=True), F.relu, torch.relu, torch.relu_, Tensor.relu, Tensor.relu_)
    with BackwardRules(RULES):
        assert [gradient(way) for way in ways] == [2.0] * len(ways)
        assert gradient(torch.sigmoid) == gradient(F.sigmoid) < 1.0
    assert [gradient(way) for way in ways] == [1.0] * len(ways)


def test_other_threads_have_no_rules() -> None:
    found: list[float] = []
    with BackwardRules(RULES):
        other = threading.Thread(target=lambda: found.append(gradient(F.relu)))
        other.start()
        other.join()
    assert found == [1.0]


def test_a_rule_may_pass_an_operation_on() -> None:
    with BackwardRules({"relu": lambda *_, **__: NotImplemented}):
        assert gradient(F.relu) == 1.0


def test_what_no_rule_takes_is_named() -> None:
    class Mixed(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return F.silu(x.relu()).softmax(dim=1)

    assert unruled_operations(Mixed(), torch.rand(1, 3, 2, 2), RULES) == {
        "silu": "silu",
        "softmax": "softmax",
        "detach": "softmax",  # which does so on its way
    }


def test_a_result_that_is_not_taken_is_noticed() -> None:
    class Careless(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            y = x - 0.5
            y.relu_()
            return y

    assert unruled_operations(Careless(), torch.rand(1, 1, 4, 4), RULES).popitem() == (IN_PLACE, IN_PLACE)
