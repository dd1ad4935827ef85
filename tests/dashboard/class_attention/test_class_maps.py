from __future__ import annotations

import base64

import numpy as np
import pytest

from dashboard.views.class_attention.figures.detail import detail_cards, detail_html, detail_ranges
from dashboard.views.class_attention.figures.face_outline import outline_style, outline_svg
from dashboard.views.class_attention.figures.grid import (
    ALL_CLASSES,
    DIFFERENCE,
    FATE,
    MEAN,
    SPREAD,
    CellMap,
    cell_ranges,
    column_note,
    column_title,
    count_words,
    grid_html,
    layer_cells,
    map_layers,
    said,
    scale_html,
)
from engine.analysis.files.attention import AttentionFile
from tests.dashboard.made_attention import CLASSES, LABELS, MAPS, RIGHT, write_made

GATE = "block1.spatial"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> AttentionFile:
    return write_made(tmp_path_factory.mktemp("made"))


def test_channel_gates_have_no_column_and_headings_say_whose_class_a_map_is_for(file: AttentionFile) -> None:
    assert map_layers(file) == (GATE, "gradcam.predicted")
    assert (column_title(GATE), column_note(GATE, CLASSES)) == ("block 1", "class-agnostic")
    assert (column_title("gradcam.true"), column_note("gradcam.true", CLASSES)) == ("Grad-CAM", "of the true class")
    assert column_note("head.sad", CLASSES) == "of sad"


def test_a_cell_is_the_mean_or_the_spread_of_its_pictures(file: AttentionFile) -> None:
    happy, sad, fear = layer_cells(file, "m", GATE, MEAN)
    assert happy.values is not None
    np.testing.assert_allclose(happy.values, MAPS[LABELS == 0].mean(axis=0), atol=1e-6)
    assert (happy.n, sad.n, fear.n) == (40, 4, 0)
    assert fear.values is None
    wrong = layer_cells(file, "m", GATE, MEAN, group="wrong")[0]
    assert wrong.values is not None
    np.testing.assert_allclose(wrong.values, MAPS[(LABELS == 0) & ~RIGHT].mean(axis=0), atol=1e-6)
    spread = layer_cells(file, "m", GATE, SPREAD)[0]
    assert spread.values is not None
    np.testing.assert_allclose(spread.values, MAPS[LABELS == 0].std(axis=0, ddof=1), atol=1e-5)


def test_differences_are_from_all_from_one_class_or_of_right_and_wrong(file: AttentionFile) -> None:
    happy, sad = (MAPS[k == LABELS].mean(axis=0) for k in range(2))
    cases = [
        (layer_cells(file, "m", GATE, DIFFERENCE)[0], happy - (happy + sad) / 2, 40),
        (layer_cells(file, "m", GATE, DIFFERENCE, reference="sad")[0], happy - sad, 4),
        (
            layer_cells(file, "m", GATE, FATE)[0],
            MAPS[(LABELS == 0) & RIGHT].mean(axis=0) - MAPS[(LABELS == 0) & ~RIGHT].mean(axis=0),
            10,
        ),
    ]
    for cell, expected, n in cases:
        assert cell.values is not None
        np.testing.assert_allclose(cell.values, expected, atol=1e-6)
        assert cell.n == n
        assert cell.contrast is not None
    # No picture to subtract from, or to subtract.
    assert layer_cells(file, "m", GATE, DIFFERENCE)[2].values is None
    assert layer_cells(file, "m", GATE, DIFFERENCE, reference="fear")[0].values is None
    assert layer_cells(file, "m", GATE, FATE)[2].values is None
    with pytest.raises(ValueError, match="mean"):
        layer_cells(file, "m", GATE, "median")


def cell(layer: str, low: float, high: float, model: str = "m") -> CellMap:
    return CellMap(model, layer, "happy", np.array([[low, high]]), 40)


def test_scales_are_fixed_shared_or_a_layers_and_never_mix_gates_with_gradcam() -> None:
    cells = [cell("a.spatial", 0.4, 0.6), cell("b.spatial", 0.1, 0.5, "other"), cell("gradcam.true", 1.0, 7.0)]
    assert cell_ranges(cells, MEAN, "fixed") == {"a.spatial": (0, 1), "b.spatial": (0, 1), "gradcam.true": (0, 7)}
    assert cell_ranges(cells, MEAN, "shared")["a.spatial"] == (0.1, 0.6)
    assert cell_ranges(cells, MEAN, "by layer") == {
        "a.spatial": (0.4, 0.6), "b.spatial": (0.1, 0.5), "gradcam.true": (0.0, 7.0),
    }  # fmt: skip
    assert cell_ranges(cells, SPREAD, "shared")["a.spatial"] == (0.0, 0.6)
    # Two models' maps of one layer share its range.
    both = [cell("a.spatial", 0.4, 0.6), cell("a.spatial", 0.2, 0.5, "other")]
    assert cell_ranges(both, MEAN, "by layer") == {"a.spatial": (0.2, 0.6)}
    with pytest.raises(ValueError, match="by layer"):
        cell_ranges(cells, MEAN, "own")


def test_attention_received_is_a_unit_of_its_own() -> None:
    cells = [
        cell("block1.spatial", 0.4, 0.6), cell("block1.attention.received", 0.006, 0.009),
        cell("block2.attention.received", 0.001, 0.02), cell("gradcam.true", 1.0, 7.0),
    ]  # fmt: skip
    assert cell_ranges(cells, MEAN, "fixed") == {
        "block1.spatial": (0, 1), "block1.attention.received": (0, 0.02), "block2.attention.received": (0, 0.02),
        "gradcam.true": (0, 7),
    }  # fmt: skip
    assert cell_ranges(cells, MEAN, "shared")["block1.spatial"] == (0.4, 0.6)
    assert cell_ranges(cells, MEAN, "by layer")["block1.attention.received"] == (0, 0.009)
    html = scale_html(cell_ranges(cells, MEAN, "fixed"), MEAN, "fixed")
    assert [html.count(f"<span>{unit}</span>") for unit in ("gates", "attention received", "Grad-CAM")] == [1, 1, 1]
    name = "block1.attention.received"
    assert (column_title(name), column_note(name, CLASSES)) == ("block 1", "class-agnostic")


def test_differences_are_drawn_around_zero_and_small_ones_of_gates_stay_small() -> None:
    cells = [cell("a.spatial", -0.01, 0.02), cell("gradcam.true", -3.0, 1.0)]
    assert cell_ranges(cells, DIFFERENCE, "fixed") == {"a.spatial": (-0.1, 0.1), "gradcam.true": (-3.0, 3.0)}
    assert cell_ranges(cells, DIFFERENCE, "shared")["a.spatial"] == (-0.02, 0.02)


def test_the_grid_has_a_button_for_each_cell_and_says_how_many_pictures(file: AttentionFile) -> None:
    cells = [one for layer in map_layers(file) for one in layer_cells(file, "m", layer, MEAN)]
    ranges = cell_ranges(cells, MEAN, "fixed")
    html = grid_html(cells, ranges, MEAN, classes=CLASSES, chosen=(GATE, "sad"))
    assert html.count("<button") == 6
    assert html.count('aria-pressed="true"') == 1
    assert f'data-cell="m|{GATE}|happy"' in html
    assert html.count("class-agnostic") == 1
    assert html.count("n 4, few") == 2
    assert html.count("fl-cvoid") == 2
    assert "fl-outline" not in html
    assert "fl-outline" in grid_html(
        cells, ranges, MEAN, classes=CLASSES, chosen=("", ""), outline=outline_style("synthetic")
    )
    assert count_words(0) == "none"
    assert "2 × 2 cells, n = 40; strongest in the lower left" in said(cells[0], MEAN)
    assert scale_html(ranges, MEAN, "fixed").count("fl-ramp") == 2


def test_a_name_in_the_grid_is_escaped() -> None:
    one = CellMap('<b>"', "a.spatial", "happy", np.zeros((1, 1)), 3)
    html = grid_html([one], {"a.spatial": (0.0, 1.0)}, MEAN, classes=("happy",), chosen=("", ""))
    assert "<b>&quot;" not in html
    assert '<b>"' not in html


def test_the_drawer_has_right_and_wrong_and_another_class(file: AttentionFile) -> None:
    cards = detail_cards(file, "m", GATE, "happy", "sad")
    assert [card.title for card in cards] == [
        "happy, mean", "spread over pictures", "answered right", "answered wrong", "right − wrong", "sad, mean",
        "happy − sad",
    ]  # fmt: skip
    assert [card.cell.n for card in cards] == [40, 40, 30, 10, 10, 4, 4]
    assert len(detail_cards(file, "m", GATE, "happy", ALL_CLASSES)) == 6
    ranges = detail_ranges(cards, "shared")
    assert ranges[DIFFERENCE] == ranges[FATE]
    assert ranges[DIFFERENCE][0] == -ranges[DIFFERENCE][1]
    html = detail_html(cards, ranges)
    assert html.count("beyond chance in") == 2
    empty = detail_html(detail_cards(file, "m", GATE, "fear", ALL_CLASSES), ranges)
    assert empty.count(">no pictures<") == 4
    assert empty.count("no pictures to subtract") == 2


def test_the_face_over_the_maps_is_the_datasets_own() -> None:
    built_in, crops = outline_svg("synthetic"), outline_svg("fer2013")
    assert 'cx="50.0" cy="55.0" rx="29.0" ry="38.0"' in built_in
    assert 'cx="50.0" cy="46.0" rx="39.0" ry="56.0"' in crops  # the template's oval
    assert built_in.count("<ellipse") == crops.count("<ellipse") == 4
    assert built_in.count("<path") == 3
    assert base64.b64encode(crops.encode()).decode() in outline_style("fer2013")
