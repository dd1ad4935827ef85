"""Built-in faces with what is known about them: where the evidence is, where the face is, and a planted cue if wanted.

Variants:

- ``plain``: the evidence is the regions that the expression's own action units move. A neutral face has none, nor has a
  face whose evidence is covered; such pictures are left out and counted.
- ``spurious``: a corner mark is planted in every picture, of a class drawn at random and independently of the label, so
  that it predicts nothing; the evidence is the mark's pixels. This asks whether a map *exposes* a cue. It means
  something only for a model trained on pictures whose mark gave their label away, and beside a model that was not: the
  mark is the strongest contrast in most pictures, and Grad-CAM of an untrained model may well show it, too. Whether a
  model follows the mark is seen from its answers: :class:`engine.evidence.report.CueAnswers`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.data.dataset import Int64
from engine.data.drawn import SPLIT_COUNTS, synthetic_face, synthetic_id
from engine.errors import UnknownNameError, UsageError
from engine.evidence.scores import Bool
from engine.labels import EMOTIONS
from engine.records import UInt8
from engine.synthetic.camera import cue_mask, plant_cue

VARIANTS: Final[dict[str, str]] = {
    "plain": "evidence is what the expression's action units move",
    "spurious": "evidence is a planted corner mark that does not predict the label",
}

OFF_FACE: Final[tuple[str, ...]] = ("background", "hair")
"""Regions that are not face. Hats count as hair, clothes as background; neck, ears and a hand count as face, since the
generator does not tell them from the skin at the head's sides."""

_CUE_STREAM: Final = 7_001
"""Keeps the draw of the cues apart from other draws with the same seed."""


@dataclass(frozen=True, eq=False)
class KnownPictures:
    """N built-in faces and their known evidence.

    Attributes:
        indices: their N numbers in the split.
        images: uint8 (N, S, S) or (N, S, S, 3), as the model gets them (with the mark, where one is planted).
        labels: int64 (N,), what the face shows.
        evidence, face: bool (N, S, S).
        cues: int64 (N,), the class of the planted mark, or None where none is planted.
    """

    indices: tuple[int, ...]
    images: UInt8
    labels: Int64
    evidence: Bool
    face: Bool
    cues: Int64 | None

    def __post_init__(self) -> None:
        count, side = len(self.indices), self.images.shape[1]
        if self.evidence.shape != (count, side, side) or self.face.shape != (count, side, side):
            raise ValueError(
                f"expected masks ({count}, {side}, {side}), got {self.evidence.shape} and {self.face.shape}"
            )
        if self.labels.shape != (count,) or (self.cues is not None and self.cues.shape != (count,)):
            raise ValueError(f"expected {count} labels and as many cues or none, got {self.labels.shape}")

    def __len__(self) -> int:
        return len(self.indices)

    def without_evidence(self) -> Bool:
        """Return (N,) bool: pictures that have no evidence to be judged by."""
        return np.asarray(~self.evidence.any(axis=(1, 2)))

    def subset(self, keep: Bool) -> KnownPictures:
        """Return the pictures where ``keep`` (N,) is True."""
        return KnownPictures(
            indices=tuple(index for index, kept in zip(self.indices, keep, strict=True) if kept),
            images=self.images[keep],
            labels=self.labels[keep],
            evidence=self.evidence[keep],
            face=self.face[keep],
            cues=None if self.cues is None else self.cues[keep],
        )


def random_cue(index: int, *, seed: int = 0) -> int:
    """Return the class 0-6 whose mark picture ``index`` carries, every class alike whatever the picture's label."""
    return int(np.random.default_rng([seed, _CUE_STREAM, index]).integers(len(EMOTIONS)))


def count_pictures(split: str, limit: int | None) -> int:
    """Return how many pictures a run takes: the split's, or its first ``limit``.

    Labels take turns in the split, so its first N pictures hold each class N / 7 times, give or take one.

    Raises:
        UnknownNameError: an unknown split.
        UsageError: a limit below 1.
    """
    if split not in SPLIT_COUNTS:
        raise UnknownNameError("split of synthetic", split, SPLIT_COUNTS)
    if limit is not None and limit < 1:
        raise UsageError(f"Expected --limit of 1 picture or more, got {limit}; leave it out for the whole split.")
    return SPLIT_COUNTS[split] if limit is None else min(limit, SPLIT_COUNTS[split])


def draw_known(
    split: str, *, size: int, channels: int, variant: str = "plain", seed: int = 0, limit: int | None = None, batch: int
) -> Iterator[KnownPictures]:
    """Draw a split of the built-in faces, ``batch`` at a time, with what is known about each.

    Raises:
        UnknownNameError: an unknown split or variant.
        UsageError: an impossible size, number of channels or limit.
    """
    total = count_pictures(split, limit)
    for start in range(0, total, batch):
        numbers = range(start, min(start + batch, total))
        yield draw_some(split, numbers, size=size, channels=channels, variant=variant, seed=seed)


def draw_some(
    split: str, numbers: range, *, size: int, channels: int, variant: str = "plain", seed: int = 0
) -> KnownPictures:
    """Draw the built-in faces with these numbers, one or more, with what is known about each.

    The pictures are those of the data set ``synthetic`` (before the mark is planted).

    Raises:
        UnknownNameError: an unknown split or variant.
        UsageError: an impossible size or number of channels.
    """
    if variant not in VARIANTS:
        raise UnknownNameError("variant", variant, VARIANTS)
    faces = [synthetic_face(synthetic_id(split, index), size, channels) for index in numbers]
    images = [face.image for face in faces]
    evidence = [face.evidence for face in faces]
    cues: Int64 | None = None
    if variant == "spurious":
        cues = np.array([random_cue(index, seed=seed) for index in numbers], np.int64)
        images = [plant_cue(image, int(cue)) for image, cue in zip(images, cues, strict=True)]
        evidence = [cue_mask(size)] * len(faces)
    off = [faces[0].region_names.index(name) for name in OFF_FACE]
    return KnownPictures(
        indices=tuple(numbers),
        images=np.stack(images),
        labels=np.array([EMOTIONS.index(face.label) for face in faces], np.int64),
        evidence=np.stack(evidence),
        face=np.stack([~np.isin(face.regions, off) for face in faces]),
        cues=cues,
    )
