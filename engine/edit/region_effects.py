"""What hiding each part of a face does to each emotion's probability: one part at a time, all in one forward pass.

This is occlusion (M. Zeiler, R. Fergus. Visualizing and Understanding Convolutional Networks. ECCV 2014,
arXiv:1311.2901) with the parts of a face in place of a sliding square. It says what the model does with the filled
picture, and so depends on the fill; a large part moves more than a small one, so its share of the face is said too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from engine.data.transforms import normalise, to_tensor
from engine.edit.fills import fill_hidden
from engine.edit.regions import FaceRegions
from engine.models.locking import holding
from engine.records import Float32, InputSpec, UInt8


@dataclass(frozen=True, eq=False)
class RegionEffects:
    """What hiding each region does.

    Attributes:
        regions: R names, the greatest drop of the answer's probability first.
        classes: K names.
        before: (K,) float32, the probabilities of the face as it is.
        after: (R, K) float32, with one region hidden.
        shares: (R,) float32 in (0, 1], how much of the crop each region takes.
        fill: what stood in for it.
        exact: whether the regions are the face's own, or a template's.
    """

    regions: tuple[str, ...]
    classes: tuple[str, ...]
    before: Float32
    after: Float32
    shares: Float32
    fill: str
    exact: bool

    def __post_init__(self) -> None:
        wanted = (len(self.regions), len(self.classes))
        if self.after.shape != wanted or self.before.shape != wanted[1:] or self.shares.shape != wanted[:1]:
            raise ValueError(
                f"expected probabilities {wanted}, {wanted[1:]} and shares {wanted[:1]}, got {self.after.shape}, "
                f"{self.before.shape} and {self.shares.shape}"
            )

    @property
    def answer(self) -> str:
        """The class that is answered for the face as it is."""
        return self.classes[int(self.before.argmax())]

    @property
    def changes(self) -> Float32:
        """(R, K) float32 in [-1, 1]: probability with the region hidden minus that of the face as it is."""
        return self.after - self.before

    @property
    def drops(self) -> Float32:
        """(R,) float32: how much of the answer's probability each region takes with it; negative where it gains."""
        return np.asarray(-self.changes[:, int(self.before.argmax())])

    @property
    def answers(self) -> tuple[str, ...]:
        """What is answered with each region hidden, R names."""
        return tuple(self.classes[int(row)] for row in self.after.argmax(axis=1))


@torch.no_grad()
def region_effects(
    model: nn.Module,
    face: UInt8,
    regions: FaceRegions,
    *,
    spec: InputSpec,
    classes: tuple[str, ...],
    fill: str = "blur",
    seed: int = 0,
) -> RegionEffects:
    """Hide each region of a face in turn, and ask the model.

    Args:
        model: of K classes.
        face: uint8 (S, S) or (S, S, 3), as the model takes it.
        regions: (S, S); those without a pixel are left out.
        spec: the model's input. classes: its K names.
        fill: a key of :data:`engine.edit.fills.FILLS`.
        seed: of the noise of ``neighbour``.
    """
    names = regions.present
    hidden = np.stack([regions.mask([name]) for name in names])
    pictures = np.concatenate([face[None], fill_hidden(face, hidden, fill, seed)])
    device = next(model.parameters()).device
    with holding(model):
        logits = model(normalise(to_tensor(pictures).to(device), spec)).float().cpu()
    probabilities = logits.softmax(dim=1).numpy().astype(np.float32)
    before, after = probabilities[0], probabilities[1:]
    drops = before[before.argmax()] - after[:, before.argmax()]
    order = np.argsort(-drops, kind="stable")
    return RegionEffects(
        regions=tuple(names[index] for index in order),
        classes=classes,
        before=before,
        after=after[order],
        shares=hidden.mean(axis=(1, 2), dtype=np.float64).astype(np.float32)[order],
        fill=fill,
        exact=regions.exact,
    )
