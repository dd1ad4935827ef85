from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from dashboard.views.activations.figures.tiles import (
    ChannelFigures,
    Look,
    activation_sheet,
    colours,
    draw_map,
    filter_picture,
    layer_ranges,
    maps_grid,
    scale_html,
)

FACE = np.full((48, 48), 128, np.uint8)
VALUES = np.array([[[0, 1], [2, 3]], [[0, 0], [0, 8]], [[0, 0], [0, 0]]], np.float32)


def test_one_range_for_a_layer_and_symmetric_where_signed() -> None:
    assert layer_ranges(VALUES, Look()) == ((0.0, 8.0),) * 3
    assert layer_ranges(VALUES, Look("stretch")) == ((0.0, 3.0), (0.0, 8.0), (0.0, 0.0))
    assert layer_ranges(VALUES - 6, Look()) == ((-6.0, 6.0),) * 3
    assert colours(VALUES) != colours(VALUES - 6)


def test_a_bare_map_is_its_cells_and_over_the_face_the_face_shows_through() -> None:
    bare = draw_map(VALUES[0], FACE, (0.0, 8.0), "viridis", Look(), 48)
    assert len(np.unique(bare.reshape(-1, 3), axis=0)) == 4
    over = draw_map(
        VALUES[0], np.tile(np.arange(48, dtype=np.uint8) * 5, (48, 1)), (0.0, 8.0), "viridis", Look(over_face=True), 48
    )
    assert len(np.unique(over.reshape(-1, 3), axis=0)) > 40


def test_the_grid_shows_the_channels_asked_for_with_their_figures() -> None:
    shown = [ChannelFigures(1, 16.0, 4.25, "sad"), ChannelFigures(2, 0.0)]
    html = maps_grid(VALUES, FACE, shown, Look(), marked=1)
    assert html.count("<figure") == 2
    assert html.count("fl-marked") == 1
    assert "apart 4.2 (F) · " in html
    assert "sad" in html
    assert 'alt="channel 1, 0 to 8.000; strongest ' in html
    assert "loud 0 (energy)<" in html
    assert "<span>apart 1.1 (F)</span>" in maps_grid(VALUES, FACE, [ChannelFigures(0, 1.0, 1.1)], Look())
    assert "8.000" in scale_html(VALUES, Look())
    assert "cannot be compared" in scale_html(VALUES, Look("stretch"))


def test_a_filter_with_a_sign_has_its_zero_in_the_middle() -> None:
    picture = filter_picture(np.array([[-1.0, 0.0, 1.0]] * 3, np.float32), signed=True)
    left, middle, right = (picture[70, at].astype(int) for at in (10, 72, 134))
    assert left[2] > left[0]  # blue
    assert right[0] > right[2]  # red
    assert np.ptp(middle) < 30  # grey


@pytest.mark.parametrize("count", [1, 5, 24])
def test_the_sheet_says_its_resolution_and_holds_every_map(count: int) -> None:
    values = np.random.default_rng(0).random((30, 6, 6)).astype(np.float32)
    shown = [ChannelFigures(channel, 1.0) for channel in range(count)]
    png = Image.open(io.BytesIO(activation_sheet(values, FACE, shown, Look(), title="t", footer="f")))
    assert png.format == "PNG"
    assert png.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    assert png.width == 30 + 6 * 270
    assert png.height == 2 * 30 + 2 * 44 + -(-(count + 1) // 6) * (240 + 44 + 30)
