"""``cmaen``, the cross-modal attention emotion network: two pathways, four attentions, two answers and their ensemble.

    picture ─ E-CNN ─ multi-scale attention ─┬─ emotion attention ─ emotion heads ──────────┐
                │ stages 1-3, attended 4 ─ FPN ──────────────────────┐                       ├ ensemble → logits
                                             └─ cross-modal attention ┼ fusion classifier ───┘
    picture ─ EfficientNetV2-S ─ multi-scale attention ─┴─────────────┘

Parameters with 7 classes at 224 x 224 x 3, all trainable: 40,887,254, of which E-CNN 11,176,512, its multi-scale
attention 198,336, emotion attention 233,877, emotion heads 924,679, EfficientNetV2-S 20,177,488, its multi-scale
attention 1,233,120, cross-modal attention 1,706,497, FPN 2,607,104, fusion classifier 2,629,639 and ensemble 2 (see
:func:`engine.models.registry.parameters_by_module`). The earlier system is described with 40.8 million, including an
FPN that nothing calls; here the fusion classifier reads it, which costs 256 x 1,024 weights (262,144) in its first
layer. The rest of the difference of 0.1 million lies in widths that the description does not give.

What the description leaves open, and what was chosen: the emotion attention and heads read the first pathway alone (as
listed there), so the fusion classifier is the only reader of the second pathway, of the cross-modal attention and of
the FPN; the FPN's four levels are averaged to one vector; the ensemble's weights are two scalars.

The fusion classifier, and the adaptive ensemble that weighs its answer against the emotion heads'.

Emotion heads: one small network an emotion answers for that emotion alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.errors import UnknownNameError
from engine.models.architecture import IMAGENET_INPUT, Architecture, Part
from engine.models.cmaen.attention import CrossModalAttention, EmotionAttention, FeaturePyramid, MultiScaleAttention
from engine.models.cmaen.pathways import EfficientFeatures, ExpressionCNN
from engine.models.foundation import FOUNDATIONS, KeptPathways, Lite0Foundation, kept_pathways, open_gates


class EmotionHeads(nn.Module):
    """K times {linear C → hidden, LayerNorm, ReLU, dropout, linear → 1}, each on its emotion's pooled map.

    Args:
        channels: C.
        classes: K.
        hidden: width between.
        dropout: before each last layer.
    """

    def __init__(self, channels: int, classes: int, *, hidden: int, dropout: float) -> None:
        super().__init__()
        self.heads = nn.ModuleList(
            nn.Sequential(
                nn.Linear(channels, hidden), nn.LayerNorm(hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, 1)
            )
            for _ in range(classes)
        )

    def forward(self, pooled: Tensor) -> Tensor:
        """Map one pooled feature vector an emotion (B, K, C) to logits (B, K)."""
        return torch.cat([head(pooled[:, k]) for k, head in enumerate(self.heads)], dim=1)


class FusionClassifier(nn.Module):
    """Linear layers with LayerNorm, ReLU and dropout between, on the concatenated pooled features.

    Args:
        inputs: length of the concatenation, 512 + 1280 + 256 in the whole model.
        classes: K.
        hidden: widths between, 1024 and 512 in the whole model.
        dropout: after each hidden layer.
    """

    def __init__(self, inputs: int, classes: int, *, hidden: Sequence[int], dropout: float) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for width in hidden:
            layers += [nn.Linear(inputs, width), nn.LayerNorm(width), nn.ReLU(), nn.Dropout(dropout)]
            inputs = width
        self.layers = nn.Sequential(*layers, nn.Linear(inputs, classes))

    def forward(self, pooled: Sequence[Tensor]) -> Tensor:
        """Map pooled features (B, any) each to logits (B, K)."""
        out: Tensor = self.layers(torch.cat(list(pooled), dim=1))
        return out


class AdaptiveEnsemble(nn.Module):
    """Two learnt scalars whose softmax weighs emotion logits against fusion logits; even at the start."""

    def __init__(self) -> None:
        super().__init__()
        self.balance = nn.Parameter(torch.zeros(2))

    def weights(self) -> Tensor:
        """Return (2,), positive, sum 1: the weight of the emotion logits, then of the fusion logits."""
        return torch.softmax(self.balance, dim=0)


WIDTHS: Final[tuple[int, ...]] = (64, 128, 256, 512)

SWITCHES: Final[tuple[str, ...]] = ("cross_attention", "emotion_heads", "multi_scale", "fpn", "fusion")
"""What can be switched off in the config, each true unless said."""

WITHOUT: Final[dict[str, tuple[str, ...]]] = {
    "cross_attention": ("cross_attention",),
    "emotion_heads": ("emotion_heads",),
    "multi_scale": ("multi_scale",),
    "fpn": ("fpn",),
    "fusion": ("fusion", "cross_attention", "fpn"),
}
"""The switches that an ablation turns off together: without the fusion classifier nothing reads what feeds it."""


@dataclass(frozen=True, eq=False)
class CmaenParts:
    """One forward pass taken apart.

    Attributes:
        logits: (B, K) = weights[0] * emotion + weights[1] * fusion; the one that is there, where one is switched off.
        emotion: (B, K) logits of the emotion heads, or None.
        fusion: (B, K) logits of the fusion classifier, or None.
        weights: (2,) of the ensemble, sum 1; None where there is nothing to weigh.
        gamma: (1,) gain of the cross-modal attention, or None without it.
    """

    logits: Tensor
    emotion: Tensor | None
    fusion: Tensor | None
    weights: Tensor | None
    gamma: Tensor | None


class CMAEN(nn.Module):
    """The whole network, or an ablation of it.

    Args:
        classes: K.
        size: side of the square input.
        channels: 1 or 3.
        cross_attention: without it the fusion classifier sees the projected E-CNN features alone.
        emotion_heads: without them (and their emotion attention) the fusion classifier answers alone.
        multi_scale: without it both pathways' features go on as they are.
        fpn: without it the fusion classifier lacks the fine stages.
        fusion: without it the emotion heads answer alone and there is no second pathway; ``cross_attention`` and
            ``fpn`` must then be false too, since nothing would read them.
        pretrained: the second pathway begins with ImageNet weights where they can be had.
        widths: channels of the E-CNN's stages; the last is also d of the cross-modal attention, and the other layers
            follow: FPN widths[2], emotion heads widths[3] / 2, fusion classifier 2 widths[3] then widths[3].
        efficientnet_width: share of EfficientNetV2-S's channels; ``efficientnet_depth``: most layers a stage.
        dropout: in heads and classifier.
        block_dropout: Dropout2d in the E-CNN's blocks, and stochastic depth in a ``lite0`` foundation.
        foundation: the second pathway, ``efficientnetv2-s`` or ``lite0`` (see :mod:`engine.models.foundation`); with
            ``lite0`` the FPN has widths[1] channels and the fusion classifier widths[3] then widths[3] / 2.
        ecnn_size: side of the pictures that the E-CNN sees, 0 for ``size``: 48 keeps the grids of the four-block nets,
            whose convolutions it can begin with, while the foundation sees larger pictures.
        gamma_start: where the gain of the cross-modal attention begins.
        gates_start: where the gates of the multi-scale attentions begin; None: PyTorch's random start, about a half.
        pathway_dropout: share of the pictures that lose one pathway in training.
    """

    def __init__(  # noqa: PLR0913 - each switch is a named entry of the config
        self,
        *,
        classes: int = 7,
        size: int = 224,
        channels: int = 3,
        cross_attention: bool = True,
        emotion_heads: bool = True,
        multi_scale: bool = True,
        fpn: bool = True,
        fusion: bool = True,
        pretrained: bool = False,
        widths: Sequence[int] = WIDTHS,
        efficientnet_width: float = 1.0,
        efficientnet_depth: int = 15,
        dropout: float = 0.5,
        block_dropout: float = 0.1,
        foundation: str = "efficientnetv2-s",
        ecnn_size: int = 0,
        gamma_start: float = 0.0,
        gates_start: float | None = None,
        pathway_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if foundation not in FOUNDATIONS:
            raise UnknownNameError("foundation", foundation, FOUNDATIONS)
        if not 0 <= pathway_dropout <= 1:
            raise ValueError(f"pathway_dropout must be in [0, 1], got {pathway_dropout}")
        small = foundation == "lite0"
        _check(cross_attention, emotion_heads, fpn=fpn, fusion=fusion, pretrained=pretrained, widths=widths)
        last = widths[-1]

        def attention(outputs: int, layer: str) -> nn.Module:
            made = MultiScaleAttention(outputs, layer) if multi_scale else nn.Identity()
            if gates_start is not None:
                open_gates(made, gates_start)
            return made

        self.ecnn_size, self.pathway_dropout = ecnn_size, pathway_dropout
        self.ecnn = ExpressionCNN(channels, ecnn_size or size, widths, block_dropout)
        self.ecnn_attention = attention(last, "ecnn")
        self.emotion_attention = EmotionAttention(last, classes) if emotion_heads else None
        self.emotion_heads = EmotionHeads(last, classes, hidden=last // 2, dropout=dropout) if emotion_heads else None
        self.efficientnet: EfficientFeatures | Lite0Foundation | None = None
        self.fusion: FusionClassifier | None = None
        self.fpn: FeaturePyramid | None = None
        if fusion:
            self.efficientnet = (
                Lite0Foundation(channels, pretrained=pretrained, block_dropout=block_dropout)
                if small
                else EfficientFeatures(
                    channels, pretrained=pretrained, width=efficientnet_width, depth=efficientnet_depth
                )
            )
            second = self.efficientnet.outputs
            self.efficientnet_attention = attention(second, "efficientnet")
            self.cross = CrossModalAttention(last, second, last, attend=cross_attention, gamma_start=gamma_start)
            pyramid = widths[1] if small else widths[2]
            self.fpn = FeaturePyramid(widths, pyramid) if fpn else None
            inputs = last + second + (pyramid if fpn else 0)
            hidden = (last, last // 2) if small else (2 * last, last)
            self.fusion = FusionClassifier(inputs, classes, hidden=hidden, dropout=dropout)
        self.ensemble = AdaptiveEnsemble() if fusion and emotion_heads else None
        self._modules_by_layer = {
            **{f"ecnn.stage{i}": f"ecnn.stage{i}" for i in (1, 2, 3, 4)},
            **({"efficientnet": "efficientnet_attention", "cross": "cross"} if fusion else {}),
            "ecnn": "ecnn_attention",
        }
        # The last is what is explained unless said: the attended E-CNN features feed both answers.
        self.explained_layers: tuple[str, ...] = tuple(self._modules_by_layer)

    def parts(self, x: Tensor) -> CmaenParts:
        """Map normalised pictures (B, channels, size, size) to both answers and how they were weighed."""
        stages = self.ecnn(self._as_ecnn_sees(x))
        attended = self.ecnn_attention(stages[-1])
        emotion: Tensor | None = None
        if self.emotion_attention is not None and self.emotion_heads is not None:
            emotion = self.emotion_heads(self.emotion_attention.pooled(attended))
        fusion: Tensor | None = None
        gamma: Tensor | None = None
        if self.fusion is not None and self.efficientnet is not None:
            second = self.efficientnet_attention(self.efficientnet(x))
            kept: KeptPathways | None = None
            if self.training and self.pathway_dropout > 0:
                kept = kept_pathways(len(x), self.pathway_dropout, x.device)
            crossed = self.cross(attended, second, None if kept is None else kept.asking)
            gamma = self.cross.gamma
            own = second.mean(dim=(2, 3))
            pooled = [crossed.mean(dim=(2, 3)), own if kept is None else own * kept.asked]
            if self.fpn is not None:
                pooled.append(self.fpn((*stages[:-1], attended)))
            fusion = self.fusion(pooled)
        if emotion is None or fusion is None or self.ensemble is None:
            only = emotion if emotion is not None else fusion
            assert only is not None  # noqa: S101 - the constructor refuses a network without an answer
            return CmaenParts(only, emotion, fusion, None, gamma)
        weights = self.ensemble.weights()
        return CmaenParts(weights[0] * emotion + weights[1] * fusion, emotion, fusion, weights, gamma)

    def _as_ecnn_sees(self, x: Tensor) -> Tensor:
        side = self.ecnn_size
        if not side or x.shape[-1] == side:
            return x
        # Means of cells: at twice the side the pixels that were there before it was enlarged, and an operation that can
        # be exported, which an antialiased interpolation cannot.
        return F.adaptive_avg_pool2d(x, side)

    def forward(self, x: Tensor) -> Tensor:
        """Map normalised pictures (B, channels, size, size) to logits (B, K)."""
        return self.parts(x).logits

    def activation_module(self, layer: str) -> nn.Module:
        """Return the module whose output is ``layer``'s feature map, after its attention."""
        if layer not in self._modules_by_layer:
            raise UnknownNameError("layer", layer, self.explained_layers)
        return self.get_submodule(self._modules_by_layer[layer])


def _check(
    cross_attention: bool, emotion_heads: bool, *, fpn: bool, fusion: bool, pretrained: bool, widths: Sequence[int]
) -> None:
    """Refuse what contradicts itself.

    Raises:
        ValueError: with the sentence.
    """
    if not fusion and not emotion_heads:
        raise ValueError("fusion and emotion_heads are both false, so nothing would answer; leave one of them")
    useless = [name for name, on in (("cross_attention", cross_attention), ("fpn", fpn)) if on and not fusion]
    if useless:
        raise ValueError(
            f"{' and '.join(useless)} feed the fusion classifier alone; with fusion = false set them false"
        )
    if pretrained and not fusion:
        raise ValueError("pretrained is about the second pathway, which fusion = false leaves out; set it false")
    if len(widths) != len(WIDTHS) or any(not isinstance(width, int) or width < 4 for width in widths):
        raise ValueError(f"widths must be four whole numbers of 4 or more, got {widths}")


ARCHITECTURES: Final[dict[str, Architecture]] = {
    "cmaen": Architecture(
        CMAEN,
        "multi-scale, by emotion, across two pathways",
        "cmaen",
        IMAGENET_INPUT,
        any_size=True,
        imagenet=True,
        takes_hints=True,
        answers={"emotion": "emotion_heads", "fusion": "fusion"},
        parts={name: Part(off=off) for name, off in WITHOUT.items()},
    )
}
