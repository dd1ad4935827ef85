from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from engine.errors import UsageError
from engine.models.architecture import DEFAULT_INPUT
from engine.models.attention import CBAM, SpatialGate
from engine.models.registry import build_model
from engine.training.compiling import compile_gates


def gradients(model: nn.Module, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    x = features.clone().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        out = model(x)
    out.float().square().mean().backward()
    assert x.grad is not None
    return out.detach().float(), x.grad.float()


def can_compile() -> bool:
    try:
        compile_gates(nn.Sequential(SpatialGate(3, "a")))
    except UsageError:
        return False
    return True


def test_a_compiled_gate_computes_what_the_plain_one_does() -> None:
    if not can_compile():
        pytest.skip("no C++ compiler on this machine; the next test covers what is said then")
    torch.manual_seed(0)
    plain = nn.Sequential(CBAM(8, 2, 3, "block"))
    compiled = copy.deepcopy(plain)
    assert compile_gates(compiled) == 1
    assert compiled.state_dict().keys() == plain.state_dict().keys()
    features = torch.randn(4, 8, 12, 12).relu().to(torch.bfloat16).contiguous(memory_format=torch.channels_last)
    (out, gradient), (out_plain, gradient_plain) = gradients(compiled, features), gradients(plain, features)
    torch.testing.assert_close(out, out_plain, rtol=0.01, atol=0.01)
    torch.testing.assert_close(gradient, gradient_plain, rtol=0.05, atol=1e-3)


def test_without_a_compiler_it_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> object:
        raise RuntimeError("g++: not found")

    monkeypatch.setattr(torch, "compile", broken)
    with pytest.raises(UsageError, match=r"needs a C\+\+ compiler .* or train without --compile"):
        compile_gates(nn.Sequential(SpatialGate(3, "a")))


def test_only_the_outermost_gates_are_compiled_and_a_model_without_needs_no_compiler(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compiled: list[str] = []
    monkeypatch.setattr("engine.training.compiling._try_compiler", lambda: None)
    monkeypatch.setattr(nn.Module, "compile", lambda self, **_: compiled.append(type(self).__name__))
    for name, expected in (("baseline", []), ("spatial", ["SpatialGate"] * 4), ("cbam", ["CBAM"] * 4)):
        compiled.clear()
        assert compile_gates(build_model(name, classes=7, spec=DEFAULT_INPUT, config={})) == len(expected)
        assert compiled == expected
