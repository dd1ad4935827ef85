from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from engine.explain.bulk_copy import bulk_copy
from engine.explain.locking import model_lock
from engine.explain.winograd import WinogradConvolution
from engine.models.plain import FourBlockNet
from engine.models.registry import DEFAULT_INPUT, build_model
from tests.explain.known import unchanged
from tests.explain.made import TwoLayers


@pytest.fixture
def medium(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.models.plain.WIDTHS", (16, 16, 24, 32))


def _settled(name: str) -> nn.Module:
    """Return a model whose BatchNorms have seen pictures, in training mode."""
    torch.manual_seed(3)
    model = build_model(name, classes=7, spec=DEFAULT_INPUT)
    with torch.no_grad():
        for _ in range(3):
            model(torch.randn(16, 1, 48, 48))
        model.get_parameter("output.weight").normal_()
    return model


def _slope(model: nn.Module, x: Tensor) -> Tensor:
    given = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(model(given)[:, 2].sum(), given)
    return slope


@pytest.mark.usefixtures("medium")
@pytest.mark.parametrize("name", ["baseline", "spatial", "cbam"])
def test_it_answers_and_slopes_as_the_model_does(name: str) -> None:
    model, x = _settled(name), torch.randn(5, 1, 48, 48)
    with unchanged(model):
        copied = bulk_copy(model)
    assert model.training
    assert not copied.training
    model.eval()
    with torch.no_grad():
        expected = model(x)
        found = copied(x)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-4 * float(expected.abs().max()))
    size = _slope(model, x).abs().amax(dim=(1, 2, 3))
    apart = (_slope(copied, x) - _slope(model, x)).abs().amax(dim=(1, 2, 3))
    assert float((apart / size).median()) < 1e-4  # a single picture may stand at the bend of a ReLU
    assert sum(isinstance(module, WinogradConvolution) for module in copied.modules()) == 3
    assert not [module for module in copied.modules() if isinstance(module, nn.BatchNorm2d) and module.num_features > 1]


@pytest.mark.usefixtures("medium")
def test_it_shares_nothing_with_the_model() -> None:
    model, x = _settled("cbam").eval(), torch.randn(2, 1, 48, 48)
    copied = bulk_copy(model)
    with torch.no_grad():
        before = copied(x)
        for values in (*model.parameters(), *model.buffers()):
            values.zero_()
        assert torch.equal(copied(x), before)
    assert not any(values.requires_grad for values in copied.parameters())


@pytest.mark.parametrize("name", ["vit", "activation"])
def test_other_models_are_copied_as_well_as_they_can_be(name: str) -> None:
    torch.manual_seed(4)
    model = build_model(name, classes=7, spec=DEFAULT_INPUT).eval()
    x = torch.randn(2, 1, 48, 48)
    with torch.no_grad():
        torch.testing.assert_close(bulk_copy(model)(x), model(x), rtol=1e-4, atol=1e-5)
    small, picture = TwoLayers(), torch.randn(1, 1, 4, 4)
    with torch.no_grad():
        assert torch.equal(bulk_copy(small)(picture), small(picture))


def test_the_lock_is_held_while_it_is_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[bool] = []

    class Watched(FourBlockNet):
        def __deepcopy__(self, _memo: Any) -> FourBlockNet:
            held.append(model_lock(self)._is_owned())  # type: ignore[attr-defined]
            return FourBlockNet()

    monkeypatch.setattr("engine.models.plain.WIDTHS", (4, 4, 4, 4))
    model = Watched()
    bulk_copy(model)
    assert held == [True]
    assert not model_lock(model)._is_owned()  # type: ignore[attr-defined]
