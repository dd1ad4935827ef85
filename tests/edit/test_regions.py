from __future__ import annotations

import numpy as np
import pytest

from engine.data.drawn import synthetic_face, synthetic_id
from engine.edit.face_template import (
    REGIONS,
    PictureRegions,
    region_covers,
    region_maps,
    region_masses,
    synthetic_map,
    template_map,
)


def at(x: float, y: float, size: int = 48) -> str:
    """Name the template's region at (x, y), fractions of the crop."""
    return REGIONS[template_map(size)[int(y * size), int(x * size)]]


@pytest.mark.parametrize("size", [48, 96, 224])
@pytest.mark.parametrize(
    ("x", "y", "region"),
    [
        (0.3, 0.27, "brows"), (0.7, 0.27, "brows"), (0.3, 0.37, "eyes"), (0.7, 0.37, "eyes"), (0.5, 0.6, "nose"),
        (0.5, 0.37, "nose"), (0.5, 0.78, "mouth"), (0.25, 0.6, "cheeks"), (0.75, 0.6, "cheeks"),
        (0.5, 0.1, "forehead"), (0.5, 0.27, "forehead"), (0.5, 0.93, "chin"), (0.14, 0.37, "other_skin"),
        (0.02, 0.02, "off_face"), (0.98, 0.98, "off_face"), (0.03, 0.5, "off_face"),
    ],
)  # fmt: skip
def test_the_template_has_each_part_where_an_aligned_face_has_it(x: float, y: float, region: str, size: int) -> None:
    assert at(x, y, size) == region


def test_the_template_is_symmetric_and_has_every_region() -> None:
    regions = template_map(96)
    assert (regions == regions[:, ::-1]).all()
    assert set(np.unique(regions)) == set(range(len(REGIONS)))


def test_built_in_faces_have_their_own_regions() -> None:
    name = synthetic_id("test", 3)
    face = synthetic_face(name, 48)
    found = synthetic_map(name, 48)
    for region in ("mouth", "eyes", "brows", "nose", "other_skin"):
        assert ((found == REGIONS.index(region)) == face.region(region)).all()
    off = face.region("background") | face.region("hair")
    assert ((found == REGIONS.index("off_face")) == off).all()
    both = region_maps("synthetic", [name, synthetic_id("test", 4)], 48)
    assert both.shape == (2, 48, 48)
    assert (both[0] == found).all()
    assert (both[0] != both[1]).any()
    assert (region_maps("fer2013", [name], 48)[0] == template_map(48)).all()


@pytest.mark.parametrize("grid", [(48, 48), (12, 12), (7, 7), (5, 9)])
def test_covers_share_out_every_cell(grid: tuple[int, int]) -> None:
    covers = region_covers(template_map(48)[None], grid)
    assert covers.shape == (1, len(REGIONS), *grid)
    np.testing.assert_allclose(covers.sum(axis=1), 1.0, rtol=1e-6)


def test_masses_by_hand() -> None:
    regions = np.zeros((1, 4, 4), np.uint8)  # brows,
    regions[0, :, 3] = 3  # with a mouth in the last column: half of the right cells
    masses = region_masses(np.array([[[1.0, 2.0], [-5.0, 1.0]]]), region_covers(regions, (2, 2)))
    expected = dict.fromkeys(REGIONS, 0.0) | {"brows": (1.0 + 1.0 + 0.5) / 4.0, "mouth": (1.0 + 0.5) / 4.0}
    assert masses[0].tolist() == pytest.approx(list(expected.values()))


def test_each_picture_has_its_own_covers() -> None:
    regions = np.stack([np.full((4, 4), k, np.uint8) for k in (0, 3)])
    masses = region_masses(np.ones((2, 2, 2)), region_covers(regions, (2, 2)))
    assert masses[0, 0] == masses[1, 3] == 1.0


def test_a_map_without_anything_positive_has_no_masses() -> None:
    masses = region_masses(np.stack([-np.ones((6, 6)), np.ones((6, 6))]), region_covers(template_map(48)[None], (6, 6)))
    assert np.isnan(masses[0]).all()
    assert masses[1].sum() == pytest.approx(1.0)


@pytest.mark.parametrize("grid", [(48, 48), (24, 24), (6, 6), (12, 3), (1, 1), (7, 7), (5, 9)])
@pytest.mark.parametrize("own", [True, False])
def test_masses_over_pictures_regions_are_those_over_their_covers(grid: tuple[int, int], own: bool) -> None:
    ids = [synthetic_id("test", index) for index in range(3)]
    regions = region_maps("synthetic" if own else "fer2013", ids, 48)
    maps = np.random.default_rng(0).normal(size=(3, *grid)).astype(np.float32)
    maps[1] = -1.0
    maps[0, 0, 0] = maps[2, 0, 0] = 1.0  # these have something positive, also on a grid of one cell
    ready = PictureRegions(regions)
    for _ in range(2):  # the second time with what the first has worked out
        found = ready.masses(maps)
        np.testing.assert_allclose(found, region_masses(maps, region_covers(regions, grid)), rtol=1e-5, atol=1e-7)
        assert np.isnan(found[1]).all()
        assert np.isfinite(found[[0, 2]]).all()
