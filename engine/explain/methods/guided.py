"""Guided Grad-CAM: guided backpropagation, pixel by pixel, where Grad-CAM finds the class.

[1] R. R. Selvaraju et al. Grad-CAM. ICCV 2017, arXiv:1610.02391, section 3.2.
[2] J. T. Springenberg, A. Dosovitskiy, T. Brox, M. Riedmiller. Striving for Simplicity: The All Convolutional Net.
    ICLR 2015 workshop, arXiv:1412.6806, section 3.4.
[3] J. Adebayo et al. Sanity Checks for Saliency Maps. NeurIPS 2018, arXiv:1810.03292.

It assumes that what flows back through ReLUs with a positive sign throughout is evidence. Read it with doubt: guided
backpropagation shows the picture's edges even when the model's weights are random [3].

Departure from Captum's GuidedGradCam, which it equals on models that have nothing but ReLU modules: ReLUs that are
called as functions are guided, too (see :mod:`engine.explain.methods.guided`). Activations of gates (sigmoid) keep
their derivative, as there and in [2].

Other derivatives for some operations of a model, for the passes of the calling thread alone.

Guided backpropagation and DeepLIFT put rules of their own in the place of derivatives. Captum does it with hooks on
activation modules: it passes over an activation that is called as a function (``x.relu()``), refuses a module that runs
twice, and knows no products. A :class:`torch.overrides.TorchFunctionMode` sees every operation, however it is called,
and touches neither the model nor other threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from engine.explain.methods.cams import gradcam
from engine.explain.target import ScalarFunction
from engine.models.adopted.operations import operation_name

Rule = Callable[..., Any]
"""(operation, its arguments) → its result, with the rule's derivative; NotImplemented: the rule is not for these."""


IN_PLACE: Final = "an operation in place"


class BackwardRules(TorchFunctionMode):
    """Run ``rules[name]`` for every operation of that name in this thread, however it is spelt.

    ``relu_`` and ``aten.relu.default``, as a stored graph has it, are ``relu``; see
    :func:`engine.models.adopted.operations.operation_name`. A rule returns a new tensor also for an operation in place.
    """

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        super().__init__()
        self.rules = rules
        self.ruled = False
        """Whether a rule is at work at this moment."""
        self.called = ""
        """The operation at work, as the model calls it; what PyTorch makes of it has other names."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run the operation by its rule, if it has one."""
        given = kwargs or {}
        self.called = operation_name(func)
        try:
            result = self._ruled(func, args, given)
            return func(*args, **given) if result is NotImplemented else result
        finally:
            self.called = ""

    def _ruled(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        rule = self.rules.get(self.called)
        if rule is None:
            return NotImplemented
        self.ruled = True
        try:
            return rule(func, *_first_in_place(args, kwargs), **_others(args, kwargs))
        finally:
            self.ruled = False


_FIRST: Final = ("input", "self")


def _first_in_place(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the arguments with the first one among them, where the model named it (``torch.mul(input=x, ...)``)."""
    return args or tuple(kwargs[word] for word in _FIRST if word in kwargs)


def _others(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    return dict(kwargs) if args else {word: value for word, value in kwargs.items() if word not in _FIRST}


class _Survey(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch has no types for it
    """Note every basic operation that runs without a rule."""

    def __init__(self, rules: BackwardRules) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch has no types for it
        self.rules, self.names = rules, dict[str, str]()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the operation."""
        if not self.rules.ruled:
            name = func.name().partition("::")[2].partition(".")[0].strip("_")
            self.names.setdefault(name, self.rules.called or name)
        return func(*args, **(kwargs or {}))


def unruled_operations(model: nn.Module, x: Tensor, rules: Mapping[str, Rule]) -> dict[str, str]:
    """Return the names of the basic operations of a forward pass that no rule takes, in order, each once.

    One forward pass under the rules and one without. The caller holds the model's lock.

    Args:
        model: anything that maps x to a tensor.
        x: the pictures (B, C, S, S), such as the rules take.
        rules: operation → rule.

    Returns:
        Name → what the model calls it by; with :data:`IN_PLACE` at the end where the answers under the rules are not
        the model's, for then a rule's result was not taken for the tensor that was to be changed.
    """
    mode = BackwardRules(rules)
    survey = _Survey(mode)
    given = x.detach().clone().requires_grad_()
    with torch.enable_grad(), survey, mode:
        ruled = model(given)
    with torch.no_grad():
        plain = model(x)
    same = torch.allclose(ruled.detach(), plain, rtol=1e-3, atol=1e-4)
    return survey.names | ({} if same else {IN_PLACE: IN_PLACE})


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
    if IN_PLACE in found or "relu" in found:
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
