from __future__ import annotations

import numpy as np
import pytest

from engine.evidence.scores import Ground, score_maps
from engine.statistics.maps import REFERENCES, centre_prior, edge_maps, random_maps, reference_maps


def test_random_maps_depend_on_the_picture_and_the_seed_alone() -> None:
    whole = random_maps(range(5), (6, 6), seed=3)
    np.testing.assert_array_equal(random_maps([3], (6, 6), seed=3)[0], whole[3])
    assert not np.array_equal(whole[0], whole[1])
    assert not np.array_equal(random_maps([0], (6, 6), seed=4)[0], whole[0])
    assert (whole > 0).all()


def test_random_maps_are_smooth_in_proportion_to_the_grid() -> None:
    def step(grid: int) -> float:
        """How much of a map's spread lies between neighbours."""
        heat = np.log(random_maps(range(20), (grid, grid)))
        return float(np.abs(np.diff(heat, axis=2)).mean() / heat.std())

    assert step(48) < 0.3
    assert step(6) > 0.6  # half a cell of smoothing leaves neighbours nearly independent


@pytest.mark.parametrize("corner", [(0, 0), (8, 4)])
def test_random_maps_get_the_evidences_share_at_the_border_and_inside(corner: tuple[int, int]) -> None:
    evidence = np.zeros((1_000, 24, 24), np.bool_)
    evidence[:, corner[0] : corner[0] + 8, corner[1] : corner[1] + 12] = True  # area 96 / 576 = 1/6
    ground = Ground.on_grid(evidence, np.ones_like(evidence), (12, 12))
    found = score_maps(random_maps(range(1_000), (12, 12)), ground)
    assert found.mass.mean() == pytest.approx(1 / 6, abs=0.01)
    assert found.hit.mean() == pytest.approx(1 / 6, abs=0.035)  # three standard errors


def test_a_map_of_one_cell_is_flat_and_not_empty() -> None:
    assert random_maps([0, 1], (1, 1)).tolist() == [[[1.0]], [[1.0]]]


def test_the_centre_prior_is_the_gaussian_it_says() -> None:
    heat = centre_prior((3, 5))
    assert heat.shape == (3, 5)
    assert heat[1, 2] == 1.0
    # One cell from the middle of three: a third of the side, 4/3 standard deviations.
    assert heat[0, 2] == pytest.approx(np.exp(-0.5 * (4 / 3) ** 2))
    np.testing.assert_allclose(heat, heat[::-1, ::-1])


def test_edges_of_a_step() -> None:
    image = np.zeros((8, 8), np.uint8)
    image[:, 4:] = 100
    heat = edge_maps(image[None], (8, 8))[0]
    # Sobel's weights 1 + 2 + 1 times the step of 100, on both sides of it and nowhere else.
    assert heat.tolist() == [[0, 0, 0, 400, 400, 0, 0, 0]] * 8
    assert edge_maps(image.T[None], (8, 8))[0].tolist() == np.transpose(heat).tolist()
    assert edge_maps(image[None], (2, 4))[0].tolist() == [[0, 200, 200, 0]] * 2


def test_edges_of_colour_pictures_are_those_of_their_grey() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (2, 8, 8), np.uint8)
    np.testing.assert_allclose(edge_maps(np.repeat(grey[..., None], 3, axis=3), (4, 4)), edge_maps(grey, (4, 4)))


def test_a_flat_picture_has_no_edges() -> None:
    assert edge_maps(np.full((1, 8, 8), 77, np.uint8), (4, 4)).max() == 0.0


@pytest.mark.parametrize("name", REFERENCES)
def test_each_reference_by_name(name: str) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 16, 16), np.uint8)
    heat = reference_maps(name, images, range(3), (4, 8))
    assert heat.shape == (3, 4, 8)
    assert heat.min() >= 0.0
    assert heat.max() > 0.0


def test_an_unknown_reference_is_refused() -> None:
    with pytest.raises(ValueError, match="'best'"):
        reference_maps("best", np.zeros((1, 4, 4), np.uint8), [0], (2, 2))
