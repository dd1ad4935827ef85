"""Each training augmentation alone, measured on a bar of light: it does what it says, that far, and nothing else."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from engine.data.transforms import Augmentation, augment

OFF = {"flip": 0.0, "rotate_degrees": 0.0, "shift": 0.0, "scale": 0.0, "brightness": 0.0, "contrast": 0.0, "erase": 0.0}
SIDE, DRAWS = 48, 200


def bar() -> Tensor:
    """A soft, leaning bar on grey, uint8 (DRAWS, 1, 48, 48): every picture the same."""
    rows, columns = torch.meshgrid(torch.arange(SIDE) - 23.5, torch.arange(SIDE) - 23.5, indexing="ij")
    along, across = columns + 0.5 * rows, rows - 0.5 * columns
    light = torch.exp(-(along**2) / 120 - across**2 / 20)
    return (60 + 130 * light).round().to(torch.uint8).expand(DRAWS, 1, SIDE, SIDE).contiguous()


def varied(**how: float) -> Tensor:
    picked: dict[str, float] = {**OFF, **how}
    return augment(bar(), Augmentation(**picked), torch.Generator().manual_seed(3))  # type: ignore[arg-type]


def moments(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The bar's middle (N, 2) as shares of the side, its lean in degrees (N,), and its size (N,), of x in [0, 1]."""
    light = (x[:, 0] * 255 - 60).clamp(min=0)
    light = light / light.sum(dim=(1, 2), keepdim=True)
    at = torch.arange(SIDE) + 0.5
    row, column = light.sum(2) @ at, light.sum(1) @ at
    rows, columns = at[None] - row[:, None], at[None] - column[:, None]
    tall = (light.sum(2) * rows**2).sum(1)
    wide = (light.sum(1) * columns**2).sum(1)
    mixed = torch.einsum("nrc,nr,nc->n", light, rows, columns)
    lean = torch.rad2deg(torch.atan2(2 * mixed, wide - tall) / 2)
    return torch.stack([column, row], dim=1) / SIDE, lean, (tall + wide).sqrt()


STILL = moments(varied())


def reaches(found: Tensor, most: float, slack: float) -> None:
    """Draws fill the range of -most to most evenly, and none goes beyond it."""
    assert float(found.abs().max()) <= most + slack
    assert float(found.max()) > 0.9 * most
    assert float(found.min()) < -0.9 * most
    assert float(found.std()) == pytest.approx(most / math.sqrt(3), rel=0.15)


def test_nothing_varies_where_all_is_off() -> None:
    torch.testing.assert_close(varied(), bar().float() / 255, atol=1e-5, rtol=0)


def test_rotation_turns_about_the_middle() -> None:
    middle, lean, size = moments(varied(rotate_degrees=20))
    reaches(lean - STILL[1], 20, 0.5)
    assert float((middle - STILL[0]).abs().max()) < 0.005
    assert float((size / STILL[2] - 1).abs().max()) < 0.02


def test_shift_moves_each_way_on_its_own() -> None:
    middle, lean, _ = moments(varied(shift=0.1))
    moved = middle - STILL[0]
    for way in (0, 1):
        reaches(moved[:, way], 0.1, 0.005)
    assert abs(float(torch.corrcoef(moved.T)[0, 1])) < 0.2
    assert float((lean - STILL[1]).abs().max()) < 1.5


def test_scale_enlarges_and_shrinks() -> None:
    middle, lean, size = moments(varied(scale=0.2))
    reaches(size / STILL[2] - 1, 0.2, 0.01)
    assert float((middle - STILL[0]).abs().max()) < 0.005
    assert float((lean - STILL[1]).abs().max()) < 0.5


def test_brightness_adds_alike_everywhere() -> None:
    added = varied(brightness=0.15) - varied()
    reaches(added.mean(dim=(1, 2, 3)), 0.15, 1e-4)
    assert float(added.std(dim=(1, 2, 3)).max()) < 1e-5


def test_contrast_widens_about_the_pictures_mean() -> None:
    x, still = varied(contrast=0.15), varied()
    reaches(x.std(dim=(1, 2, 3)) / still.std(dim=(1, 2, 3)) - 1, 0.15, 1e-3)
    torch.testing.assert_close(x.mean(dim=(1, 2, 3)), still.mean(dim=(1, 2, 3)), atol=1e-4, rtol=0)


def test_erasing_fills_one_rectangle_with_noise() -> None:
    picked: dict[str, float] = {**OFF, "erase": 0.6}
    how = Augmentation(**picked, erase_area=(0.05, 0.2))  # type: ignore[arg-type]
    gone = (augment(bar(), how, torch.Generator().manual_seed(3)) - varied())[:, 0].abs() > 1e-6
    areas = gone.float().mean(dim=(1, 2))
    share = float((areas > 0).float().mean())
    assert share == pytest.approx(0.6, abs=0.1)
    filled = areas[areas > 0]
    assert float(filled.min()) > 0.03
    assert float(filled.max()) < 0.25
    assert float(filled.max() - filled.min()) > 0.1
    for picture in gone[areas > 0][:20]:
        rows, columns = picture.any(1).nonzero()[:, 0], picture.any(0).nonzero()[:, 0]
        inside = picture[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        assert float(inside.float().mean()) > 0.95  # whole, but for noise that happens to equal what was there


def test_mirroring_turns_the_lean_round() -> None:
    _, lean, _ = moments(varied(flip=1.0))
    torch.testing.assert_close(lean, -STILL[1], atol=0.1, rtol=0)
