"""Whose gates stand in for "another picture": decided here, for every command and page.

A gate is asked what it does for a picture by taking that of another picture, which must be such as the model knows:

- what a person names: pictures of the user's own data;
- for a model of faces, drawn faces of the built-in data set;
- for one that takes the difference of a clip's onset and apex, drawn faces that move: a single picture is nothing it
  has ever seen, and what its gates do on one would say little of a movement;
- for a network that is about anything else, pictures of the user's folder with the model's classes, and where there is
  none, nobody: a drawn face is nothing that it knows.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count, islice
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from engine.data.by_id import PictureIndex, place_of
from engine.data.drawn import DATASET_SEED, SPLIT_COUNTS, synthetic_face, synthetic_id
from engine.data.read.samm import FRAMES, difference
from engine.errors import DataError, FerLensError
from engine.labels import EMOTIONS
from engine.records import InputSpec, RunCard, UInt8
from engine.synthetic import draw_image, prototype, sample_parameters
from engine.synthetic.face import SIZES
from engine.trust.gate_use import DRAWS

LENDERS: Final = "drawn faces of the built-in data set"
"""Whose gates stand in where no other pictures are given."""

MOVED_LENDERS: Final = "movements of drawn faces of the built-in data set"
"""The same for a model of movements."""

NO_LENDERS: Final = "none; other pictures of the model's own kind would have to be given"
"""In their place, where drawn faces are not what a model is about."""


@dataclass(frozen=True, eq=False)
class Lenders:
    """Who lends gates.

    Attributes:
        pictures: (M, H, W) or (M, H, W, 3) uint8, as the model takes them; M may be 0.
        words: whose they are, as :attr:`engine.trust.trust.TrustReport.lenders` says it.
    """

    pictures: UInt8
    words: str


NOBODY: Final = Lenders(np.empty((0, 1, 1), dtype=np.uint8), NO_LENDERS)


def given(pictures: UInt8) -> Lenders:
    """Return pictures (M, H, W[, 3]) uint8 that somebody has at hand as lenders."""
    return Lenders(pictures, f"{len(pictures)} other pictures") if len(pictures) else NOBODY


def lenders_of(card: RunCard, wanted: int = DRAWS, *, data: Path | None = None) -> Lenders:
    """Return who lends gates to a model; see the module.

    Args:
        card: the model's. wanted: how many, at most.
        data: a folder of the user's with one folder of pictures a class, called as the model's classes are.

    Raises:
        DataError: ``data`` is given and has no picture of the model's classes.
    """
    if data is not None:
        return own_pictures(card, wanted, data)
    if card.domain == "faces" and card.clips != FRAMES:
        return Lenders(moved_lenders(wanted, card.input), MOVED_LENDERS)
    if card.domain == "faces":
        return Lenders(built_in_lenders(wanted, card.input), LENDERS)
    try:
        place = place_of("folder")
        return NOBODY if place is None else own_pictures(card, wanted, place)
    except FerLensError:  # no data here, or of other classes
        return NOBODY


def own_pictures(card: RunCard, wanted: int, place: Path) -> Lenders:
    """Return pictures of a user's folder, of its test split where it has one, from all over it.

    Raises:
        DataError: there is no such folder, or none of the model's classes in it.
    """
    if not place.exists():
        raise DataError(f"Expected pictures whose gates are lent in '{place.name}', but there is no such folder.")
    index, found = PictureIndex("folder", place), list[UInt8]()
    names: tuple[str, ...] = ()
    with suppress(DataError):  # there is none
        names = index.ids("test")
    asked = 4 * wanted  # more than are wanted: some may be of other classes, or damaged
    spaced = np.unique(np.linspace(0, len(names) - 1, min(len(names), asked)).astype(int))
    for at in (at for start in range(4) for at in spaced[start::4]):
        if len(found) == wanted:
            break
        try:
            picture = index.picture(names[at], card.input.size, card.input.channels, model=card)
        except DataError:
            continue
        found.append(picture.pixels)
    if found:
        return Lenders(np.stack(found), f"{len(found)} pictures of your own data")
    classes = ", ".join(card.classes[:4]) + ("..." if len(card.classes) > 4 else "")
    raise DataError(
        f"Expected in '{place.name}' one folder of pictures a class, called as the classes of '{card.name}' are "
        f"({classes}), and found no such picture; name another folder."
    )


def built_in_lenders(count: int, spec: InputSpec) -> UInt8:
    """Draw ``count`` faces of the built-in data set, every emotion in turn: (count, S, S) or (count, S, S, 3) uint8."""
    if not 1 <= count <= SPLIT_COUNTS["test"]:
        raise ValueError(f"expected 1 to {SPLIT_COUNTS['test']} faces, got {count}")
    drawn = int(np.clip(spec.size, *SIZES))
    faces = [synthetic_face(synthetic_id("test", i), drawn, spec.channels).image for i in range(count)]
    if (drawn, drawn) != (spec.height, spec.width):
        faces = [cv2.resize(face, (spec.width, spec.height), interpolation=cv2.INTER_AREA) for face in faces]
    return np.stack(faces)


_REST: Final = "neutral"


def moved_lenders(wanted: int, spec: InputSpec) -> UInt8:
    """Return what moves from rest to expression in ``wanted`` built-in faces, every emotion but rest in turn.

    Returns:
        (wanted, S, S) or (wanted, S, S, 3) uint8 as :func:`engine.data.read.samm.difference` has it.
    """
    size = int(np.clip(spec.size, *SIZES))
    moving = (index for index in count() if EMOTIONS[index % len(EMOTIONS)] != _REST)
    found = []
    for index in islice(moving, wanted):
        face = sample_parameters(DATASET_SEED, index, split="test")
        rest = replace(face, label=_REST, expression=prototype(_REST))
        onset, apex = (draw_image(one, size, spec.channels) for one in (rest, face))
        moved = difference(onset, apex)
        if size != spec.size:
            moved = np.asarray(cv2.resize(moved, (spec.size, spec.size), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        found.append(moved)
    return np.stack(found)
