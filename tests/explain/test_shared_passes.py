from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from engine.explain.methods.method import Setup
from engine.explain.methods.registry import METHODS
from engine.explain.shared_passes import FROM_GRADIENTS, explain_together
from engine.explain.target import Target
from engine.labels import EMOTIONS
from engine.models.locking import holding
from engine.models.plain import FourBlockNet
from engine.records import InputSpec

SPEC = InputSpec(size=48, channels=1, mean=(0.0,), std=(1.0,))
SETUP = Setup(SPEC, steps=3, samples=2, cells=2)
NAMES = ("scorecam", "gradcam", "deeplift", "guided_gradcam", "hirescam", "layercam", "occlusion", "smoothgrad")


class Watched(FourBlockNet):
    """Counts its forward passes."""

    passes = 0

    def forward(self, x: Tensor) -> Tensor:
        self.passes += 1
        return super().forward(x)


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch) -> Watched:
    monkeypatch.setattr("engine.models.plain.WIDTHS", (3, 4, 5, 6))
    torch.manual_seed(0)
    return Watched("cbam").eval()


def _given(net: Watched) -> tuple[Callable[..., Tensor], dict[str, nn.Module], Tensor]:
    x = torch.rand(3, 1, 48, 48, generator=torch.Generator().manual_seed(1))
    layers = {name: net.activation_module(name) for name in net.explained_layers}
    with torch.no_grad():
        scalar_of = Target().settle(net(x), EMOTIONS).of_model(net)
    return scalar_of, layers, x


@pytest.mark.parametrize("frozen", [False, True])
def test_the_maps_are_those_of_each_method_by_itself(net: Watched, frozen: bool) -> None:
    net.requires_grad_(not frozen)
    scalar_of, layers, x = _given(net)
    with holding(net):
        found = explain_together(scalar_of, layers, x, NAMES, SETUP)
        expected = [(name, layer) for name in NAMES for layer in (layers if METHODS[name].needs_layer else ("",))]
        assert list(found) == expected
        for (name, layer), map_ in found.items():
            alone = METHODS[name].compute(scalar_of, layers[layer or "block4"], x, SETUP)
            torch.testing.assert_close(map_, alone, rtol=1e-4, atol=1e-6)
            assert map_.abs().sum() > 0
    assert not any(module._forward_hooks for module in net.modules())
    assert all(parameter.grad is None for parameter in net.parameters())


def test_passes_are_shared(net: Watched) -> None:
    scalar_of, layers, x = _given(net)
    net.passes = 0
    explain_together(scalar_of, layers, x, [*FROM_GRADIENTS, "guided_gradcam"], SETUP)
    assert net.passes == 2  # one for the features of every layer, one under the guided rule
    net.passes = 0
    explain_together(scalar_of, layers, x, ["smoothgrad"], SETUP)
    assert net.passes == SETUP.samples  # nothing is run that no method asks for
