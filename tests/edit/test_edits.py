import math
from dataclasses import replace

import numpy as np
import pytest

from engine.edit.apply import apply_edit, hidden_mask
from engine.edit.edit import SPANS, Edit, Stroke, covered
from engine.edit.fills import GREY
from engine.edit.regions import FaceRegions
from engine.errors import UsageError
from tests.explain.known import noise

FACE = noise(1)[0]
COLOUR = np.stack(noise(3), axis=2)
SECOND = noise(1, seed=5)[0]
TOP = np.zeros((16, 16), np.uint8)
TOP[8:] = 1
REGIONS = FaceRegions(("eyes", "mouth"), TOP, exact=True)


@pytest.mark.parametrize("face", [FACE, COLOUR, FACE[:, :9]], ids=["grey", "colour", "oblong"])
def test_no_edit_gives_every_bit_back_in_a_new_array(face: np.ndarray) -> None:
    for edit in (Edit(), Edit(fill="grey")):
        edited = apply_edit(face, edit)
        assert (edited == face).all()
        assert edited is not face
        assert not np.shares_memory(edited, face)


@pytest.mark.parametrize("name", SPANS)
def test_every_number_changes_the_picture_and_keeps_shape_and_original(name: str) -> None:
    for face in (FACE, COLOUR):
        before = face.copy()
        edited = apply_edit(face, replace(Edit(), **{name: SPANS[name].high}))
        assert edited.dtype == np.uint8
        assert edited.shape == face.shape
        assert (edited != face).any()
        assert (face == before).all()


def test_brightness_adds_a_share_of_the_range_and_stops_at_its_ends() -> None:
    row = np.array([[0, 100, 250]], np.uint8)
    assert apply_edit(row, Edit(brightness=20)).tolist() == [[51, 151, 255]]
    assert apply_edit(row, Edit(brightness=-20)).tolist() == [[0, 49, 199]]


def test_contrast_stretches_about_the_mean_and_keeps_it() -> None:
    row = np.array([[80, 100, 120]], np.uint8)
    assert apply_edit(row, Edit(contrast=150)).tolist() == [[70, 100, 130]]
    assert apply_edit(row, Edit(contrast=50)).tolist() == [[90, 100, 110]]
    # Contrast first, then brightness: 70 + 25.5 and so on.
    assert apply_edit(row, Edit(contrast=150, brightness=10)).tolist() == [[96, 126, 156]]


def test_rotation_is_counter_clockwise_about_the_middle() -> None:
    assert (apply_edit(FACE, Edit(rotation=90)) == np.rot90(FACE)).all()
    assert (apply_edit(COLOUR, Edit(rotation=-90)) == np.rot90(COLOUR, -1)).all()
    dot = np.zeros((33, 33), np.uint8)
    dot[16, 26] = 200  # ten right of the middle
    row, column = np.unravel_index(apply_edit(dot, Edit(rotation=30)).argmax(), dot.shape)
    assert (row, column) == (16 - 5, round(16 + 10 * math.cos(math.pi / 6)))
    flat = np.full((16, 16), 77, np.uint8)
    assert (apply_edit(flat, Edit(rotation=17)) == 77).all()  # nothing dark comes in at the corners


def test_blur_is_a_gaussian_of_that_many_pixels() -> None:
    dot = np.zeros((31, 31), np.uint8)
    dot[15, 15] = 255
    blurred = apply_edit(dot, Edit(blur_tenths=20))
    total = sum(math.exp(-(x**2) / 8) for x in range(-30, 31))
    for down, right in ((0, 0), (0, 2), (3, 1)):
        wanted = 255 * math.exp(-(down**2 + right**2) / 8) / total**2
        assert abs(int(blurred[15 + down, 15 + right]) - wanted) <= 1
    assert blurred[15, 15] == 10


def test_hidden_regions_and_strokes_are_filled_together() -> None:
    stroke = Stroke(((128, 40),), 60)
    edit = Edit(strokes=(stroke,), hidden=("mouth",), fill="grey")
    mask = covered([stroke], 16, 16) | (TOP == 1)
    assert (hidden_mask(edit, REGIONS, 16, 16) == mask).all()
    assert 128 < mask.sum() < 256
    edited = apply_edit(FACE, edit, REGIONS)
    assert (edited[mask] == GREY).all()
    assert (edited[~mask] == FACE[~mask]).all()
    assert (apply_edit(FACE, replace(edit, hidden=()))[TOP == 1] == FACE[TOP == 1]).all()


def test_a_swapped_region_is_the_second_face_with_a_soft_edge() -> None:
    half = Edit(swapped=("mouth",))
    edited = apply_edit(FACE, half, REGIONS, second=SECOND)
    # On 16 pixels the edge is softened by a third of a pixel: two rows away nothing is left of it.
    assert (edited[10:] == SECOND[10:]).all()
    assert (edited[:6] == FACE[:6]).all()
    assert (apply_edit(FACE, Edit(swapped=("eyes", "mouth")), REGIONS, second=SECOND) == SECOND).all()
    low, high = np.full((16, 16), 0, np.uint8), np.full((16, 16), 200, np.uint8)
    down = apply_edit(low, half, REGIONS, second=high)[:, 3].astype(int)
    assert (np.diff(down) >= 0).all()
    assert 0 < down[7] < 100 < down[8] < 200


def test_a_region_is_swapped_where_it_lies_in_either_face() -> None:
    wider = TOP.copy()
    wider[4:8] = 1
    regions = FaceRegions(REGIONS.names, wider, exact=True)
    edited = apply_edit(FACE, Edit(swapped=("mouth",)), REGIONS, second=SECOND, second_regions=regions)
    assert (edited[6:] == SECOND[6:]).all()
    assert (edited[:2] == FACE[:2]).all()


def test_the_order_is_swap_hide_rotate_blur_expose() -> None:
    both = Edit(swapped=("mouth",), hidden=("mouth",), fill="grey")
    assert (apply_edit(FACE, both, REGIONS, second=SECOND)[10:] == GREY).all()
    turned = Edit(hidden=("mouth",), fill="grey", rotation=90)
    # The lower half is hidden, then turned: it comes to lie on the right.
    assert (apply_edit(FACE, turned, REGIONS)[:, 8:] == GREY).all()
    everything = Edit(swapped=("eyes",), hidden=("mouth",), rotation=33, blur_tenths=7, contrast=140, brightness=-9)
    one_by_one = FACE
    for step in (
        Edit(swapped=("eyes",)),
        Edit(hidden=("mouth",)),
        Edit(rotation=33),
        Edit(blur_tenths=7),
        Edit(contrast=140, brightness=-9),
    ):
        one_by_one = apply_edit(one_by_one, step, REGIONS, second=SECOND)
    assert (apply_edit(FACE, everything, REGIONS, second=SECOND) == one_by_one).all()


def test_what_an_edit_needs_is_said() -> None:
    with pytest.raises(UsageError, match="none are known for it"):
        apply_edit(FACE, Edit(hidden=("mouth",)))
    with pytest.raises(UsageError, match="needs a second face of shape"):
        apply_edit(FACE, Edit(swapped=("mouth",)), REGIONS)
    with pytest.raises(UsageError, match="needs a second face of shape"):
        apply_edit(FACE, Edit(swapped=("mouth",)), REGIONS, second=COLOUR)
    with pytest.raises(UsageError, match="Expected regions of 9 x 16 pixels as the face has, got 16 x 16"):
        apply_edit(FACE[:, :9], Edit(hidden=("mouth",)), REGIONS)
    with pytest.raises(UsageError, match="Unknown region 'ear'"):
        apply_edit(FACE, Edit(hidden=("ear",)), REGIONS)
