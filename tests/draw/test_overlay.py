import io

import numpy as np
import pytest
from PIL import Image

from engine.draw.colormaps import colormap
from engine.draw.overlay import (
    colorize,
    display_ranges,
    overlay,
    overlay_explanation,
    overlay_gate,
    png_bytes,
    resize_map,
)
from engine.errors import UnknownNameError
from engine.records import AttentionGate, Explanation

FLAT = np.array([[0.497, 0.502]], dtype=np.float32)
WIDE = np.array([[0.1, 0.9]], dtype=np.float32)


def cam(values: list[list[float]], raw_maximum: float, *, signed: bool = False) -> Explanation:
    heatmap = np.array(values, dtype=np.float32)
    return Explanation("gradcam", "block4", "happy", heatmap, signed, float(heatmap.min()), raw_maximum, 0.0)


def test_ranges_of_gates() -> None:
    assert display_ranges([FLAT, WIDE], "fixed") == ((0.0, 1.0), (0.0, 1.0))
    shared = display_ranges([FLAT, WIDE], "shared")
    assert shared[0] == shared[1] == pytest.approx((0.1, 0.9))
    assert display_ranges([FLAT, WIDE], "stretch")[0] == pytest.approx((0.497, 0.502))
    assert display_ranges([], "fixed") == ()


def test_ranges_without_a_natural_one_start_at_zero() -> None:
    assert display_ranges([WIDE, 2 * WIDE], "fixed", natural=None)[0] == pytest.approx((0.0, 1.8))
    assert display_ranges([WIDE, 2 * WIDE], "stretch", natural=None)[0] == pytest.approx((0.0, 0.9))


def test_signed_ranges_are_symmetric() -> None:
    values = np.array([[-0.2, 0.6]], dtype=np.float32)
    assert display_ranges([values], "stretch", natural=None, signed=True)[0] == pytest.approx((-0.6, 0.6))


def test_unknown_scale_lists_the_valid() -> None:
    with pytest.raises(UnknownNameError, match="fixed, shared, stretch"):
        display_ranges([FLAT], "auto")


def test_a_flat_gate_stays_flat_on_the_fixed_scale_and_vivid_when_stretched() -> None:
    def spread(scale: str) -> int:
        (limits,) = display_ranges([FLAT], scale)
        return int(np.abs(np.diff(colorize(FLAT, limits, "grey").astype(int), axis=1)).max())

    assert spread("fixed") <= 2
    assert spread("stretch") == 255


def test_colorize_ends_and_a_range_of_nothing() -> None:
    table = colormap("magma").table
    ends = colorize(np.array([-5.0, 0.0, 1.0, 9.0], dtype=np.float32), (0.0, 1.0), "magma")
    assert ends.tolist() == [table[0].tolist(), table[0].tolist(), table[255].tolist(), table[255].tolist()]
    same = colorize(np.full((2, 2), 0.3, dtype=np.float32), (0.3, 0.3), "magma")
    assert (same == table[0]).all()


def test_resize_by_blocks_and_by_interpolation() -> None:
    values = np.array([[0.0, 1.0]], dtype=np.float32)
    assert resize_map(values, 4, smooth=False)[0].tolist() == [0, 0, 1, 1]
    # Cell centres lie at pixels .5 and 2.5 (of 0-3): linear between them, constant outside.
    assert resize_map(values, 4, smooth=True)[0].tolist() == [0, 0.25, 0.75, 1]


def test_resize_loses_no_row_of_an_odd_grid() -> None:
    values = np.arange(49, dtype=np.float32).reshape(7, 7)
    assert set(resize_map(values, 48, smooth=False).ravel()) == set(values.ravel())


def test_opacity_goes_from_the_grey_face_to_the_map() -> None:
    face = np.zeros((8, 8, 3), dtype=np.uint8)
    face[..., 0] = 200  # luma .299 * 200 = 60
    ones = np.ones((2, 2), dtype=np.float32)
    assert (overlay(face, ones, opacity=0.0, size=16) == 60).all()
    assert (overlay(face, ones, opacity=1.0, size=16) == colormap("viridis").table[255]).all()
    half = overlay(face, ones, colors="grey", opacity=0.5, size=16)
    assert half.shape == (16, 16, 3)
    assert abs(int(half[0, 0, 0]) - (60 + 255) // 2) <= 1


@pytest.mark.parametrize(
    ("values", "opacity", "word"), [(np.zeros((2, 2, 2)), 0.5, "two axes"), (np.zeros((2, 2)), 1.5, "opacity")]
)
def test_overlay_refuses(values: np.ndarray, opacity: float, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        overlay(np.zeros((8, 8), dtype=np.uint8), values.astype(np.float32), opacity=opacity)


def test_a_channel_gate_has_no_place() -> None:
    gate = AttentionGate("block1.channel", "channel", np.ones(4, dtype=np.float32))
    with pytest.raises(ValueError, match="no place in the picture"):
        overlay_gate(np.zeros((8, 8), dtype=np.uint8), gate)


def test_a_map_without_positive_evidence_is_not_drawn() -> None:
    face = np.full((8, 8), 90, dtype=np.uint8)
    assert overlay_explanation(face, cam([[0.0, 0.0]], raw_maximum=-0.1)) is None
    assert overlay_explanation(face, cam([[0.0, 0.4]], raw_maximum=0.4)) is not None


def test_a_signed_map_is_grey_where_it_is_zero() -> None:
    drawn = overlay_explanation(
        np.zeros((8, 8), dtype=np.uint8), cam([[-1.0, 0.0, 1.0]], 1.0, signed=True), opacity=1.0
    )
    assert drawn is not None
    blue, grey, red = drawn[5, 10].astype(int), drawn[5, 144].astype(int), drawn[5, 280].astype(int)
    assert blue[2] > blue[0] + 50
    assert red[0] > red[2] + 50
    assert np.ptp(grey) <= 2


def test_png_round_trip() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    assert (np.asarray(Image.open(io.BytesIO(png_bytes(picture)))) == picture).all()
