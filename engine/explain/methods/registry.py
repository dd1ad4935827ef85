"""The explanation methods by name.

Not offered: layer-wise relevance propagation, whose rules do not reach flattening, identities, sigmoid gates and a
softmax between features; every net here has some of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import torch
from torch import Tensor, nn

from engine.data.transforms import normalise
from engine.errors import UnknownNameError, UsageError, shown
from engine.explain.methods.cams import gradcam, hirescam, layercam, scorecam
from engine.explain.methods.deeplift import deeplift, deeplift_refusal
from engine.explain.methods.guided import guided_gradcam, guided_refusal
from engine.explain.methods.method import Method
from engine.explain.methods.pixels import integrated_gradients, occlusion, smoothgrad
from engine.explain.methods.rollout import attention_rollout, rollout_refusal
from engine.explain.methods.settings import BASELINE, CELLS, NOISE, SAMPLES, STEPS, Values, read
from engine.models.locking import holding
from engine.records import InputSpec

_ALL: Final = (
    Method(
        name="gradcam",
        title="Grad-CAM",
        paper="Selvaraju et al. 2017, arXiv:1610.02391",
        assumes="A channel's average gradient says how much the channel matters wherever it is active.",
        needs_layer=True,
        signed=False,
        grid="layer",
        cost="one pass",
        forwards=1,
        backwards=1,
        compute=lambda scalar_of, layer, x, _setup: gradcam(scalar_of, layer, x),
    ),
    Method(
        name="layercam",
        title="LayerCAM",
        paper="Jiang et al. 2021, IEEE TIP 30",
        assumes="A cell speaks for the class where its gradient is positive, by as much as it is active.",
        needs_layer=True,
        signed=False,
        grid="layer",
        cost="one pass",
        forwards=1,
        backwards=1,
        compute=lambda scalar_of, layer, x, _setup: layercam(scalar_of, layer, x),
    ),
    Method(
        name="hirescam",
        title="HiResCAM",
        paper="Draelos & Carin 2020, arXiv:2011.08891",
        assumes="What lies behind the layer is near linear; the map is exact where it is a single linear layer.",
        needs_layer=True,
        signed=True,
        grid="layer",
        cost="one pass",
        forwards=1,
        backwards=1,
        compute=lambda scalar_of, layer, x, _setup: hirescam(scalar_of, layer, x),
    ),
    Method(
        name="integrated_gradients",
        title="Integrated Gradients",
        paper="Sundararajan et al. 2017, arXiv:1703.01365",
        assumes="A picture of the baseline's grey means that nothing is there; pixels of that grey get 0.",
        needs_layer=False,
        signed=True,
        grid="pixels",
        cost="few passes",
        forwards=50,
        backwards=50,
        compute=lambda scalar_of, _layer, x, setup: integrated_gradients(scalar_of, x, setup),
        settings=(STEPS, BASELINE),
    ),
    Method(
        name="guided_gradcam",
        title="Guided Grad-CAM",
        paper="Selvaraju et al. 2017, arXiv:1610.02391",
        assumes="What flows back through ReLUs with a positive sign is evidence; it shows edges of random nets, too.",
        needs_layer=True,
        signed=True,
        grid="pixels",
        cost="few passes",
        forwards=2,
        backwards=2,
        compute=lambda scalar_of, layer, x, _setup: guided_gradcam(scalar_of, layer, x),
        refusal=guided_refusal,
    ),
    Method(
        name="deeplift",
        title="DeepLIFT",
        paper="Shrikumar et al. 2017, arXiv:1704.02685",
        assumes="A picture of the baseline's grey means that nothing is there; changes from it add up.",
        needs_layer=False,
        signed=True,
        grid="pixels",
        cost="few passes",
        forwards=2,
        backwards=2,
        compute=lambda scalar_of, _layer, x, setup: deeplift(scalar_of, x, setup),
        refusal=deeplift_refusal,
        settings=(BASELINE,),
    ),
    Method(
        name="rollout",
        title="Attention rollout",
        paper="Abnar & Zuidema 2020, arXiv:2005.00928",
        assumes="What a cell holds moves by attention alone, half of it staying where it is; heads count alike.",
        needs_layer=False,
        signed=False,
        grid="attending",
        cost="few passes",  # not "one pass": it needs no gradient, and the pictures' first pass is recorded already
        forwards=1,
        compute=lambda scalar_of, _layer, x, _setup: attention_rollout(scalar_of, x),
        refusal=rollout_refusal,
        class_agnostic=True,
    ),
    Method(
        name="occlusion",
        title="Occlusion",
        paper="Zeiler & Fergus 2014, arXiv:1311.2901",
        assumes="A grey square covers evidence and is none itself; evidence held by two cells alike shows in neither.",
        needs_layer=False,
        signed=True,
        grid="cells",
        cost="many passes",
        forwards=65,
        compute=lambda scalar_of, _layer, x, setup: occlusion(scalar_of, x, setup),
        settings=(CELLS, BASELINE),
    ),
    Method(
        name="smoothgrad",
        title="SmoothGrad",
        paper="Smilkov et al. 2017, arXiv:1706.03825",
        assumes="Where the answer is steep it is sensitive; the map says nothing of what a pixel contributes.",
        needs_layer=False,
        signed=False,
        grid="pixels",
        cost="many passes",
        forwards=25,
        backwards=25,
        compute=lambda scalar_of, _layer, x, setup: smoothgrad(scalar_of, x, setup),
        settings=(SAMPLES, NOISE),
    ),
    Method(
        name="scorecam",
        title="Score-CAM",
        paper="Wang et al. 2020, arXiv:1910.01279",
        assumes="A picture seen through one channel's activation alone is still a picture to the model.",
        needs_layer=True,
        signed=False,
        grid="layer",
        cost="many passes",
        forwards=512,
        a_channel=True,
        compute=scorecam,
        settings=(BASELINE,),
    ),
)

METHODS: Final[dict[str, Method]] = {method.name: method for method in _ALL}
"""Every method, cheap ones first."""

QUICK_METHODS: Final[tuple[str, ...]] = tuple(name for name, method in METHODS.items() if method.cost != "many passes")
"""Methods that a whole data set can be explained by."""


def check_methods(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names, each once and in order.

    Raises:
        UnknownNameError: one is no method's.
        UsageError: there is none.
    """
    given: Any = names  # whatever a caller passed
    if not isinstance(given, Sequence) or not all(isinstance(name, str) for name in given):
        raise UsageError(f"Expected methods by name, got {given!r:.60}; choose among {', '.join(METHODS)}.")
    for name in names:
        if name not in METHODS:
            raise UnknownNameError("method", name, METHODS)
    if not names:
        raise UsageError(f"Expected one method or more, got none; choose among {', '.join(METHODS)}.")
    return tuple(dict.fromkeys(names))


def method_names(words: str) -> tuple[str, ...]:
    """Read methods with commas between, ``all`` for every one; errors as of :func:`check_methods`."""
    parts = [part.strip() for part in words.split(",") if part.strip()]
    return tuple(METHODS) if parts == ["all"] else check_methods(parts)


def read_settings(texts: Iterable[str], names: Sequence[str], spec: InputSpec) -> dict[str, Values]:
    """Read settings in words, see :func:`engine.explain.methods.settings.read`; return method → every value.

    Args:
        texts: such as ``steps=100``, which holds for every method here that has it, or ``occlusion.cells=12``.
        names: the methods. spec: the model's input, which bounds some.

    Raises:
        UsageError: it is no setting of any of these methods, or its value is out of bounds. UnknownNameError: it names
            a method that is none.
    """
    asked: dict[str, dict[str, float]] = {name: {} for name in names}
    for text in texts:
        method, setting, value = read(text)
        if method:
            check_methods((method,))
        having = [name for name in names if any(one.name == setting for one in METHODS[name].settings)]
        takers = [name for name in having if name == method] if method else having
        if not takers:
            known = sorted({one.name for name in names for one in METHODS[name].settings})
            raise UsageError(
                f"No method asked for takes '{shown(text)}'; settings of {', '.join(names)}: "
                f"{', '.join(known) or 'none'}."
            )
        for name in takers:
            asked[name][setting] = value
    return {name: METHODS[name].values(values, spec) for name, values in asked.items()}


def refusals(model: nn.Module, x: Tensor, names: Sequence[str]) -> dict[str, str]:
    """Return method → why the model cannot be explained so, for those that it cannot. The caller holds its lock.

    Args:
        model: in eval mode.
        x: normalised pictures (B, C, S, S); the first is enough.
        names: keys of METHODS.
    """
    found = {name: METHODS[name].refusal(model, x[:1]) for name in names}
    return {name: reason for name, reason in found.items() if reason is not None}


@torch.inference_mode(False)
def refusals_of(model: nn.Module, spec: InputSpec, names: Sequence[str]) -> dict[str, str]:
    """As :func:`refusals`, judged by a drawn picture of noise; holds the model's lock meanwhile."""
    noise = torch.rand((1, spec.channels, spec.height, spec.width), generator=torch.Generator().manual_seed(0))
    with holding(model):
        return refusals(model, normalise(noise.to(next(model.parameters()).device), spec), names)


def refuse(name: str, reason: str, model_name: str) -> UsageError:
    """Return the error for a method that a model cannot take."""
    return UsageError(f"{METHODS[name].title} cannot explain '{model_name}': {reason}; choose another method.")
