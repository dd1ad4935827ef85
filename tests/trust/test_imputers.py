from __future__ import annotations

import numpy as np
import pytest

from engine.trust.imputers import IMPUTERS, NOISE_SHARE, blur, road
from tests.explain.known import noise


def one_removed(side: int, *pixels: tuple[int, int]) -> np.ndarray:
    mask = np.zeros((1, side, side), dtype=np.bool_)
    for pixel in pixels:
        mask[0][pixel] = True
    return mask


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.trust.imputers.NOISE_SHARE", 0.0)


def test_one_pixel_is_the_weighted_mean_of_its_neighbours(quiet: None) -> None:
    picture = np.arange(16, dtype=np.uint8).reshape(4, 4) ** 2
    picture[1, 1] = 200
    found = road(picture, one_removed(4, (1, 1)))[0]
    beside, diagonal = 1 + 16 + 36 + 81, 0 + 4 + 64 + 100
    assert found[1, 1] == pytest.approx(beside / 6 + diagonal / 12, abs=1e-3)
    # A corner has three neighbours, whose weights 1/6, 1/6, 1/12 are made to sum to 1.
    found = road(picture, one_removed(4, (0, 0)))[0]
    assert found[0, 0] == pytest.approx((1 / 6 + 16 / 6 + 200 / 12) / (5 / 12), abs=1e-3)


def test_removed_neighbours_are_solved_together(quiet: None) -> None:
    picture = noise(1, side=8)[0]
    removed = one_removed(8, *((r, c) for r in range(2, 6) for c in range(3, 8)))
    found = road(picture, removed)[0].astype(np.float64)
    assert np.array_equal(found[~removed[0]], picture[~removed[0]])
    for r, c in ((2, 3), (3, 5), (5, 7), (4, 6)):  # each is the mean of its neighbours as filled
        near = [
            (found[r + i, c + j], 1 / 12 if i and j else 1 / 6)
            for i in (-1, 0, 1)
            for j in (-1, 0, 1)
            if (i or j) and c + j < 8
        ]
        assert found[r, c] == pytest.approx(sum(v * w for v, w in near) / sum(w for _, w in near), abs=1e-3)


def test_a_plane_is_restored_exactly(quiet: None) -> None:
    rows, columns = np.mgrid[0:12, 0:12]
    picture = (10 * rows + 5 * columns).astype(np.uint8)
    removed = one_removed(12, *((r, c) for r in range(3, 9) for c in range(2, 7)))
    np.testing.assert_allclose(road(picture, removed)[0], picture, atol=1e-3)


def test_the_noise_is_seeded_and_small() -> None:
    picture = np.full((16, 16), 100, dtype=np.uint8)
    removed = np.zeros((2, 16, 16), dtype=np.bool_)
    removed[0, 2:14, 2:14] = True
    removed[1, 2:14, 2:10] = True
    found = road(picture, removed, 5)
    assert np.array_equal(found, road(picture, removed, 5))
    assert not np.array_equal(found, road(picture, removed, 6))
    assert 0.7 < (found[0, 2:14, 2:14] - 100).std() / (NOISE_SHARE * 255) < 1.3
    assert np.array_equal(found[0, 2:14, 2:10], found[1, 2:14, 2:10]), "a pixel's noise does not hang on the mask"


def test_nothing_left_gives_the_mean(quiet: None) -> None:
    picture = noise(1, side=8)[0]
    found = road(picture, np.ones((1, 8, 8), dtype=np.bool_))
    np.testing.assert_allclose(found, picture.mean(), atol=1e-3)


def test_blur_hides_a_detail_and_keeps_the_light() -> None:
    picture = np.full((48, 48), 60, dtype=np.uint8)
    picture[:, 24:] = 180
    picture[20:24, 10:14] = 255
    removed = one_removed(48, *((r, c) for r in range(18, 26) for c in range(8, 16)))
    found = blur(picture, removed)[0]
    assert np.array_equal(found[~removed[0]], picture[~removed[0]])
    assert found[20:24, 10:14].max() < 90
    assert found[18:26, 8:16].min() > 59


@pytest.mark.parametrize("name", IMPUTERS)
def test_shapes_and_colour(name: str) -> None:
    grey = noise(1)[0]
    removed = np.random.default_rng(0).random((3, 16, 16)) < 0.5
    removed[0] = False
    found = IMPUTERS[name](grey, removed, 0)
    assert (found.shape, found.dtype) == ((3, 16, 16), np.float32)
    assert np.array_equal(found[0], grey)
    assert found.min() >= 0
    assert found.max() <= 255
    colour = IMPUTERS[name](np.repeat(grey[..., None], 3, axis=2), removed, 0)
    assert colour.shape == (3, 16, 16, 3)
    np.testing.assert_allclose(colour.mean(axis=3), found, atol=12)  # each channel has its own noise
