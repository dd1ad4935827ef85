"""A model's answers over a split of the built-in faces, for choosing pictures by whether they were answered rightly."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from torch import nn

from engine.data.dataset import FaceDataset, Int64
from engine.data.drawn import SPLIT_COUNTS
from engine.errors import DataError, UnknownNameError
from engine.evidence.face import face_number
from engine.evidence.pictures import VARIANTS, random_cue
from engine.evidence.run import check_vocabulary
from engine.labels import EMOTIONS
from engine.measure.split import predict_dataset
from engine.records import RunCard
from engine.synthetic.camera import plant_cue

ANSWERED: Final[dict[str, str]] = {
    "all": "every face",
    "right": "answered rightly",
    "wrong": "answered wrongly",
    "fooled": "answered with the planted mark's class, which is not theirs",
}
"""How faces are chosen by the answer; ``fooled`` needs the variant spurious."""


BLOCK: Final = 128
"""Pictures answered at once."""


@dataclass(frozen=True, eq=False)
class SplitAnswers:
    """What a model answered for the N pictures of a split.

    Attributes:
        labels, answers: int64 (N,), class indices.
        cues: int64 (N,), the class of each picture's mark, or None where none is planted.
    """

    labels: Int64
    answers: Int64
    cues: Int64 | None

    def __post_init__(self) -> None:
        shapes = {values.shape for values in (self.labels, self.answers, self.cues) if values is not None}
        if len(shapes) != 1:
            raise ValueError(f"expected labels, answers and cues of one shape, got {sorted(shapes)}")

    def where(self, answered: str) -> tuple[int, ...]:
        """Return the numbers of the pictures that a key of :data:`ANSWERED` means, ascending.

        Raises:
            UnknownNameError: no such key, or ``fooled`` where no mark was planted.
        """
        right = self.answers == self.labels
        taken = {"all": np.ones_like(right), "right": right, "wrong": ~right}
        if self.cues is not None:
            taken["fooled"] = ~right & (self.answers == self.cues)
        if answered not in taken:
            raise UnknownNameError("choice of answers", answered, taken)
        return tuple(np.flatnonzero(taken[answered]).tolist())


def faces_of_class(name: str | None, split: str = "test") -> tuple[int, ...]:
    """Return the numbers of a split's pictures that show ``name``, or of all where it is None, ascending.

    Labels take turns in the split, so this needs no picture.
    """
    if split not in SPLIT_COUNTS:
        raise UnknownNameError("split of synthetic", split, SPLIT_COUNTS)
    if name is None:
        return tuple(range(SPLIT_COUNTS[split]))
    if name not in EMOTIONS:
        raise UnknownNameError("class", name, EMOTIONS)
    return tuple(range(EMOTIONS.index(name), SPLIT_COUNTS[split], len(EMOTIONS)))


def fitting_models(cards: Iterable[RunCard]) -> tuple[RunCard, ...]:
    """Return the models that answer in the built-in faces' classes, those trained on built-in faces first, by name."""
    fits = []
    for card in cards:
        try:
            check_vocabulary(card)
        except DataError:
            continue
        fits.append(card)
    return tuple(sorted(fits, key=lambda card: (card.data.get("dataset") != "synthetic", card.name)))


def answer_split(
    model: nn.Module,
    card: RunCard,
    faces: FaceDataset,
    *,
    variant: str = "plain",
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
) -> SplitAnswers:
    """Answer every picture of ``faces``, with the marks that the benchmark plants with the same ``seed``.

    Args:
        model: in any mode; its lock is held block by block.
        card: of the model.
        faces: of the data set ``synthetic``, at the model's size and channels.
        variant: a key of :data:`engine.evidence.pictures.VARIANTS`.
        seed: of the planted marks.
        progress: told how many pictures each batch had.

    Raises:
        DataError: the model's classes are not the built-in faces'.
        UnknownNameError: an unknown variant.
    """
    check_vocabulary(card)
    if variant not in VARIANTS:
        raise UnknownNameError("variant", variant, VARIANTS)
    cues: Int64 | None = None
    if variant == "spurious":
        cues = np.array([random_cue(face_number(face_id), seed=seed) for face_id in faces.ids], np.int64)
        marked = [plant_cue(image, int(cue)) for image, cue in zip(faces.images, cues, strict=True)]
        faces = replace(faces, images=np.stack(marked))
    answers = np.empty(len(faces), np.int64)
    for start in range(0, len(faces), BLOCK):  # the model's lock is free between blocks: others may be waiting
        block = np.arange(start, min(start + BLOCK, len(faces)))
        answers[block] = predict_dataset(model, card.input, faces.subset(block), progress=progress).argmax(axis=1)
    return SplitAnswers(faces.labels, answers, cues)
