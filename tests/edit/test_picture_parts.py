"""The parts of a picture that need not show a face, and of a face in a rectangle."""

from __future__ import annotations

import numpy as np

from engine.edit.regions import PICTURE_PARTS, parts_for, picture_parts, template_parts
from engine.records import InputSpec

WIDE = InputSpec(size=16, columns=32, channels=1, mean=(0.5,), std=(0.5,), fit="stretch")


def test_nine_fields_are_a_picture() -> None:
    found = picture_parts(6, 9)
    assert found.names == PICTURE_PARTS
    assert found.indices[:, 0].tolist() == [0, 0, 3, 3, 6, 6]
    assert found.indices[0].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert found.mask(["lower_right"]).sum() == 6


def test_a_model_that_is_not_about_faces_has_those_and_another_the_template_at_its_shape() -> None:
    square = template_parts(16)
    assert parts_for(square, WIDE, "pictures").names == PICTURE_PARTS
    taken = parts_for(square, WIDE, "faces")
    assert taken.names == square.names
    assert np.array_equal(taken.indices, square.indices.repeat(2, axis=1))
