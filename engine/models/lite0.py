"""``lite0`` and ``lite0-cbam``: EfficientNet-Lite0, a small net whose ImageNet weights a package carries.

[1] M. Tan, Q. V. Le. EfficientNet: Rethinking Model Scaling for CNNs. ICML 2019, arXiv:1905.11946, table 1 (B0).
[2] R. Liu. Higher accuracy on vision models with EfficientNet-Lite. TensorFlow blog, 2020: B0 without
    squeeze-and-excitation, with ReLU6 in place of swish.
[3] S. Woo et al. CBAM. ECCV 2018, arXiv:1807.06521.
[4] G. Huang et al. Deep Networks with Stochastic Depth. ECCV 2016, arXiv:1603.09382.

    stage           1    2    3    4    5    6    7   head      grid at 112 pixels: stem 56, stage 1 56, 2 28, 3 14,
    channels  32   16   24   40   80  112  192  320   1280      4 and 5 7, 6, 7 and head 4

4,652,008 parameters with ImageNet's 1,000 classes and three colours; 3,379,399 with 7 classes and one. ``lite0-cbam``
has CBAM [3] after the last stage of each grid (1, 2, 3, 5 and 7), which adds 59,828. Its gates begin at one value
everywhere and a constant gain gives back what they take, so that the first answers are those of ``lite0`` and the
pretrained features survive. Departures from [1, 2]: none in the network; stochastic depth [4] as in [1] is the config's
``block_dropout``.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import torch
from torch import Tensor, nn

from engine.errors import UnknownNameError
from engine.models.attention import CBAM
from engine.models.depthwise import SameConv2d

CHANNELS: Final = 1280
"""Channels of the features."""

STEM: Final = 32


class Stage(NamedTuple):
    """One row of [1, table 1]."""

    kernel: int
    stride: int
    expansion: int
    outputs: int
    layers: int


STAGES: Final[tuple[Stage, ...]] = (
    Stage(3, 1, 1, 16, 1),
    Stage(3, 2, 6, 24, 2),
    Stage(5, 2, 6, 40, 2),
    Stage(3, 2, 6, 80, 3),
    Stage(5, 1, 6, 112, 3),
    Stage(5, 2, 6, 192, 4),
    Stage(3, 1, 6, 320, 1),
)

ATTENDED: Final[tuple[int, ...]] = (1, 2, 3, 5, 7)
"""The last stage of each grid, counted from 1: CBAM stands after it, and its features are what is explained."""

GATES_START: Final = 0.9
"""Where CBAM's gates begin (of at most one), everywhere; a gain of 1 / 0.9 gives it back."""

_EPS: Final = 1e-3  # of the BatchNorms, as the weights were trained


class InvertedResidual(nn.Module):
    """1x1 to ``expansion`` times the channels, a depthwise convolution, 1x1 to the outputs without activation [1].

    Args:
        inputs, outputs: channels.
        stage: kernel, stride and expansion; 1 leaves the first convolution out.
        dropout: probability that a picture skips the block in training [4], where it has a shortcut.
    """

    def __init__(self, inputs: int, stage: Stage, dropout: float) -> None:
        super().__init__()
        wide = inputs * stage.expansion
        self.expands = stage.expansion > 1
        if self.expands:
            self.expand = nn.Conv2d(inputs, wide, 1, bias=False)
            self.expand_norm = nn.BatchNorm2d(wide, eps=_EPS)
            self.expand_relu = nn.ReLU6(inplace=True)
        self.depthwise = SameConv2d(wide, wide, stage.kernel, stage.stride, groups=wide)
        self.depthwise_norm = nn.BatchNorm2d(wide, eps=_EPS)
        self.depthwise_relu = nn.ReLU6(inplace=True)
        self.project = nn.Conv2d(wide, stage.outputs, 1, bias=False)
        self.project_norm = nn.BatchNorm2d(stage.outputs, eps=_EPS)
        self.shortcut = stage.stride == 1 and inputs == stage.outputs
        self.dropout = dropout

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, inputs, s, s) to (B, outputs, ceil(s / stride), ceil(s / stride))."""
        out = self.expand_relu(self.expand_norm(self.expand(x))) if self.expands else x
        out = self.depthwise_relu(self.depthwise_norm(self.depthwise(out)))
        out = self.project_norm(self.project(out))
        if not self.shortcut:
            return out  # type: ignore[no-any-return]
        if self.training and self.dropout > 0:
            kept = torch.rand(len(x), 1, 1, 1, device=x.device) >= self.dropout
            out = out * (kept.to(out.dtype) / (1 - self.dropout))
        return out + x  # type: ignore[no-any-return]


class Lite0Features(nn.Module):
    """Everything before the classifier.

    Args:
        channels: of the picture, 1 or 3.
        attention: ``none``, or ``cbam`` after the stages of :data:`ATTENDED`.
        reduction, kernel: of CBAM. The early stages are narrow: the 16 of [3] would leave their gates one hidden unit,
            and where its ReLU is shut, nothing to learn with.
        block_dropout: probability of skipping the last block, growing from 0 at the first in a straight line [4].

    Attributes:
        outputs: channels of the features.
    """

    outputs: int = CHANNELS

    def __init__(
        self,
        channels: int = 1,
        *,
        attention: str = "none",
        reduction: int = 4,
        kernel: int = 7,
        block_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if attention not in ("none", "cbam"):
            raise UnknownNameError("attention", attention, ("none", "cbam"))
        if not 0 <= block_dropout < 1:
            raise ValueError(f"block_dropout must be in [0, 1), got {block_dropout}")
        self.stem = SameConv2d(channels, STEM, 3, 2)
        self.stem_norm = nn.BatchNorm2d(STEM, eps=_EPS)
        self.stem_relu = nn.ReLU6(inplace=True)
        inputs, done, blocks = STEM, 0, sum(stage.layers for stage in STAGES)
        for number, stage in enumerate(STAGES, start=1):
            made = []
            for layer in range(stage.layers):
                own = stage if layer == 0 else stage._replace(stride=1)
                made.append(InvertedResidual(inputs, own, block_dropout * done / blocks))
                inputs, done = stage.outputs, done + 1
            setattr(self, f"stage{number}", nn.Sequential(*made))
            if number in ATTENDED:
                gated = attention == "cbam"
                gate = CBAM(inputs, reduction, kernel, f"stage{number}", start=GATES_START) if gated else nn.Identity()
                setattr(self, f"attention{number}", gate)
        self.head = nn.Conv2d(inputs, CHANNELS, 1, bias=False)
        self.head_norm = nn.BatchNorm2d(CHANNELS, eps=_EPS)
        self.head_relu = nn.ReLU6(inplace=True)

    def levels(self, x: Tensor) -> tuple[Tensor, ...]:
        """Map pictures (B, channels, S, S) to the features of the stages of :data:`ATTENDED`, finest first, and last
        the answer of :meth:`forward`.
        """
        x = self.stem_relu(self.stem_norm(self.stem(x)))
        found: list[Tensor] = []
        for number in range(1, len(STAGES) + 1):
            x = getattr(self, f"stage{number}")(x)
            if number in ATTENDED:
                x = getattr(self, f"attention{number}")(x)
                found.append(x)
        return (*found, self.head_relu(self.head_norm(self.head(x))))

    def forward(self, x: Tensor) -> Tensor:
        """Map pictures (B, channels, S, S) to features (B, 1280, ceil(S / 32), ceil(S / 32)), in [0, 6]."""
        return self.levels(x)[-1]


class Lite0(nn.Module):
    """The whole network: features, their mean over the grid, dropout, one linear layer.

    Args:
        attention: ``none`` or ``cbam``.
        classes: K.
        size: side of the square input, 32 or more; the weights fit any.
        channels: 1 or 3.
        dropout: probability before the last layer.
        block_dropout, reduction, kernel: see :class:`Lite0Features`.

    Attributes:
        imagenet: bool buffer, (): whether the features began with the ImageNet weights, which the registry lays on
            (:func:`engine.models.lite0_weights.begin_with_imagenet`). It is part of the state, so that a resumed run
            and its checkpoint still know.
    """

    imagenet: Tensor

    def __init__(
        self,
        attention: str = "none",
        *,
        classes: int = 7,
        size: int = 112,
        channels: int = 1,
        dropout: float = 0.2,
        block_dropout: float = 0.0,
        reduction: int = 4,
        kernel: int = 7,
    ) -> None:
        super().__init__()
        if size < 32:
            raise ValueError(f"size must be 32 or more, got {size}")
        self.features = Lite0Features(
            channels, attention=attention, reduction=reduction, kernel=kernel, block_dropout=block_dropout
        )
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(CHANNELS, classes)
        self._initialise()
        self.register_buffer("imagenet", torch.tensor(False))
        self._modules_by_layer = {f"stage{number}": f"features.attention{number}" for number in ATTENDED}
        self._modules_by_layer["head"] = "features.head_relu"
        self.explained_layers: tuple[str, ...] = tuple(self._modules_by_layer)

    def _initialise(self) -> None:
        """Initialise as He et al. 2015 (arXiv:1502.01852); a small last layer makes the first answers even."""
        for module in self.features.modules():
            gate = isinstance(module, nn.Conv2d) and module.out_channels == 1  # a spatial gate's keeps PyTorch's own
            if isinstance(module, nn.Conv2d) and not gate:
                fan_out = module.kernel_size[0] * module.kernel_size[1] * module.out_channels // module.groups
                nn.init.normal_(module.weight, std=(2.0 / fan_out) ** 0.5)
        nn.init.normal_(self.output.weight, std=0.01)
        nn.init.zeros_(self.output.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map normalised pictures (B, channels, size, size) to logits (B, K)."""
        out: Tensor = self.output(self.dropout(self.features(x).mean(dim=(2, 3))))
        return out

    def activation_module(self, layer: str) -> nn.Module:
        """Return the module whose output is ``layer``'s feature map, after its attention.

        ``head`` is the 1,280 features that the classifier averages; a stage without attention is an identity there.
        """
        if layer not in self._modules_by_layer:
            raise UnknownNameError("layer", layer, self.explained_layers)
        return self.get_submodule(self._modules_by_layer[layer])
