"""Faces in two frames of a clip, for models that take the difference of its onset and apex (``onset-apex``)."""

from __future__ import annotations

from collections.abc import Sequence

from engine.data.key_frames import FRAMES, difference
from engine.errors import UsageError
from engine.inference.enhancing import FaceEnhancer
from engine.inference.faces import crop_face
from engine.inference.pictures import Picture
from engine.records import FaceBox, RunCard, UInt8


def refuse_single(card: RunCard) -> None:
    """Refuse to show a single picture to a model that takes the difference of two.

    Raises:
        UsageError: it does.
    """
    if card.clips != FRAMES:
        raise UsageError(
            f"'{card.name}' was trained on the difference of two frames of a clip ({card.clips}) and can make nothing "
            "of a single picture; give both frames with EmotionPredictor.predict_pair(onset, apex)."
        )


def face_differences(
    card: RunCard,
    faces: Sequence[tuple[FaceBox | None, UInt8]],
    apex: Picture,
    enhance: FaceEnhancer | None = None,
) -> list[UInt8]:
    """Return what moved in each face, uint8 (h, w[, 3]) as :func:`engine.data.key_frames.difference` has it.

    Args:
        card: of the model.
        faces: box (None: the whole frame) and crop of each face in the onset frame.
        apex: the other frame; a micro-expression moves a face by less than a box is wide, so the boxes hold.
        enhance: what the model needs done to each frame's face first.

    Raises:
        UsageError: the frames differ in size, or the model takes single pictures.
    """
    if card.clips == FRAMES:
        raise UsageError(f"'{card.name}' takes single pictures; use EmotionPredictor.predict(picture).")
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
    return [difference(one, other) for one, other in zip(before, after, strict=True)]
