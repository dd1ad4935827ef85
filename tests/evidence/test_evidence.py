"""Worked by hand: an 8x8 picture whose evidence is its upper left quarter; the face is its left half."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.evidence.scores import (
    ENRICHMENT_FLOOR,
    METRICS,
    EvidenceScores,
    Ground,
    best_cells,
    score_maps,
)
from engine.statistics.maps import area_average, overlap_matrix

EVIDENCE = np.zeros((8, 8), np.bool_)
EVIDENCE[:4, :4] = True
FACE = np.zeros((8, 8), np.bool_)
FACE[:, :4] = True


def score(heat: NDArray[np.floating] | list[list[float]], evidence: NDArray[np.bool_] = EVIDENCE) -> list[float]:
    """Return hit, mass, enrichment and off_face of one map, and 1.0 where it is empty."""
    array = np.asarray(heat, np.float32)[None]
    ground = Ground.on_grid(evidence[None], FACE[None], (array.shape[1], array.shape[2]))
    found = score_maps(array, ground)
    return [*found.table()[0].tolist(), float(found.empty[0])]


@pytest.mark.parametrize(
    ("name", "heat", "hit", "mass", "enrichment", "off_face"),
    [
        ("perfect", [[3, 0], [0, 0]], 1.0, 1.0, 2.0, 0.0),  # log2(1 / 0.25)
        ("inverted", [[0, 1], [1, 1]], 0.0, 0.0, ENRICHMENT_FLOOR, 2 / 3),
        ("constant", [[0.5, 0.5], [0.5, 0.5]], 0.25, 0.25, 0.0, 0.5),
        ("tied: one of two inside", [[2, 2], [1, 0]], 0.5, 0.4, np.log2(0.4 / 0.25), 0.4),
        ("negative values claim no place", [[1, -9], [1, -9]], 0.5, 0.5, 1.0, 0.0),
        ("nearly none inside", [[1e-9, 1], [0, 0]], 0.0, 1e-9, ENRICHMENT_FLOOR, 1.0),
        ("the maximum outside, most mass inside", [[2, 0], [0, 2.5]], 0.0, 4 / 9, np.log2(16 / 9), 5 / 9),
    ],
)
def test_hand_worked_maps(
    name: str, heat: list[list[float]], hit: float, mass: float, enrichment: float, off_face: float
) -> None:
    assert score(heat) == pytest.approx([hit, mass, enrichment, off_face, 0.0], abs=1e-8)


@pytest.mark.parametrize("heat", [[[0, 0], [0, 0]], [[-1, -2], [-3, -0.5]], [[-1, -1], [-1, -1]]])
def test_a_map_that_claims_no_place_is_counted_apart(heat: list[list[float]]) -> None:
    *figures, empty = score(heat)
    assert empty == 1.0
    assert np.isnan(figures).all()


def test_the_example_of_the_docstring() -> None:
    evidence = np.zeros((4, 4), np.bool_)
    evidence[:2, :3] = True
    ground = Ground.on_grid(evidence[None], np.ones((1, 4, 4), np.bool_), (2, 2))
    assert ground.evidence[0].tolist() == [[1.0, 0.5], [0.0, 0.0]]
    found = score_maps(np.array([[[2.0, 2.0], [0.0, -5.0]]]), ground)
    assert found.table()[0] == pytest.approx([0.75, 0.75, 1.0, 0.0])


def test_a_perfect_map_on_the_pictures_own_grid() -> None:
    assert score(EVIDENCE.astype(np.float32)) == pytest.approx([1.0, 1.0, 2.0, 0.0, 0.0])
    assert score((~EVIDENCE).astype(np.float32)) == pytest.approx([0.0, 0.0, ENRICHMENT_FLOOR, 2 / 3, 0.0])


def test_the_scale_of_a_map_does_not_matter() -> None:
    heat = np.random.default_rng(0).normal(size=(4, 4)).astype(np.float32)
    usual = score(heat)
    for factor in (1e-30, 1e30):
        assert score(heat * np.float32(factor)) == pytest.approx(usual, rel=1e-5)


def test_cells_that_cut_pixels_take_their_exact_share() -> None:
    # Two cells over three pixels: the middle pixel is half in each; a cell is 1.5 pixels long.
    assert overlap_matrix(2, 3) == pytest.approx(np.array([[2 / 3, 1 / 3, 0], [0, 1 / 3, 2 / 3]]))
    # Three cells over two pixels: the middle cell has half of each.
    assert overlap_matrix(3, 2) == pytest.approx(np.array([[1, 0], [0.5, 0.5], [0, 1]]))


@pytest.mark.parametrize("grid", [(1, 1), (3, 5), (7, 7), (48, 48), (50, 13)])
def test_every_grid_keeps_the_area(grid: tuple[int, int]) -> None:
    masks = np.random.default_rng(1).random((3, 48, 48)) < 0.3
    cover = area_average(masks, grid)
    assert cover.shape == (3, *grid)
    assert cover.mean(axis=(1, 2)) == pytest.approx(masks.mean(axis=(1, 2)))
    assert cover.min() >= 0.0
    assert cover.max() <= 1.0 + 1e-12


def test_nothing_on_the_grid_beats_the_best_cells() -> None:
    rng = np.random.default_rng(2)
    evidence = rng.random((20, 10, 10)) < 0.2
    ground = Ground.on_grid(evidence, np.ones_like(evidence), (4, 4))
    ceiling = score_maps(best_cells(ground), ground).table()
    for _ in range(5):
        other = score_maps(rng.exponential(size=(20, 4, 4)), ground).table()
        assert (other[:, :3] <= ceiling[:, :3] + 1e-12).all()
    assert ceiling[:, 0] == pytest.approx(ground.evidence.max(axis=(1, 2)))


def test_batches_join_in_order() -> None:
    evidence = np.stack([EVIDENCE] * 4)
    ground = Ground.on_grid(evidence, np.stack([FACE] * 4), (4, 4))
    maps = np.random.default_rng(3).normal(size=(4, 4, 4))
    maps[1] = -1.0
    parts = [score_maps(maps[i : i + 2], Ground(ground.evidence[i : i + 2], ground.face[i : i + 2])) for i in (0, 2)]
    whole = score_maps(maps, ground)
    joined = EvidenceScores.join(parts)
    np.testing.assert_array_equal(joined.table(), whole.table())
    assert joined.empty.tolist() == [False, True, False, False]
    assert whole.table().shape[1] == len(METRICS)


def test_what_cannot_be_judged_is_refused() -> None:
    none = np.zeros((1, 8, 8), np.bool_)
    with pytest.raises(ValueError, match="evidence in every picture"):
        Ground.on_grid(none, FACE[None], (2, 2))
    ground = Ground.on_grid(EVIDENCE[None], FACE[None], (2, 2))
    with pytest.raises(ValueError, match=r"expected maps \(1, 2, 2\)"):
        score_maps(np.ones((1, 4, 4)), ground)
    with pytest.raises(ValueError, match="finite"):
        score_maps(np.full((1, 2, 2), np.nan), ground)
