from __future__ import annotations

import numpy as np
import pytest

from engine.live.matching import SIDE, Appearance, appearance_of, cut_out, patch_of, similarity
from tests.live.made_live import scene


def looks(seed: int, shift: float = 0.0) -> Appearance:
    return appearance_of(scene([(seed, 100, 80)]), 100 + shift, 80, 48, 48)


def test_a_face_is_most_like_itself() -> None:
    assert similarity(looks(1), looks(1)) == pytest.approx(1.0, abs=1e-3)
    assert similarity(looks(1), looks(1, shift=3.0)) > 0.9  # boxes jitter
    others = [similarity(looks(1), looks(seed)) for seed in range(2, 8)]
    assert max(others) < 0.75
    assert min(others) >= 0.0


def test_brightness_does_not_make_another_face() -> None:
    picture = scene([(1, 100, 80)])
    darker = (picture * 0.7).astype(np.uint8)
    assert similarity(looks(1), appearance_of(darker, 100, 80, 48, 48)) > 0.85


def test_a_flat_patch_has_no_likeness_in_shape() -> None:
    flat = appearance_of(np.full((60, 60, 3), 90, np.uint8), 5, 5, 40, 40)
    assert similarity(flat, looks(1)) <= 0.5
    assert np.isfinite(similarity(looks(1), flat))


def test_outside_the_picture_its_edge_is_repeated() -> None:
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert cut_out(grey, -1, 0, 3, 2).tolist() == [[0, 0, 1], [4, 4, 5]]
    assert cut_out(grey, 3, 2, 2, 2).tolist() == [[11, 11], [11, 11]]
    assert cut_out(grey, 1.4, 0.6, 0.2, 0.2).tolist() == [[5]]  # never empty
    assert patch_of(grey, 0, 0, 4, 3).shape == (SIDE, SIDE)


def test_blending_moves_towards_the_other() -> None:
    one, two = looks(1), looks(2)
    half = one.blended(two, 0.5)
    np.testing.assert_allclose(half.colours, (one.colours + two.colours) / 2, atol=1e-6)
    assert abs(float(half.patch.mean()) - (float(one.patch.mean()) + float(two.patch.mean())) / 2) <= 1
    assert similarity(one.blended(two, 0.0), one) == similarity(one, one)
