from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from engine.data.enhance.enhance import Enhancer, colour_pictures, lightness
from engine.data.enhance.networks import Tiling, load_network
from engine.errors import PictureError, UsageError
from tests.made_enhance import doubling, make_swinir, noise, save_network, tinting


def twice(picture: np.ndarray) -> np.ndarray:
    return picture.repeat(2, axis=0).repeat(2, axis=1)


def test_pictures_of_many_sizes_come_back_in_order() -> None:
    network = doubling()
    enhancer = Enhancer(network, None, tiling=Tiling(32, 16, 3))
    pictures = [noise(20, 20, seed=0), noise(17, 30, 3, seed=1), noise(20, 20, 3, seed=2), noise(70, 40, 3, seed=3)]
    pictures += [noise(20, 20, seed=number) for number in range(4, 8)]
    large = enhancer(pictures)
    for before, after in zip(pictures, large, strict=True):
        assert after.dtype == np.uint8
        assert np.array_equal(after, twice(before))  # grey stays grey
    shapes = network.module.shapes
    assert shapes.count((3, 3, 20, 20)) == 2  # six of this size, in batches of three
    assert max(max(shape[2:]) for shape in shapes) == 32  # the large one in tiles


def test_colour_comes_after_enlarging() -> None:
    sr, color = doubling(), tinting()
    enhancer = Enhancer(sr, color, tiling=Tiling(batch=2))
    pictures = [noise(16, 16, seed=0), noise(20, 24, 3, seed=1), noise(16, 16, seed=2)]
    both = enhancer(pictures)
    for before, after in zip(pictures, both, strict=True):
        rgb = before if before.ndim == 3 else np.repeat(before[..., None], 3, axis=2)
        assert np.array_equal(after, colour_pictures(color.module, [twice(rgb)])[0])
    assert enhancer.scale == 2
    assert [network["role"] for network in enhancer.described()["networks"]] == ["sr", "color"]
    assert (enhancer.described()["tile"], enhancer.described()["overlap"]) == (256, 32)

    (alone,) = Enhancer(None, color)([pictures[0]])
    assert alone.shape == (16, 16, 3)
    grey = np.repeat(pictures[0][..., None], 3, axis=2)
    middle = (lightness(grey) > 30) & (lightness(grey) < 70)  # at the ends the colour has no room
    np.testing.assert_allclose(lightness(alone)[middle], lightness(grey)[middle], atol=0.6)


def test_a_swinir_in_batches_is_a_swinir_one_by_one(tmp_path: Path) -> None:
    network = load_network("sr", save_network(tmp_path / "x.pth", make_swinir()))
    enhancer = Enhancer(network, None)
    pictures = [noise(18, 18, 3, seed=number) for number in range(3)]
    together = enhancer(pictures)
    assert together[0].shape == (72, 72, 3)
    for picture, large in zip(pictures, together, strict=True):
        (alone,) = enhancer([picture])
        assert np.abs(alone.astype(int) - large).max() <= 1
    with ThreadPoolExecutor(3) as pool:
        for large, again in zip(together, pool.map(lambda picture: enhancer([picture])[0], pictures), strict=True):
            assert np.abs(again.astype(int) - large).max() <= 1


def test_what_cannot_be() -> None:
    with pytest.raises(UsageError, match="Expected a network that enlarges"):
        Enhancer(None, None)
    with pytest.raises(PictureError, match="5000x2600 enlarged by 2 has more than 50 million pixels"):
        Enhancer(doubling(), None)([np.zeros((2600, 5000), np.uint8)])
    assert Enhancer(doubling(), None)([]) == []
