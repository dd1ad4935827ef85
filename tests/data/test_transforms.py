from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.data.transforms import Augmentation, augment, normalise, ten_crop, to_tensor
from engine.records import InputSpec

STILL = Augmentation(flip=0, rotate_degrees=0, shift=0, scale=0, brightness=0, contrast=0, erase=0)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def batch() -> torch.Tensor:
    return torch.randint(0, 256, (6, 1, 16, 16), generator=seeded(9), dtype=torch.uint8)


def test_to_tensor() -> None:
    grey = np.arange(2 * 4 * 4, dtype=np.uint8).reshape(2, 4, 4)
    assert to_tensor(grey).shape == (2, 1, 4, 4)
    colour = np.arange(2 * 4 * 5 * 3, dtype=np.uint8).reshape(2, 4, 5, 3)
    tensor = to_tensor(colour)
    assert tensor.shape == (2, 3, 4, 5)
    assert int(tensor[1, 2, 3, 4]) == int(colour[1, 3, 4, 2])


def test_normalise_by_hand() -> None:
    spec = InputSpec(size=16, channels=3, mean=(0.5, 0.0, 1.0), std=(0.25, 1.0, 2.0))
    x = torch.tensor([255, 51, 0], dtype=torch.uint8).view(1, 3, 1, 1)
    expected = torch.tensor([2.0, 0.2, -0.5])
    torch.testing.assert_close(normalise(x, spec).flatten(), expected)
    torch.testing.assert_close(normalise(x.float() / 255, spec).flatten(), expected)


def test_no_variation_gives_the_picture(batch: torch.Tensor) -> None:
    torch.testing.assert_close(augment(batch, STILL, seeded()), batch.float() / 255, atol=1e-5, rtol=0)


def test_mirroring(batch: torch.Tensor) -> None:
    mirrored = augment(batch, Augmentation(**{**vars(STILL), "flip": 1.0}), seeded())
    torch.testing.assert_close(mirrored, batch.flip(-1).float() / 255, atol=1e-5, rtol=0)
    some = augment(batch.repeat(20, 1, 1, 1), Augmentation(**{**vars(STILL), "flip": 0.5}), seeded())
    share = (
        sum(torch.allclose(a, b / 255, atol=1e-4) for a, b in zip(some, batch.repeat(20, 1, 1, 1), strict=True)) / 120
    )
    assert 0.35 < share < 0.65


def test_the_generator_decides_all(batch: torch.Tensor) -> None:
    how = Augmentation(erase=0.5)
    assert torch.equal(augment(batch, how, seeded(4)), augment(batch, how, seeded(4)))
    assert not torch.equal(augment(batch, how, seeded(4)), augment(batch, how, seeded(5)))
    torch.manual_seed(1)  # and not the global one
    first = torch.rand(1)
    torch.manual_seed(1)
    augment(batch, how, seeded(4))
    assert torch.equal(torch.rand(1), first)


def test_each_picture_is_varied_on_its_own() -> None:
    same = torch.randint(0, 256, (1, 1, 16, 16), generator=seeded(2), dtype=torch.uint8).repeat(8, 1, 1, 1)
    varied = augment(same, Augmentation(), seeded())
    assert all(not torch.equal(varied[0], other) for other in varied[1:])


def test_the_range_is_kept(batch: torch.Tensor) -> None:
    varied = augment(batch, Augmentation(brightness=0.9, contrast=0.9, erase=1.0), seeded())
    assert varied.dtype == torch.float32
    assert float(varied.min()) >= 0
    assert float(varied.max()) <= 1


def test_shifting_moves_and_repeats_the_border() -> None:
    ramp = torch.arange(16, dtype=torch.uint8).mul(16).view(1, 1, 1, 16).repeat(4, 1, 16, 1)
    moved = augment(ramp, Augmentation(**{**vars(STILL), "shift": 0.25}), seeded(1)) * 255 / 16
    for row in moved[:, 0, 8]:
        steps = row.diff()
        assert float(row.min()) >= 0  # no black comes in
        assert bool((steps >= -1e-4).all())
        offset = float(row[8]) - 8
        assert 0 < abs(offset) <= 4.01
        inside = row[4:12] - torch.arange(4.0, 12.0)
        torch.testing.assert_close(inside, torch.full((8,), offset), atol=1e-3, rtol=0)


def test_scale_keeps_the_centre() -> None:
    rows, columns = torch.meshgrid(torch.arange(32.0), torch.arange(32.0), indexing="ij")
    disc = (((rows - 15.5) ** 2 + (columns - 15.5) ** 2) < 64).to(torch.uint8).mul(255)[None, None].repeat(16, 1, 1, 1)
    sizes = augment(disc, Augmentation(**{**vars(STILL), "scale": 0.2}), seeded()).sum(dim=(1, 2, 3)) / 200
    assert 0.6 < float(sizes.min()) < 0.95
    assert 1.05 < float(sizes.max()) < 1.5


def test_erasing_fills_one_rectangle_of_the_share_asked_for() -> None:
    blank = torch.zeros(40, 1, 32, 32, dtype=torch.uint8)
    erased = augment(blank, Augmentation(**{**vars(STILL), "erase": 0.5, "erase_area": (0.1, 0.2)}), seeded()) > 0
    hit = erased.flatten(1).any(dim=1)
    assert 8 <= int(hit.sum()) <= 32
    for picture in erased[hit]:
        rows, columns = picture[0].any(dim=1).nonzero(), picture[0].any(dim=0).nonzero()
        height = int(rows.max() - rows.min()) + 1
        width = int(columns.max() - columns.min()) + 1
        assert int(picture.sum()) == height * width
        assert 0.07 < height * width / 1024 < 0.25


def test_the_ramp_grows_from_nothing_to_all() -> None:
    how = Augmentation(rotate_degrees=10, erase=0.4, ramp_epochs=4)
    assert how.at(0.0).rotate_degrees == 0
    assert how.at(1.0).erase == pytest.approx(0.1)
    assert how.at(1.0).flip == how.flip
    assert how.at(4.0) == how
    assert Augmentation().at(0.0) == Augmentation()


def test_ten_crop() -> None:
    x = torch.rand(2, 1, 48, 48, generator=seeded())
    views = ten_crop(x)
    assert views.shape == (10, 2, 1, 48, 48)
    torch.testing.assert_close(views[5:], views[:5].flip(-1))
    assert all(not torch.equal(views[i], views[j]) for i in range(10) for j in range(i))


def test_the_fifth_view_is_the_centre_crop_resized_by_hand() -> None:
    x = torch.rand(1, 1, 48, 48, generator=seeded())
    crop = x[0, 0, 2:46, 2:46].numpy()  # 11/12 of 48 is 44, centred
    # Bilinear without aligned corners: output centre i + .5 lies at (i + .5) 44/48 - .5 of the crop.
    at = np.clip((np.arange(48) + 0.5) * 44 / 48 - 0.5, 0, 43)
    low = np.floor(at).astype(int)
    high, share = np.minimum(low + 1, 43), at - low
    rows = crop[low] * (1 - share)[:, None] + crop[high] * share[:, None]
    expected = rows[:, low] * (1 - share) + rows[:, high] * share
    np.testing.assert_allclose(ten_crop(x)[4, 0, 0].numpy(), expected, atol=1e-5)


def test_corner_views_see_their_corner() -> None:
    x = torch.zeros(1, 1, 48, 48)
    x[..., :2, :2] = 1.0
    seen = ten_crop(x).amax(dim=(1, 2, 3, 4))
    assert [bool(value > 0.5) for value in seen[:5]] == [True, False, False, False, False]
