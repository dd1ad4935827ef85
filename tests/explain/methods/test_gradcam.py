from __future__ import annotations

import pytest
import torch
from captum.attr import LayerGradCam

from engine.explain.methods.cams import gradcam, gradcams
from engine.models.architecture import DEFAULT_INPUT, explained
from engine.models.registry import ARCHITECTURES, build_model, input_spec
from tests.explain.made import TwoLayers, hooks_on

X = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])


def test_by_hand() -> None:
    model = TwoLayers()
    # Class 0: mean gradients (3, 1) / 4; sum of .75 x and .25 (-2 x) is .25 x. Class 1: (-1, 2) / 4 gives -1.25 x.
    for index, factor in ((0, 0.25), (1, -1.25), (2, 2.0)):
        found = gradcam(lambda x, k=index: model(x)[:, k], model.features, X)
        torch.testing.assert_close(found, factor * X[:, 0])


def test_the_sign_and_the_native_grid_are_kept() -> None:
    model = TwoLayers()
    found = gradcam(lambda x: model(x)[:, 1], model.features, torch.rand(3, 1, 5, 7))
    assert found.shape == (3, 5, 7)
    assert found.dtype == torch.float32
    assert float(found.max()) < 0


def test_it_is_linear_in_the_target() -> None:
    model = TwoLayers()
    happy, sad = (gradcam(lambda x, k=k: model(x)[:, k], model.features, X) for k in (1, 2))

    def difference(x: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = model(x)
        return logits[:, 1] - logits[:, 2]

    contrast = gradcam(difference, model.features, X)
    torch.testing.assert_close(contrast, happy - sad)


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("name", ["baseline", "spatial", "cbam"])
@pytest.mark.parametrize("layer", ["block1", "block4"])
def test_it_equals_an_independent_computation(name: str, layer: str) -> None:
    torch.manual_seed(8)
    model = build_model(name, classes=7, spec=DEFAULT_INPUT).eval()
    x = torch.randn(2, 1, 48, 48)
    block = getattr(model, layer)
    # The same forward pass, cut open by hand after the block's attention.
    before = [b for b in model.explained_layers if b < layer]
    after = [b for b in model.explained_layers if b > layer]
    h = x
    for other in before:
        h = getattr(model, other)(h)
    features = block.attention(block.relu(block.norm(block.conv(h)))).detach().requires_grad_(True)
    h = block.pool(features)
    for other in after:
        h = getattr(model, other)(h)
    logits = model.output(model.hidden(h.flatten(1)).relu())
    (gradient,) = torch.autograd.grad(logits[:, 3].sum(), features)
    expected = (gradient.mean(dim=(2, 3), keepdim=True) * features).sum(dim=1).detach()
    found = gradcam(lambda pictures: model(pictures)[:, 3], model.activation_module(layer), x)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-7)
    assert float(found.abs().max()) > 0


def test_it_works_under_no_grad_and_leaves_nothing_behind() -> None:
    model = TwoLayers()
    with torch.no_grad():
        gradcam(lambda x: model(x)[:, 0], model.features, X)
    assert hooks_on(model) == []
    assert all(parameter.grad is None and parameter.requires_grad for parameter in model.parameters())


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_it_equals_captums(name: str) -> None:
    torch.manual_seed(0)
    spec = input_spec(name, size=min(64, ARCHITECTURES[name].input.size))
    model = build_model(name, classes=7, spec=spec).eval()
    x = torch.randn(2, spec.channels, spec.size, spec.size)
    for layer in {explained(model).explained_layers[0], explained(model).explained_layers[-1]}:
        module = explained(model).activation_module(layer)
        captums = LayerGradCam(model, module).attribute(x, target=3, relu_attributions=False)[:, 0].detach()
        one = gradcam(lambda pictures: model(pictures)[:, 3], module, x)
        largest = float(captums.abs().max())
        torch.testing.assert_close(one / largest, captums / largest, rtol=0.0, atol=1e-5)
        if layer == explained(model).explained_layers[-1]:
            several = gradcams(lambda pictures: model(pictures).unbind(dim=1), module, x)
            torch.testing.assert_close(several[3] / largest, captums / largest, rtol=0.0, atol=1e-5)


def test_what_lies_before_the_layer_keeps_nothing_for_a_backward_pass() -> None:
    first, layer, last = torch.nn.Conv2d(1, 2, 1), torch.nn.Conv2d(2, 3, 1), torch.nn.Conv2d(3, 1, 1)
    seen: list[bool] = []
    for module in (first, layer, last):
        module.register_forward_hook(lambda _module, _inputs, output: seen.append(output.requires_grad))
    gradcam(lambda x: last(layer(first(x))).sum(dim=(1, 2, 3)), layer, torch.rand(1, 1, 4, 4))
    assert seen == [False, False, True]
    assert torch.is_grad_enabled()
