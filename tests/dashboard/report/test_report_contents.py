"""What each page's report holds, from records made by hand: the arrays given, on their own grids, and their words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dashboard.report.content import Content
from dashboard.shared.figures.confusion import Confusion
from dashboard.shared.figures.map_card import MapCard, MapStyle, gate_cards
from dashboard.shared.figures.map_content import card_words, map_shots, style_settings
from dashboard.shared.figures.rows import explanation_row, gate_rows
from dashboard.shared.figures.trust import Trusted
from dashboard.views.class_attention.figures.grid import MEAN, cell_ranges, layer_cells
from dashboard.views.class_attention.report import grid_content, use_content
from dashboard.views.compare.columns import Columns, titles_of
from dashboard.views.compare.report import OnFace, face_content
from dashboard.views.evidence.report import League, league_content
from dashboard.views.explain.report import Explained, explain_content
from dashboard.views.mistakes.report import Gallery, Matrix, mistakes_content
from dashboard.views.what_if.report import WhatIf, what_if_content
from engine.analysis.mistakes import Means
from engine.edit.face_template import REGIONS
from engine.edit.region_effects import RegionEffects
from engine.edit.regions import FaceRegions
from engine.labels import EMOTIONS
from engine.records import FaceExplanation
from tests.dashboard.made import make_gate, make_map, make_prediction
from tests.dashboard.made_attention import CLASSES, LABELS, MAPS, write_made
from tests.dashboard.made_gate_use import LEVELS, make_use
from tests.made_evidence import MASSES, make_report

STYLE = MapStyle()


def headings(content: Content) -> list[str]:
    return [section.heading for section in content.sections]


def captions(content: Content) -> list[str]:
    return [shot.caption for section in content.sections for shot in section.shots]


def cells(content: Content) -> list[str]:
    return [cell for section in content.sections for table in section.tables for row in table.rows for cell in row]


def test_a_maps_caption_tells_its_grid_range_and_scale(explained: FaceExplanation) -> None:
    (card,) = gate_cards(explained.gates_of("spatial"), "fixed")
    assert card_words(card) == "block 1: 2 × 2 cells, min .410, mean .535, max .630; colours from 0 to 1"
    none = MapCard("block 4", None, (0.0, 0.0), "no positive evidence for fear")
    assert card_words(none) == "block 4: no positive evidence for fear"
    shots = map_shots(explained.face, (card, none), STYLE, "gates")
    assert [shot.name for shot in shots] == ["gates block 1", "gates block 4"]
    assert style_settings(replace(STYLE, smooth=False)) == {
        "scale": "fixed", "colours": "viridis", "opacity": 0.55, "cells": "blocks",
    }  # fmt: skip


def test_explain(explained: FaceExplanation) -> None:
    maps = (*explained.maps, make_map([[1.0, 0.0], [0.0, 0.0]], target="fear"))
    rows = (("Spatial attention gates", gate_cards(explained.gates_of("spatial"), "fixed")), ("Nothing", ()))
    shown = Explained(explained, maps, maps[:1], rows, STYLE, Trusted(), "sad", "From a book.")
    content = explain_content(shown)
    assert headings(content) == ["Answer", "Spatial attention gates", "Channel attention gates", "All numbers"]
    assert "The data set’s label is sad." in content.sections[0].words[0]
    assert content.sections[0].words[1] == "From a book."
    np.testing.assert_array_equal(content.arrays["map/gradcam/block4/fear"], maps[1].heatmap)
    np.testing.assert_array_equal(content.arrays["gate/block1.spatial"], explained.gates[1].weights)
    assert "block1.spatial" in cells(content)


def test_compare_subtracts_the_pair(explained: FaceExplanation) -> None:
    other = replace(
        explained,
        model="twin",
        prediction=make_prediction(0.01, 0.01, 0.01, 0.02, 0.02, 0.92, 0.01),
        gates=(make_gate("block1.spatial", "spatial", [[0.51, 0.5], [0.6, 0.63]]),),
    )
    both = (explained, other)
    explanation = ("Grad-CAM", explanation_row(both, (0, 1), "fixed"))
    gates = [(f"Gate, {row.name}", row) for row in gate_rows(both, "happy", (0, 1), "fixed")]
    content = face_content(OnFace(Columns("models", ("cbam", "twin"), both), (explanation, *gates), STYLE, ""))
    np.testing.assert_allclose(content.arrays["difference/Gate, block 1"], [[0.1, 0], [0, 0]], atol=1e-6)
    np.testing.assert_array_equal(content.arrays["twin/gate/block1.spatial"], other.gates[0].weights)
    assert any("Difference: twin minus cbam" in word for section in content.sections for word in section.words)
    assert any(caption.startswith("difference: 2 × 2 cells") for caption in captions(content))
    assert "0.9200" in cells(content)


def test_two_pictures_under_one_model_are_told_apart(explained: FaceExplanation) -> None:
    other = replace(
        explained,
        prediction=make_prediction(0.01, 0.01, 0.01, 0.02, 0.02, 0.92, 0.01),
        gates=(replace(explained.gates[0], weights=explained.gates[0].weights / 2), *explained.gates[1:]),
    )
    both = (explained, other)
    explanation = ("Grad-CAM", explanation_row(both, (0, 1), "fixed"))
    columns = Columns("pictures", titles_of("a/../b.png", "a/../b.png"), both)
    content = face_content(OnFace(columns, (explanation,), STYLE, ""))
    assert {"first/face", "second/face"} <= set(content.arrays)
    assert not any(".." in name for name in content.arrays)
    words = content.sections[0].words[0]
    assert words.startswith("a/../b.png (first) is answered happy (93 %), a/../b.png (second) sad (92 %).")
    assert "points from the first to the second" in words
    assert any("a/../b.png (second) minus a/../b.png (first)" in said for one in content.sections for said in one.words)


def test_what_if_holds_both_faces_and_what_each_region_does(explained: FaceExplanation) -> None:
    after = replace(
        explained, face=255 - explained.face, prediction=make_prediction(0.9, 0.02, 0.02, 0.02, 0.02, 0.01, 0.01)
    )
    regions = FaceRegions(REGIONS, np.zeros((48, 48), np.uint8), exact=False)
    before = np.array([0.01, 0.01, 0.01, 0.93, 0.02, 0.01, 0.01], np.float32)
    hidden = np.array([[0.51, 0.01, 0.01, 0.43, 0.02, 0.01, 0.01]], np.float32)
    effects = RegionEffects(("mouth",), EMOTIONS, before, hidden, np.array([0.1], np.float32), "blur", exact=False)
    content = what_if_content(WhatIf(explained, after, "happy", STYLE, effects, regions, ""))
    np.testing.assert_array_equal(content.arrays["after/face"], after.face)
    np.testing.assert_array_equal(content.arrays["before/face"], explained.face)
    np.testing.assert_array_equal(content.arrays["hiding/probabilities"], hidden)
    assert "-50.0" in cells(content)
    assert len(content.sections[0].shots) == 2
    assert len(content.sections[1].shots) == 2 * 3  # Grad-CAM and a gate: before, after, change


def test_the_class_grid_is_raw_and_drawn(tmp_path: Path) -> None:
    file = write_made(tmp_path)
    found = layer_cells(file, "made", "block1.spatial", MEAN)
    content = grid_content(found, cell_ranges(found, MEAN, "fixed"), MEAN, CLASSES, "Mean.")
    assert content.arrays["made/block1.spatial/n"].tolist() == [40, 4, 0]
    np.testing.assert_allclose(
        content.arrays["made/block1.spatial/cells"][0], MAPS[LABELS == 0].mean(axis=0), atol=1e-6
    )
    assert np.isnan(content.arrays["made/block1.spatial/cells"][2]).all()
    assert len(captions(content)) == 1


def test_use_of_gates_keeps_every_figure() -> None:
    use = make_use()
    content = use_content({"cbam": use})
    names = content.arrays["cbam/use/figures"].tolist()
    values = content.arrays["cbam/use/mean_low_high"]
    at = names.index("block2.spatial | mean | all | distance")
    assert values[at, 0] == pytest.approx(LEVELS["block2.spatial"])
    assert "sad" not in cells(content)  # the table is of all pictures


def test_the_league_is_a_table_and_an_array() -> None:
    content = league_content(League(make_report(), "mass", "all", ("Concluded.", "")))
    assert content.sections[0].words == ("Concluded.",)
    figures = content.arrays["league/figures"].tolist()
    masses = content.arrays["league/values"][: len(MASSES), figures.index("mass")]
    assert masses == pytest.approx(list(MASSES.values()), abs=0.005)  # some maps are empty


def test_mistakes_hold_the_pictures_and_maps_of_the_page(explained: FaceExplanation) -> None:
    counts = np.array([[3, 1], [0, 2]], np.int64)
    drawn = Confusion(("happy", "sad"), counts, counts.astype(np.float64))
    means = Means(1, {"confidence": 0.9, "loss": 2.0, "margin": -0.5, "suspicion": float("nan")})
    row = {"id": "a/<b>.png", "label": "happy", "predicted": "sad", "confidence": 0.9, "loss": 2.0}
    gallery = Gallery("1 picture", "Grad-CAM", [row], (1, 2), {"a/<b>.png": explained.face}, {"a/<b>.png": explained})
    content = mistakes_content(
        Matrix(drawn, hide_diagonal=False, chosen=((), ()), shown=means, everything=means), gallery
    )
    np.testing.assert_array_equal(content.arrays["confusion/counts"], counts)
    np.testing.assert_array_equal(content.arrays["pictures/a/<b>.png"], explained.face)
    np.testing.assert_array_equal(content.arrays["Grad-CAM/a/<b>.png"], explained.maps[0].heatmap)
    (caption,) = captions(content)
    assert caption == "a/<b>.png: labelled happy, answered sad (90 %), surprise 2.00 nats (loss); Grad-CAM from 0 to 2"
    crossed = replace(explained, gates=(make_gate("attend", "cross", [[0.7, 0.1, 0.1, 0.1]] * 4),))
    shown = replace(gallery, shows="last gate", explained={"a/<b>.png": crossed})
    seen = mistakes_content(Matrix(drawn, hide_diagonal=False, chosen=((), ()), shown=means, everything=means), shown)
    np.testing.assert_allclose(seen.arrays["last gate/a/<b>.png"], [[2.8, 0.4], [0.4, 0.4]], atol=1e-6)
    empty = mistakes_content(
        Matrix(drawn, hide_diagonal=False, chosen=((), ()), shown=means, everything=means), Gallery("0 pictures")
    )
    assert len(empty.arrays["ids"]) == 0
