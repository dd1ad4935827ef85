"""Faces in two frames of a clip, for models that take the difference of its onset and apex (``onset-apex``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.data.read.samm import FRAMES, difference
from engine.errors import UsageError
from engine.media.faces import crop_face
from engine.media.pictures import Picture
from engine.predict.enhancing import FaceEnhancer
from engine.records import FaceBox, FaceExplanation, RunCard, UInt8


@dataclass(frozen=True, eq=False)
class KeyFaces:
    """One face in both frames.

    Attributes:
        onset, apex: uint8 (h, w) or (h, w, 3), of one size and enhanced if the model needs it.
    """

    onset: UInt8
    apex: UInt8

    @property
    def moved(self) -> UInt8:
        """What moved, uint8 (h, w[, 3]) as :func:`engine.data.read.samm.difference` has it."""
        return difference(self.onset, self.apex)


@dataclass(frozen=True, eq=False)
class PairExplanation:
    """Why a model answered so for what moved in one face.

    Attributes:
        explained: the explanation, whose ``face`` is the difference that the model saw.
        onset, apex: the face in the two frames, uint8 of the shape of ``explained.face``; maps are drawn over ``apex``,
            since a difference shows little of a face.
    """

    explained: FaceExplanation
    onset: UInt8
    apex: UInt8

    def __post_init__(self) -> None:
        shapes = {picture.shape for picture in (self.explained.face, self.onset, self.apex)}
        if len(shapes) != 1:
            raise ValueError(f"expected difference, onset and apex of one shape, got {sorted(shapes, key=str)}")


def refuse_single(card: RunCard) -> None:
    """Refuse to show a single picture to a model that takes the difference of two.

    Raises:
        UsageError: it does.
    """
    if card.clips != FRAMES:
        raise UsageError(
            f"'{card.name}' was trained on the difference of two frames of a clip ({card.clips}) and can make nothing "
            f"of a single picture; give both frames, as `explain ONSET APEX --clips {card.clips}` or with "
            "EmotionPredictor.predict_pair(onset, apex)."
        )


def key_faces(
    card: RunCard,
    faces: Sequence[tuple[FaceBox | None, UInt8]],
    apex: Picture,
    enhance: FaceEnhancer | None = None,
) -> list[KeyFaces]:
    """Return each face in both frames.

    Args:
        card: of the model.
        faces: box (None: the whole frame) and crop of each face in the onset frame.
        apex: the other frame; a micro-expression moves a face by less than a box is wide, so the boxes hold.
        enhance: what the model needs done to each frame's face first.

    Raises:
        UsageError: the frames differ in size, or the model takes single pictures.
    """
    if card.clips == FRAMES:
        raise UsageError(
            f"'{card.name}' takes single pictures, not the two frames of a clip; give one, as EmotionPredictor.predict("
            "picture) or `explain PICTURE`, or name a model that was trained with --clips onset-apex."
        )
    before = [crop for _, crop in faces]
    after = [apex.pixels if box is None else crop_face(apex.pixels, box) for box, _ in faces]
    for one, other in zip(before, after, strict=True):
        if one.shape[:2] != other.shape[:2]:
            raise UsageError(
                f"Expected two frames of one size, got {one.shape[1]}x{one.shape[0]} and "
                f"{other.shape[1]}x{other.shape[0]} pixels; take both from one clip."
            )
    if enhance is not None:
        before, after = enhance(before), enhance(after)
    return [KeyFaces(one, other) for one, other in zip(before, after, strict=True)]
