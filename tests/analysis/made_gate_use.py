"""A model whose gate's use is known for each class, and pictures to measure it on."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from engine.analysis.files.gate_use import SplitGateUse
from engine.analysis.gate_use import split_gate_use
from engine.data.dataset import FaceDataset
from engine.records import RunCard
from tests.explain.known import BLOCK, CLASSES, SPEC, Gated

CARD = RunCard("known", "made", {}, CLASSES, SPEC, {}, {}, {}, {}, "0" * 64, 3)


def block_gate(features: Tensor) -> Tensor:
    """Let the 16 cells of BLOCK through, of 256."""
    gate = torch.zeros(len(features), 1, 16, 16)
    gate[:, :, BLOCK[0], BLOCK[1]] = 1.0
    return gate


def ones_gate(features: Tensor) -> Tensor:
    return torch.ones(len(features), 1, 16, 16)


def block_model(*, used: bool = True) -> Gated:
    """Logits (the block's mean, 0, 0) in [0, 1]; the gate is the block, or 1 everywhere."""
    weight = torch.zeros(2, 16, 16, 3)
    weight[0, BLOCK[0], BLOCK[1], 0] = 1 / 16
    return Gated(block_gate if used else ones_gate, "spatial", weight)


def white_and_black(white: int = 4, black: int = 4) -> FaceDataset:
    """White pictures labelled angry, of which the gate picks the block; black ones labelled sad have nothing there."""
    count = white + black
    images = np.zeros((count, 16, 16), dtype=np.uint8)
    images[:white] = 255
    labels = np.repeat([0, 2], [white, black]).astype(np.int64)
    ids = tuple(f"{index}.png" for index in range(count))
    return FaceDataset("made", "test", CLASSES, images, labels, ids, np.arange(count, dtype=np.int64))


def measured(**how: int) -> SplitGateUse:
    return split_gate_use(block_model(), CARD, white_and_black(), **how)  # type: ignore[arg-type]
