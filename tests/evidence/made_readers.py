"""Models made by hand, whose evidence is known because they can read nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from engine.labels import EMOTIONS
from engine.models.taps import AttentionTap
from engine.records import InputSpec, RunCard
from engine.synthetic.camera import cue_mask, plant_cue

SPEC = InputSpec(size=48, channels=1, mean=(0.0,), std=(1.0,))
AREA = 36 / 48**2
"""The mark is 6x6 of 48x48 pixels."""


def card(**changes: object) -> RunCard:
    usual = RunCard("made", "made", {}, EMOTIONS, SPEC, {}, {}, {}, {}, "0" * 64, 0)
    return replace(usual, **changes)  # type: ignore[arg-type]


class MarkReader(nn.Module):
    """Answers with the class of the corner mark, whose pixels are all it reads; its gate is open over the mark alone.

    Channel k of its feature map says, at every pixel of the mark, how well that pixel fits class k's mark.
    """

    explained_layers = ("features",)

    def __init__(self) -> None:
        super().__init__()
        blank = np.zeros((48, 48), np.uint8)
        marks = np.stack([plant_cue(blank, label) for label in range(7)]).astype(np.float32) / 255
        self.marks = nn.Parameter(torch.from_numpy(marks))
        self.register_buffer("mask", torch.from_numpy(cue_mask(48).astype(np.float32)))
        self.features = nn.Identity()
        self.places = AttentionTap("features.spatial", "spatial")
        self.weights = AttentionTap("features.channel", "channel")

    def activation_module(self, layer: str) -> nn.Module:
        return self.features

    def forward(self, x: Tensor) -> Tensor:
        gate = self.places(self.mask.expand(len(x), 1, 48, 48))
        self.weights(torch.ones(len(x), 7, 1, 1))
        fit: Tensor = self.features((1.0 - (x - self.marks).abs()) * gate)
        return fit.sum(dim=(2, 3))


class Contrary(MarkReader):
    """Every feature speaks against every class, so that Grad-CAM has nothing positive to show."""

    def forward(self, x: Tensor) -> Tensor:
        return -super().forward(x)
