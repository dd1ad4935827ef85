from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.data.enhance.networks import Tiling, blend_weights, pad_to_multiple, run_tiled, tile_starts
from engine.errors import UsageError
from tests.made_enhance import Doubled, make_swinir, noise


def test_where_tiles_begin() -> None:
    assert tile_starts(48, 64, 16) == [0]
    assert tile_starts(64, 64, 16) == [0]
    assert tile_starts(65, 64, 16) == [0, 1]
    assert tile_starts(160, 64, 16) == [0, 48, 96]
    assert tile_starts(168, 64, 16) == [0, 48, 96, 104]
    assert tile_starts(128, 64, 0) == [0, 64]


def test_how_tiles_fade() -> None:
    # 8 pixels of overlap: 2 count nothing, 4 rise (centres at 1/8, 3/8, 5/8, 7/8), 2 count wholly.
    rising = [0, 0, 0.125, 0.375, 0.625, 0.875, 1, 1]
    assert blend_weights(12, 8, first=False, last=True).tolist() == [*rising, 1, 1, 1, 1]
    assert blend_weights(12, 8, first=True, last=False).tolist() == [1, 1, 1, 1, *rising[::-1]]
    assert blend_weights(3, 0, first=False, last=False).tolist() == [1, 1, 1]
    assert blend_weights(9, 4, first=True, last=True).tolist() == [1.0] * 9
    # What one tile loses in an overlap its neighbour gains.
    one, other = blend_weights(12, 8, first=True, last=False), blend_weights(12, 8, first=False, last=True)
    assert (one[4:] + other[:8]).tolist() == [1.0] * 8


def test_padding_mirrors_at_the_bottom_and_the_right() -> None:
    images = noise(2, 18, 21, 3)
    padded = pad_to_multiple(images, 8)
    assert padded.shape == (2, 24, 24, 3)
    assert np.array_equal(padded[:, :18, :21], images)
    assert np.array_equal(padded[:, 18], padded[:, 16])
    assert np.array_equal(padded[:, :, 23], padded[:, :, 17])
    assert pad_to_multiple(noise(1, 24, 16, 3), 8).shape == (1, 24, 16, 3)
    assert pad_to_multiple(noise(1, 1, 5, 3), 8).shape == (1, 16, 16, 3)
    assert pad_to_multiple(noise(1, 15, 15, 3), 7).shape == (1, 21, 21, 3)


@pytest.mark.parametrize(("multiple", "height", "width"), [(1, 100, 45), (8, 104, 48), (24, 96, 144), (64, 128, 192)])
def test_a_network_without_a_view_gives_the_same_in_tiles(multiple: int, height: int, width: int) -> None:
    batch = torch.rand(2, 3, height, width)
    network = Doubled()
    large = run_tiled(network, batch, scale=2, tiling=Tiling(32, 16, 5), multiple=multiple)
    torch.testing.assert_close(large, Doubled()(batch))
    assert max(shape[0] for shape in network.shapes) <= 5
    assert all(side <= Tiling(32, 16).on_grid(multiple)[0] for shape in network.shapes for side in shape[2:])
    assert sum(shape[0] for shape in network.shapes) > 2  # it was cut


def test_tiles_of_a_swinir_join_to_the_whole_picture() -> None:
    """Two attention blocks in windows of 4, one shifted, and 3x3 convolutions see 12 pixels at most: the quarter of 48
    that counts nothing."""
    network = make_swinir(1, scale=2)
    batch = torch.rand(1, 3, 144, 16, generator=torch.Generator().manual_seed(4))
    with torch.no_grad():
        whole = network(batch)

    def largest_difference(tiling: Tiling) -> float:
        return float((run_tiled(network, batch, scale=2, tiling=tiling, multiple=4) - whole).abs().max())

    spread = float(whole.std())
    assert largest_difference(Tiling(96, 48, 2)) < 1e-4 * spread
    hard = largest_difference(Tiling(96, 0, 2))
    assert hard > 1e-2 * spread  # so the above is not said of nothing
    assert largest_difference(Tiling(96, 16, 2)) < hard


@pytest.mark.parametrize(
    ("values", "said"), [((16, 0, 1), "--tile 16"), ((64, 33, 1), "--overlap 33"), ((64, 8, 0), "got 0")]
)
def test_tilings_that_make_no_sense(values: tuple[int, int, int], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Tiling(*values)
