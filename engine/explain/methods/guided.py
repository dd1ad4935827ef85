"""Guided Grad-CAM: guided backpropagation, pixel by pixel, where Grad-CAM (through Captum) finds the class.

[1] R. R. Selvaraju et al. Grad-CAM. ICCV 2017, arXiv:1610.02391, section 3.2.
[2] J. T. Springenberg, A. Dosovitskiy, T. Brox, M. Riedmiller. Striving for Simplicity: The All Convolutional Net.
    ICLR 2015 workshop, arXiv:1412.6806, section 3.4.
[3] J. Adebayo et al. Sanity Checks for Saliency Maps. NeurIPS 2018, arXiv:1810.03292.

It assumes that what flows back through ReLUs with a positive sign throughout is evidence. Read it with doubt: guided
backpropagation shows the picture's edges even when the model's weights are random [3].

Departure from Captum's GuidedGradCam, which it equals on models that have nothing but ReLU modules: ReLUs that are
called as functions are guided, too (see :mod:`engine.explain.backward_rules`). Activations of gates (sigmoid) keep
their derivative, as there and in [2].
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.explain.backward_rules import BackwardRules, unruled_operations
from engine.explain.methods.cams import gradcam
from engine.explain.target import ScalarFunction

OTHER_ACTIVATIONS: Final[frozenset[str]] = frozenset(
    {"silu", "gelu", "elu", "leaky_relu", "hardswish", "mish", "hardtanh", "softplus", "prelu", "rrelu"}
)
"""Activations in a ReLU's place, which guided backpropagation has no rule for."""


class _GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x > 0)
        return x.clamp(min=0.0)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (open_,) = ctx.saved_tensors
        passed: Tensor = gradients[0].clamp(min=0.0) * open_
        return passed


def _relu(_func: Callable[..., Any], x: Tensor, inplace: bool = False) -> Tensor:  # noqa: ARG001 - as torch calls it
    guided: Tensor = _GuidedReLU.apply(x)
    return guided


RULES: Final = {"relu": _relu}


def guided_refusal(model: nn.Module, x: Tensor) -> str | None:
    """Say why guided backpropagation cannot explain a model, or None; x is one of its pictures (1, C, S, S)."""
    found = unruled_operations(model, x, RULES)
    others = sorted(OTHER_ACTIVATIONS.intersection(found))
    if others:
        return f"guided backpropagation is made for ReLUs, and this model has {', '.join(others)}"
    if "an operation in place" in found or "relu" in found:
        return "guided backpropagation cannot reach a ReLU of this model that changes its input in place"
    if not _has_relu(model, x):
        return "guided backpropagation changes how ReLUs are derived, and this model has none"
    return None


def _has_relu(model: nn.Module, x: Tensor) -> bool:
    seen: list[int] = []

    def count(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        seen.append(1)
        return func(*args, **kwargs)

    with torch.no_grad(), BackwardRules({"relu": count}):
        model(x)
    return bool(seen)


def guided_backpropagation(scalar_of: ScalarFunction, x: Tensor) -> Tensor:
    """Return the guided gradient (B, C, S, S) float32 [2]: one forward and one backward pass, no hooks.

    Args:
        scalar_of: the explained scalar.
        x: normalised pictures (B, C, S, S).
    """
    given = x.detach().clone().requires_grad_()
    with torch.enable_grad(), BackwardRules(RULES):
        scalar = scalar_of(given)
    (gradient,) = torch.autograd.grad(scalar.sum(), given)
    return gradient.float()


def guided_gradcam(scalar_of: ScalarFunction, layer: nn.Module, x: Tensor) -> Tensor:
    """Return (B, S, S) float32, signed, summed over colour channels: guided gradient x Grad-CAM after its ReLU.

    Two forward and two backward passes. The caller holds the model's lock: Captum's hook sits on ``layer`` meanwhile.

    Args:
        scalar_of: the explained scalar; it must run ``layer``.
        layer: a module whose output is a feature map; its Grad-CAM is brought to pixels bilinearly [1].
        x: normalised pictures (B, C, S, S).
    """
    return guided_by(gradcam(scalar_of, layer, x), guided_backpropagation(scalar_of, x))


def guided_by(cam: Tensor, guided: Tensor) -> Tensor:
    """Return Guided Grad-CAM (B, S, S) of a Grad-CAM before its ReLU (B, h, w) and a guided gradient (B, C, S, S)."""
    where = cam.clamp(min=0.0)[:, None]
    enlarged = F.interpolate(where, size=guided.shape[2:], mode="bilinear", align_corners=False)
    return (guided * enlarged).sum(dim=1)
