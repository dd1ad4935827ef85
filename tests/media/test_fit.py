"""How pictures of other shapes are brought to a model's input: worked by hand on stripes."""

from __future__ import annotations

import numpy as np
import pytest

from engine.media.faces import to_model_input
from engine.media.fit import fitted
from engine.records import Fit, InputSpec

STRIPES = np.repeat(np.arange(0, 240, 30, dtype=np.uint8), 8)[None].repeat(32, axis=0)
"""(32, 64): eight stripes of 8 columns, each 30 brighter than the one before."""


def spec(height: int, width: int, fit: Fit, channels: int = 1) -> InputSpec:
    return InputSpec(height, channels, (0.5,) * channels, (0.5,) * channels, columns=width, fit=fit)


def test_crop_takes_the_middle() -> None:
    np.testing.assert_array_equal(fitted(STRIPES, spec(32, 32, "crop")), STRIPES[:, 16:48])
    np.testing.assert_array_equal(fitted(STRIPES.T.copy(), spec(32, 32, "crop")), STRIPES.T[16:48])


def test_pad_repeats_the_edges() -> None:
    shown = fitted(STRIPES, spec(48, 64, "pad"))
    np.testing.assert_array_equal(shown[8:40], STRIPES)
    assert (shown[:8] == STRIPES[0]).all()
    assert (shown[40:] == STRIPES[-1]).all()


def test_stretch_brings_each_side_to_its_length() -> None:
    shown = fitted(STRIPES, spec(16, 64, "stretch"))
    assert shown.shape == (16, 64)
    np.testing.assert_array_equal(shown, STRIPES[:16])
    assert fitted(STRIPES, spec(32, 32, "stretch")).tolist()[0][::4] == list(range(0, 240, 30))


@pytest.mark.parametrize("fit", ["pad", "stretch", "crop"])
@pytest.mark.parametrize("shape", [(16, 16), (224, 96), (33, 1024), (1024, 17)])
@pytest.mark.parametrize("picture", [(1, 999), (999, 1), (50, 70), (16, 16)])
def test_every_shape_comes_out_as_the_model_takes_it(
    fit: Fit, shape: tuple[int, int], picture: tuple[int, int]
) -> None:
    rng = np.random.default_rng(0)
    for channels, given in ((1, (*picture, 3)), (3, picture)):
        shown = fitted(rng.integers(0, 255, given, dtype=np.uint8), spec(*shape, fit, channels))
        assert shown.shape == (shape if channels == 1 else (*shape, 3))
        assert shown.dtype == np.uint8
        assert shown.flags.c_contiguous


def test_without_a_way_of_its_own_the_caller_says_it() -> None:
    square = InputSpec(32, 1, (0.5,), (0.5,))
    np.testing.assert_array_equal(fitted(STRIPES, square), to_model_input(STRIPES, 32, 1))
    np.testing.assert_array_equal(fitted(STRIPES, square, "stretch"), fitted(STRIPES, spec(32, 32, "stretch")))
