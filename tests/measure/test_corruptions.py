from __future__ import annotations

import numpy as np
import pytest

from engine.errors import UnknownNameError, UsageError
from engine.measure.robustness import CORRUPTIONS, SEVERITIES, corrupt
from tests.made import make_dataset

DATA = make_dataset(2, side=48)
GREY = np.full((1, 40, 40), 100, np.uint8)


@pytest.mark.parametrize("name", CORRUPTIONS)
@pytest.mark.parametrize("colour", [False, True])
def test_every_severity_is_worse_and_stays_a_picture(name: str, colour: bool) -> None:
    images = np.repeat(DATA.images[..., None], 3, axis=3) if colour else DATA.images
    before = images.copy()
    away = []
    for severity in SEVERITIES:
        worse = corrupt(images, DATA.ids, name, severity)
        assert (worse.shape, worse.dtype) == (images.shape, np.uint8)
        away.append(np.abs(worse.astype(float) - images).mean())
    assert away == sorted(away)
    assert away[0] > 0
    assert len(set(away)) == 5
    np.testing.assert_array_equal(images, before)


def test_amounts_mean_what_they_say() -> None:
    assert corrupt(GREY, ["a"], "brightness", 3).max() == 176
    assert corrupt(GREY + 150, ["a"], "brightness", 5).max() == 255  # clipped, not wrapped
    noisy = corrupt(np.full((1, 200, 200), 128, np.uint8), ["a"], "noise", 2).astype(float) - 128
    assert noisy.std() == pytest.approx(16, abs=0.5)
    assert noisy.mean() == pytest.approx(0, abs=0.5)
    # A single bright column spreads over about sigma = .03 x 40 = 1.2 pixels.
    line = np.zeros((1, 41, 41), np.uint8)
    line[:, :, 20] = 255
    spread = corrupt(line, ["a"], "blur", 3)[0, 20].astype(float)
    away = np.arange(41) - 20
    assert np.sqrt((spread * away**2).sum() / spread.sum()) == pytest.approx(0.03 * 41, rel=0.1)


def test_the_occluder_is_a_square_in_the_mean_colour() -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (1, 50, 50)).astype(np.uint8)
    places = []
    for name in "abcdefgh":
        changed = np.argwhere(corrupt(images, [name], "occlusion", 2)[0] != images[0])
        size = np.ptp(changed, axis=0) + 1
        assert size.max() <= 0.3 * 50 + 1
        places.append(tuple(changed.mean(axis=0)))
    assert len(set(places)) == 8
    covered = corrupt(images, ["a"], "occlusion", 5)[0]
    value, count = np.unique(covered, return_counts=True)
    assert value[count.argmax()] == round(float(images.mean()))


@pytest.mark.parametrize("name", ["noise", "occlusion"])
def test_chance_hangs_on_seed_and_id_alone(name: str) -> None:
    whole = corrupt(DATA.images, DATA.ids, name, 3)
    some = [9, 2]
    alone = corrupt(DATA.images[some], [DATA.ids[i] for i in some], name, 3)
    np.testing.assert_array_equal(whole[some], alone)
    assert not np.array_equal(whole, corrupt(DATA.images, DATA.ids, name, 3, seed=1))


def test_wrong_names_and_severities() -> None:
    with pytest.raises(UnknownNameError, match="valid: blur, noise, jpeg, brightness, occlusion"):
        corrupt(GREY, ["a"], "fog", 1)
    with pytest.raises(UsageError, match="from 1 to 5, got 6"):
        corrupt(GREY, ["a"], "blur", 6)
    with pytest.raises(ValueError, match="as uint8"):
        corrupt(GREY.astype(float), ["a"], "blur", 1)  # type: ignore[arg-type]
