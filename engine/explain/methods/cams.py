"""Grad-CAM from a layer's features and the gradient by them.

[1] R. R. Selvaraju et al. Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization. ICCV 2017,
    arXiv:1610.02391, eq. 1-2.

It assumes that a channel's mean gradient tells how much that channel matters wherever it is active. It keeps the
layer's native grid and the range before the ReLU, so that "no positive evidence" can be told from "flat". The maps are
those of Captum's LayerGradCam, which prepares a backward pass through the whole net; here only what follows the layer
is prepared for one. Of a network of others a layer is an operation, not a module, which Captum does not know.

LayerCAM: every cell has a weight of its own, the positive part of its gradient.

[1] P.-T. Jiang, C.-B. Zhang, Q. Hou, M.-M. Cheng, Y. Wei. LayerCAM: Exploring Hierarchical Class Activation Maps for
    Localization. IEEE TIP 30, 2021, eq. 5-7.

It assumes that a cell speaks for the class where its gradient is positive, by as much as it is active; what speaks
against the class is left out altogether. Unlike Grad-CAM it keeps detail in early layers, whose mean gradient says
little.

HiResCAM: gradient times activation, cell by cell, summed over channels.

[1] R. L. Draelos, L. Carin. Use HiResCAM instead of Grad-CAM for faithful explanations of convolutional neural
    networks. 2020, arXiv:2011.08891, section 3.2.

Grad-CAM averages the gradient over cells first, and may so mark cells that the answer does not rest on. Where a linear
layer follows, this map is exact: its cells sum to the logit less the bias [1, section 3.3]. That needs both signs, so
the map keeps them; it assumes that the layers behind are near linear.

Score-CAM: how much does the answer rise when the picture is shown through one channel's activation alone?

[1] H. Wang et al. Score-CAM: Score-Weighted Visual Explanations for Convolutional Neural Networks. CVPR Workshops 2020,
    arXiv:1910.01279, definitions 2 and 3.

It assumes that a picture covered but for a channel's smooth mask is still a picture to the model. No gradients.

Departures: covered pixels turn to the baseline (mid grey unless said) and not to whatever 0 is to the model. A
channel's weight is its increase of the score over the blank picture as in [1, definition 3], without the softmax over
channels that [1, algorithm 1] adds: a softmax always gives 1 in sum, so that even a model that reads nothing would get
a vivid map. A channel that is the same everywhere masks nothing and has weight 0.

Layers' feature maps and the gradients of the explained scalar by them: what LayerCAM and its kin are made of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.explain.methods.method import Setup, rows_of
from engine.explain.target import ScalarFunction
from engine.models.adopted.network import LayerPoint


def gradcam(scalar_of: Callable[[Tensor], Tensor], layer: nn.Module, x: Tensor) -> Tensor:
    """Return Grad-CAM before its ReLU.

    One forward pass, and a backward pass to ``layer``. The caller holds the model's lock: a hook sits there meanwhile.

    Args:
        scalar_of: maps pictures to the explained scalar, (B, C, S, S) → (B,); it must run ``layer``.
        layer: a module whose output is a feature map (B, F, h, w).
        x: normalised pictures (B, C, S, S).

    Returns:
        (B, h, w) float32, signed: sum over F of (mean gradient x activation).
    """
    return gradcam_of(*layer_gradients(lambda pictures, _which=None: scalar_of(pictures), layer, x))


def gradcams(
    scalars_of: Callable[[Tensor], Sequence[Tensor]],
    layer: nn.Module,
    x: Tensor,
    told: Callable[[int, int], None] | None = None,
) -> tuple[Tensor, ...]:
    """Return Grad-CAM before its ReLU of several scalars: one forward pass, and one backward pass to ``layer`` for all.

    Of a network of others, whose operations may have no backward pass for several scalars together, a pass each.

    Args:
        scalars_of: maps pictures to the explained scalars, (B, C, H, W) → T of (B,); it must run ``layer`` once.
        layer, x: as of :func:`gradcam`.
        told: called with (maps made, wanted) before each backward pass; what it raises ends the work.

    Returns:
        T maps (B, h, w) float32, signed.
    """
    with _from_layers((layer,)) as kept:
        sums = torch.stack([scalar.sum() for scalar in scalars_of(x)])
        wanted = len(sums)
        slopes: list[Tensor] = []
        together = wanted if not isinstance(layer, LayerPoint) else 1
        for done in range(0, wanted, together):
            if told is not None:
                told(done, wanted)
            chosen = torch.eye(wanted, dtype=sums.dtype, device=sums.device)[done : done + together]
            slopes += torch.autograd.grad(
                sums, kept[0], grad_outputs=chosen if together > 1 else chosen[0], is_grads_batched=together > 1,
                retain_graph=done + together < wanted,
            )[0].view(-1, *kept[0].shape)  # fmt: skip
    features = kept[0].detach().float()
    return tuple(gradcam_of(features, slope.float()) for slope in slopes)


def gradcam_of(features: Tensor, gradients: Tensor) -> Tensor:
    """Return the same map (B, h, w) from a layer's features and gradients (B, F, h, w), where these are there [1]."""
    return (gradients.mean(dim=(2, 3), keepdim=True) * features).sum(dim=1)


@contextmanager
def _from_layers(layers: Sequence[nn.Module]) -> Iterator[dict[int, Tensor]]:
    """Keep the layers' answers, by number, and prepare what follows the first of them for a backward pass.

    What lies before needs none, so that its pass costs what it costs without gradients.
    """
    kept: dict[int, Tensor] = {}

    def hook(number: int) -> Callable[..., Tensor]:
        def keep(_module: nn.Module, _inputs: tuple[Any, ...], output: Tensor) -> Tensor:
            torch.set_grad_enabled(True)  # from here on, in this thread; before as it was, after the block
            if not output.requires_grad:
                output = output.detach().requires_grad_()
            kept[number] = output
            return output.clone()  # what follows may work in place

        return keep

    handles = [layer.register_forward_hook(hook(number)) for number, layer in enumerate(layers)]
    try:
        with torch.no_grad():
            yield kept
    finally:
        for handle in handles:
            handle.remove()


def layer_gradients(scalar_of: ScalarFunction, layer: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return (features, gradients) of one layer, as :func:`all_layer_gradients` does."""
    return all_layer_gradients(scalar_of, (layer,), x)[0]


def all_layer_gradients(
    scalar_of: ScalarFunction, layers: Sequence[nn.Module], x: Tensor
) -> tuple[tuple[Tensor, Tensor], ...]:
    """Return (features, gradients) of each layer, (B, F, h, w) float32, from one forward and one backward pass for all.

    No gradient of a weight is computed. The caller holds the model's lock: hooks sit on the layers meanwhile.

    Args:
        scalar_of: runs every layer once.
        layers: modules whose outputs are feature maps.
        x: normalised pictures (B, C, S, S).
    """
    with _from_layers(layers) as kept:
        scalar = scalar_of(x)
        features = [kept[number] for number in range(len(layers))]
        gradients = torch.autograd.grad(scalar.sum(), features)
    return tuple((map_.detach().float(), slope.float()) for map_, slope in zip(features, gradients, strict=True))


def layercam(scalar_of: ScalarFunction, layer: nn.Module, x: Tensor) -> Tensor:
    """Return (B, h, w) float32: the sum over channels of ReLU(gradient) x activation, before the ReLU of [1, eq. 7].

    Arguments as of :func:`engine.explain.methods.cams.layer_gradients`.
    """
    return layercam_of(*layer_gradients(scalar_of, layer, x))


def layercam_of(features: Tensor, gradients: Tensor) -> Tensor:
    """Return the map (B, h, w) of a layer's features and gradients, both (B, F, h, w)."""
    return (gradients.clamp(min=0.0) * features).sum(dim=1)


def hirescam(scalar_of: ScalarFunction, layer: nn.Module, x: Tensor) -> Tensor:
    """Return (B, h, w) float32, signed; arguments as of :func:`engine.explain.methods.cams.layer_gradients`."""
    return hirescam_of(*layer_gradients(scalar_of, layer, x))


def hirescam_of(features: Tensor, gradients: Tensor) -> Tensor:
    """Return the map (B, h, w) of a layer's features and gradients, both (B, F, h, w)."""
    return (gradients * features).sum(dim=1)


@torch.no_grad()
def scorecam(scalar_of: ScalarFunction, layer: nn.Module, x: Tensor, setup: Setup) -> Tensor:
    """Return Score-CAM before its ReLU: (B, h, w) float32, the sum over channels of increase x activation.

    As many forward passes as the layer has channels, and two. The caller holds the model's lock: a hook sits on
    ``layer`` during the first.

    Args:
        scalar_of: runs ``layer`` once.
        layer: a module whose output is a feature map (B, F, h, w).
        x: normalised pictures (B, C, S, S).
        setup: its baseline.
    """
    features = _features(scalar_of, layer, x)
    blank = setup.blank(x)
    empty = scalar_of(blank)
    low, high = features.amin(dim=(2, 3), keepdim=True), features.amax(dim=(2, 3), keepdim=True)
    varied = ((high - low).flatten(1) > 0.0).nonzero()
    increase = torch.zeros(features.shape[:2], device=x.device)
    rows = rows_of(x)
    for start in range(0, len(varied), rows):  # channels of several pictures together, so that every pass is full
        picture, channel = varied[start : start + rows].unbind(dim=1)
        masks = F.interpolate(features[picture, channel][:, None], size=x.shape[2:], mode="bilinear")
        below = masks.amin(dim=(2, 3), keepdim=True)
        masks = (masks - below) / (masks.amax(dim=(2, 3), keepdim=True) - below).clamp(min=1e-12)
        shown = blank[picture] + masks * (x[picture] - blank[picture])
        increase[picture, channel] = scalar_of(shown, picture).float() - empty[picture].float()
    return torch.einsum("bf,bfhw->bhw", increase, features)


def _features(scalar_of: ScalarFunction, layer: nn.Module, x: Tensor) -> Tensor:
    kept: list[Tensor] = []
    handle = layer.register_forward_hook(lambda _module, _inputs, output: kept.append(output.float().clone()))
    try:
        scalar_of(x)
    finally:
        handle.remove()
    return kept[0]
