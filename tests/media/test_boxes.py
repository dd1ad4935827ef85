from __future__ import annotations

import pytest

from engine.media.boxes import part_inside, shared_area, without_overlaps
from engine.records import FaceBox


def test_overlapping_finds_are_one_face() -> None:
    inner, outer, apart = FaceBox(20, 20, 40, 40), FaceBox(10, 10, 80, 80), FaceBox(100, 10, 40, 40)
    kept = without_overlaps([(55.0, inner), (57.0, outer), (56.0, apart)])
    assert kept == [outer, apart]
    assert shared_area(FaceBox(0, 0, 10, 10), FaceBox(5, 0, 20, 10)) == pytest.approx(0.5)
    assert shared_area(FaceBox(0, 0, 10, 10), FaceBox(10, 0, 10, 10)) == 0.0


def test_a_box_is_cut_at_the_border_and_given_up_where_little_is_left() -> None:
    assert part_inside(-10, 5, 40, 55, 100, 100) == FaceBox(0, 5, 40, 50)
    assert part_inside(-30, 5, 20, 55, 100, 100) is None
