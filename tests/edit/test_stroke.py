import numpy as np
import pytest

from engine.edit.apply import apply_edit
from engine.edit.edit import Edit, Stroke, covered, simplified, unturned
from engine.errors import UsageError


def test_a_dab_covers_the_pixels_whose_centre_is_under_it() -> None:
    # On 8 pixels a step is 1/32 of one: step 63 ends at 2, its middle is 63.5 / 32 = 1.98; 64 / 256 of 8 is 2 across.
    under = covered([Stroke(((63, 63),), 64)], 8, 8)
    # Centres at 1.5 and 2.5 are .48 and .52 away in each direction: .68 to .73 from the middle, under a radius of 1.
    expected = np.zeros((8, 8), bool)
    expected[1:3, 1:3] = True
    assert (under == expected).all()


def test_a_line_covers_a_band_and_strokes_add_up() -> None:
    # From x = 1.48 to 6.48 at y = 4.48 (of 8), radius .5: the row whose centres are at 4.5, columns 1 to 6.
    line = Stroke(((47, 143), (207, 143)), 32)
    under = covered([line], 8, 8)
    expected = np.zeros((8, 8), bool)
    expected[4, 1:7] = True
    assert (under == expected).all()
    dab = Stroke(((16, 16),), 32)
    assert (covered([line, dab], 8, 8) == (under | covered([dab], 8, 8))).all()
    assert not covered([], 8, 8).any()


def test_a_stroke_means_the_same_place_at_any_size() -> None:
    stroke = Stroke(((40, 200), (128, 90), (220, 100)), 40)
    small, large = covered([stroke], 48, 48), covered([stroke], 240, 240)
    shares = large.reshape(48, 5, 48, 5).mean(axis=(1, 3))
    assert (shares[small] > 0).all()
    assert abs(small.mean() - large.mean()) < 0.01


def test_simplifying_drops_what_lies_on_the_line_and_keeps_corners_and_ends() -> None:
    straight = Stroke(tuple((x, 10) for x in range(0, 101, 5)), 20)
    assert simplified(straight, 1.0).points == ((0, 10), (100, 10))
    corner = Stroke(((0, 0), (50, 1), (100, 0), (100, 50), (99, 100)), 20)
    assert simplified(corner, 2.0).points == ((0, 0), (100, 0), (99, 100))
    assert simplified(Stroke(((7, 9),) * 4, 20), 1.0).points == ((7, 9),)
    assert simplified(corner, 2.0).diameter == 20


@pytest.mark.parametrize(
    ("points", "diameter"), [((), 9), (((0, 256),), 9), (((-1, 0),), 9), (((0, 0),), 0), (((0, 0),), 256)]
)
def test_what_is_no_stroke_is_refused_with_a_sentence(points: tuple[tuple[int, int], ...], diameter: int) -> None:
    with pytest.raises(UsageError, match="got"):
        Stroke(points, diameter)


def test_what_is_drawn_on_a_turned_face_lands_where_it_is_seen() -> None:
    assert unturned([(0.0, 0.5), (1.0, 1.0)], 0) == ((0, 128), (255, 255))
    # A quarter turn counter-clockwise brings the middle of the right side to the top.
    assert unturned([(0.502, 0.001)], 90) == ((255, 128),)
    face = np.zeros((64, 64), np.uint8)
    face[10:14, 40:44] = 255
    for degrees in (-70, -20, 35, 90):
        turned = apply_edit(face, Edit(rotation=degrees))
        rows, columns = np.nonzero(turned > 128)
        seen = ((columns.mean() + 0.5) / 64, (rows.mean() + 0.5) / 64)
        ((x, y),) = unturned([seen], degrees)
        assert abs((x + 0.5) / 4 - 42) < 0.6
        assert abs((y + 0.5) / 4 - 12) < 0.6
