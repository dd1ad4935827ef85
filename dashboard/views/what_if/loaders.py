"""The caching code of the What if page: the face that is edited, a second one, and what an edit does to the answer.

An edited face is kept by its pixels' digest, the weights' sha256 and the settings: going back and forth between two
edits computes nothing again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard.shell import loaders
from engine.data.by_id import SYNTHETIC
from engine.edit.apply import apply_edit
from engine.edit.edit import Edit
from engine.edit.regions import FaceRegions, crop_parts, dataset_parts, drawn_map, template_parts
from engine.records import FaceBox, FaceExplanation, RunCard, UInt8
from engine.synthetic import draw_expression

if TYPE_CHECKING:
    from dashboard.shell.state import NamedPicture
    from engine.edit.region_effects import RegionEffects

EDITS_KEPT: Final = 64
"""Edited faces kept in memory, for all visitors."""


@dataclass(frozen=True, eq=False)
class Staged:
    """A face that can be edited.

    Attributes:
        pixels: uint8 (S, S) or (S, S, 3), as the model takes it.
        regions: (S, S).
    """

    pixels: UInt8
    regions: FaceRegions


@st.cache_data(show_spinner=False, max_entries=loaders.KEPT)
def _drawn_parts(expression: str, box: FaceBox | None, size: int) -> FaceRegions:
    face = draw_expression(expression, loaders.DRAWN_PERSON, loaders.DRAWN_PIXELS)
    return crop_parts(drawn_map(face), box, size)


@st.cache_data(show_spinner=False, max_entries=loaders.KEPT)
def _dataset_parts(face_id: str, size: int) -> FaceRegions:
    return dataset_parts(face_id, size)


def sample_parts(key: str, box: FaceBox | None, size: int) -> FaceRegions:
    """Return the regions (size, size) of a sample's face: exact for a drawn one, the template's for a photograph."""
    expression = next(sample.expression for sample in loaders.samples() if sample.key == key)
    return template_parts(size) if expression is None else _drawn_parts(expression, box, size)


def dataset_picture_parts(dataset: str, picture_id: str, size: int) -> FaceRegions:
    """Return the regions (size, size) of a dataset's picture: exact for a built-in face, else the template's."""
    return _dataset_parts(picture_id, size) if dataset == SYNTHETIC else template_parts(size)


def as_taken(card: RunCard, crop: UInt8) -> UInt8:
    """Return a crop ((H, W, 3) uint8) as the model of ``card`` takes it: (S, S) or (S, S, 3)."""
    return loaders.predictor(card).model_input(crop)


def second_face(card: RunCard, named: NamedPicture) -> tuple[UInt8, FaceBox | None]:
    """Return the largest face of another picture as the model takes it, and its box; the whole picture without one.

    Raises PictureError where the picture cannot be read.
    """
    picture = loaders.picture(named.digest, named.data, named.name)
    found = loaders.faces(named.digest, picture.pixels, card.name, card.weights_sha256, named.cut).faces[0]
    return as_taken(card, found.crop), found.box


@st.cache_data(show_spinner=False, max_entries=EDITS_KEPT)
def _explained(
    digest: str,  # noqa: ARG001  # stands for the pixels
    _pixels: UInt8,
    _card: RunCard,
    name: str,  # noqa: ARG001  # with the digest of its weights it stands for the model
    sha256: str,  # noqa: ARG001
    layer: str,
    target: str,
) -> FaceExplanation:
    return loaders.predictor(_card).explain_crop(_pixels, layer=layer, target=target)


def edited_pixels(staged: Staged, edit: Edit, second: Staged | None) -> UInt8:
    """Put an edit on a face: uint8, as :class:`Staged` has it; ``second`` is the face that regions are taken from."""
    return apply_edit(
        staged.pixels,
        edit,
        staged.regions,
        second=second.pixels if second is not None else None,
        second_regions=second.regions if second is not None else None,
    )


def explained(card: RunCard, pixels: UInt8, layer: str, target: str) -> FaceExplanation:
    """Explain a face as the model takes it: every gate, and the Grad-CAM of ``target``, settled, at ``layer``."""
    digest = hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()
    return _explained(digest, pixels, card, card.name, card.weights_sha256, layer, target)


@st.cache_data(show_spinner=False, max_entries=loaders.KEPT)
def _effects(
    digest: str,  # noqa: ARG001  # stands for the face and its regions
    _staged: Staged,
    _card: RunCard,
    name: str,  # noqa: ARG001  # with the digest of its weights it stands for the model
    sha256: str,  # noqa: ARG001
    fill: str,
) -> RegionEffects:
    from engine.edit.region_effects import region_effects

    model = loaders.predictor(_card).model
    return region_effects(model, _staged.pixels, _staged.regions, spec=_card.input, classes=_card.classes, fill=fill)


def digest_of(staged: Staged) -> str:
    """Return what stands for a face and its regions."""
    return hashlib.sha256(staged.pixels.tobytes() + staged.regions.indices.tobytes()).hexdigest()


def effects(card: RunCard, staged: Staged, fill: str) -> RegionEffects:
    """Return what hiding each region of a face does; ``fill`` is a key of FILLS."""
    return _effects(digest_of(staged), staged, card, card.name, card.weights_sha256, fill)
