from __future__ import annotations

import cv2
import pytest

from engine.live.matching import patch_of
from engine.live.tracking import REACH, find_patch
from engine.records import UInt8
from tests.live.made_live import SIDE, scene


def grey(*faces: tuple[int, float, float]) -> UInt8:
    return cv2.cvtColor(scene(faces), cv2.COLOR_RGB2GRAY)


PATCH = patch_of(grey((1, 100, 80)), 100, 80, SIDE, SIDE)


@pytest.mark.parametrize(("across", "down"), [(0, 0), (7, -4), (-12, 9), (2.5, 1.5), (20, 0)])
def test_a_face_is_found_where_it_went(across: float, down: float) -> None:
    found = find_patch(grey((1, 100 + across, 80 + down)), PATCH, 124, 104, SIDE, SIDE)
    assert found.score > 0.9
    assert found.x == pytest.approx(124 + across, abs=1.0)
    assert found.y == pytest.approx(104 + down, abs=1.0)


def test_what_is_hidden_scores_low() -> None:
    assert find_patch(grey((1, 100, 80), (2, 98, 78)), PATCH, 124, 104, SIDE, SIDE).score < 0.6
    assert find_patch(grey(), PATCH, 124, 104, SIDE, SIDE).score < 0.6


def test_beyond_its_reach_it_is_not_found() -> None:
    far = 100 + (REACH + 0.6) * SIDE
    assert find_patch(grey((1, far, 80)), PATCH, 124, 104, SIDE, SIDE).score < 0.8


def test_at_the_picture_edge() -> None:
    patch = patch_of(grey((1, 0, 0)), 0, 0, SIDE, SIDE)
    found = find_patch(grey((1, 4, 3)), patch, 24, 24, SIDE, SIDE)
    assert (found.x, found.y) == (pytest.approx(28, abs=1.0), pytest.approx(27, abs=1.0))
