"""The regions of one face crop as a model takes it: exact for a built-in face, a template's for any other."""

from __future__ import annotations

import numpy as np

from engine.edit.face_template import REGIONS, SYNTHETIC_NAMES, synthetic_map, template_map
from engine.edit.regions import FaceRegions
from engine.media.faces import crop_face
from engine.records import FaceBox, UInt8
from engine.synthetic import SyntheticFace


def template_parts(size: int) -> FaceRegions:
    """Return the template of aligned crops, (size, size): right on average only."""
    return FaceRegions(REGIONS, template_map(size), exact=False)


def drawn_map(face: SyntheticFace) -> UInt8:
    """Return a built-in face's own regions, uint8 (S, S), as indices into REGIONS."""
    numbers = np.array([REGIONS.index(SYNTHETIC_NAMES.get(name, name)) for name in face.region_names], np.uint8)
    return np.asarray(numbers[face.regions])


def crop_parts(regions: UInt8, box: FaceBox | None, size: int) -> FaceRegions:
    """Cut a picture's exact regions as its face was cut, and bring them to the model's size.

    Args:
        regions: uint8 (S, S), of the whole picture, which is square.
        box: the face's, or None where the whole picture was taken.
        size: the model's, in pixels; each pixel takes the region at its centre.
    """
    cut = regions if box is None else crop_face(regions, box)
    place = ((np.arange(size) + 0.5) * (len(cut) / size)).astype(np.intp)
    return FaceRegions(REGIONS, np.ascontiguousarray(cut[np.ix_(place, place)]), exact=True)


def dataset_parts(face_id: str, size: int) -> FaceRegions:
    """Return the exact regions, (size, size), of the built-in face that ``face_id`` names."""
    return FaceRegions(REGIONS, synthetic_map(face_id, size), exact=True)
