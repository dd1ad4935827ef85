from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.data.drawn import DATASET_SEED
from engine.data.read.samm import difference
from engine.labels import EMOTIONS
from engine.synthetic import draw_image, prototype, sample_parameters
from engine.trust.lenders import moved_lenders
from tests.made import SMALL


def test_lenders_are_what_moves_from_rest_to_expression() -> None:
    assert EMOTIONS[4] == "neutral"
    spec = replace(SMALL, size=48)
    found = moved_lenders(7, spec)
    assert (found.shape, found.dtype) == ((7, 48, 48), np.uint8)
    for place, index in ((0, 0), (4, 5), (6, 7)):  # face 4 is at rest
        face = sample_parameters(DATASET_SEED, index, split="test")
        rest = draw_image(replace(face, expression=prototype("neutral")), 48, 1)
        assert np.array_equal(found[place], difference(rest, draw_image(face, 48, 1)))
    # Most of a picture stays as it is: the movement is all there is.
    assert (np.abs(found.astype(int) - 128) <= 1).mean() > 0.5
    assert (np.abs(found.astype(int) - 128).reshape(7, -1).max(axis=1) > 5).all()


def test_any_input() -> None:
    assert moved_lenders(2, SMALL).shape == (2, 16, 16)
    assert moved_lenders(1, replace(SMALL, size=64, channels=3, mean=(0.5,) * 3, std=(0.25,) * 3)).shape == (
        1,
        64,
        64,
        3,
    )
