"""Faces are cut out as the training crops are, and made ready for a model."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import UsageError
from engine.media.faces import crop_face, to_model_input
from engine.records import FaceBox


def test_a_crop_is_centred_on_its_box_and_padded_by_the_factor() -> None:
    rows, columns = np.mgrid[0:100, 0:100]
    pixels = np.stack([rows, columns, rows], axis=2).astype(np.uint8)
    crop = crop_face(pixels, FaceBox(30, 40, 20, 20), padding=1.5)  # 30 wide, so 5 more on each side
    assert crop.shape == (30, 30, 3)
    assert (crop[0, 0, 0], crop[0, 0, 1]) == (35, 25)
    assert (crop[-1, -1, 0], crop[-1, -1, 1]) == (64, 54)
    assert np.array_equal(crop_face(pixels, FaceBox(30, 40, 20, 20), padding=1.0), pixels[40:60, 30:50])
    tall = crop_face(pixels, FaceBox(30, 40, 10, 20), padding=1.0)  # the longer side counts
    assert tall.shape == (20, 20, 3)
    assert (tall[0, 0, 0], tall[0, 0, 1]) == (40, 25)


def test_outside_the_picture_the_edge_is_repeated() -> None:
    rows, columns = np.mgrid[0:50, 0:50]
    pixels = np.stack([rows, columns, rows], axis=2).astype(np.uint8) + np.uint8(100)
    crop = crop_face(pixels, FaceBox(0, 0, 20, 20), padding=2.0)  # 10 pixels outside at left and top
    assert np.all(crop[:11, :11] == 100)
    assert crop[-1, -1].tolist() == [129, 129, 129]
    corner = crop_face(pixels, FaceBox(40, 40, 10, 10), padding=2.0)
    assert np.all(corner[15:, 15:] == 149)


def test_boxes_and_paddings_that_make_no_sense_are_refused() -> None:
    pixels = np.zeros((50, 60, 3), dtype=np.uint8)
    for box in (FaceBox(60, 0, 5, 5), FaceBox(0, 50, 5, 5), FaceBox(-9, 0, 9, 9)):
        with pytest.raises(UsageError, match="inside the 60 x 50 picture"):
            crop_face(pixels, box)
    with pytest.raises(UsageError, match="padding above 0"):
        crop_face(pixels, FaceBox(0, 0, 9, 9), padding=0.0)


def test_luma_is_that_of_itu_r_601() -> None:
    colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], dtype=np.uint8).repeat(3, axis=0)
    # 255 times .299, .587 and .114; were the channels swapped, 29 would come first
    assert to_model_input(colours, 3, 1)[0].tolist() == [76, 150, 29]


def test_a_crop_becomes_what_the_model_takes() -> None:
    crop = np.random.default_rng(0).integers(0, 256, (96, 96, 3), dtype=np.uint8)
    grey, colour = to_model_input(crop, 48, 1), to_model_input(crop, 48, 3)
    assert grey.shape == (48, 48)
    assert grey.dtype == colour.dtype == np.uint8
    assert colour.shape == (48, 48, 3)
    # Shrinking by two averages blocks of 2 x 2: a sharper filter would alias.
    blocks = crop.reshape(48, 2, 48, 2, 3).astype(float).mean(axis=(1, 3))
    assert np.abs(colour - blocks).max() <= 0.76
    assert to_model_input(crop, 256, 3).shape == (256, 256, 3)
    assert np.array_equal(to_model_input(crop, 96, 3), crop)
    assert np.array_equal(to_model_input(grey, 48, 1), grey)
    assert np.array_equal(to_model_input(grey, 48, 3), np.repeat(grey[:, :, None], 3, axis=2))
    with pytest.raises(UsageError, match="1 or 3 channels"):
        to_model_input(crop, 48, 2)


def test_a_picture_that_is_not_square_is_fitted_not_stretched() -> None:
    wide = np.full((50, 100, 3), 40, dtype=np.uint8)
    wide[0], wide[-1] = 10, 200
    fitted = to_model_input(wide, 100, 1)
    assert np.all(fitted[:26] == 10)  # 25 repeated rows and the first one
    assert np.all(fitted[26:74] == 40)
    assert np.all(fitted[74:] == 200)
    assert to_model_input(np.zeros((16, 30_000), dtype=np.uint8), 48, 1).shape == (48, 48)
