from __future__ import annotations

import numpy as np
import pytest

from dashboard.shared.figures.colours import emotion_color, ink_of
from dashboard.views.evaluation.figures.charts import (
    class_bars,
    curve_chart,
    curve_name,
    reliability_chart,
    robustness_chart,
    training_chart,
    words,
)
from dashboard.views.evaluation.figures.embedding import Area, Selection, embedding_chart, selected
from dashboard.views.evaluation.figures.tables import f1_words, robustness_table
from engine.analysis.evaluation import History, StoredAnswers
from engine.measure.robustness import CORRUPTIONS, SEVERITIES, RobustnessReport, RobustnessRow
from engine.statistics.calibration import calibration
from engine.statistics.classification import class_figures
from engine.statistics.curves import curves
from engine.statistics.intervals import Estimate

CLASSES = ("happy", "sad")
LABELS = np.array([0, 0, 1, 1], np.int64)
P = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.3, 0.7]])
INK = "#1d2026"


def report() -> RobustnessReport:
    rows = tuple(
        RobustnessRow(name, s, kind.amounts[s - 1], Estimate(1 - s / 10, 0.3, 1.0, 9), 0.5)
        for name, kind in CORRUPTIONS.items()
        for s in SEVERITIES
    )
    return RobustnessReport("cbam", "0" * 64, "synthetic", "test", 9, 9, 0, Estimate(1.0, 0.7, 1.0, 9), 1.0, rows)


def test_bars_carry_colour_interval_and_what_does_not_exist() -> None:
    figure = class_bars(class_figures(np.array([[3, 0], [1, 0]], np.int64), CLASSES), INK)
    precision, recall, _ = figure.data
    assert list(precision.x) == [0.75, None]
    assert list(recall.x) == [1.0, 0.0]
    assert list(precision.marker.color) == [emotion_color(name) for name in CLASSES]
    assert precision.x[0] + precision.error_x.array[0] <= 1.0
    assert [note.text for note in figure.layout.annotations] == ["precision", "recall", "F1", "never answered"]
    assert figure.layout.yaxis.autorange == "reversed"  # the first class is on top


def test_shares_carry_interval_and_n() -> None:
    assert words(Estimate(0.943, 0.934, 0.951, 3000)) == "94.3 % (93.4–95.1), n = 3,000"
    assert words(Estimate(None, None, None, 0)) == "–"
    assert f1_words(0.5, 0.41, 0.6) == "0.500 (0.410–0.600)"


def test_macro_is_solid_micro_dashed_and_precision_a_step() -> None:
    pr = curves("pr", LABELS, P, CLASSES)
    drawn = curve_chart(pr, INK).data
    assert [trace.name.split(" ·")[0] for trace in drawn] == ["happy", "sad", "macro", "micro"]
    assert [trace.line.dash for trace in drawn] == ["solid", "solid", "solid", "dash"]
    assert {trace.line.shape for trace in drawn} == {"vh"}
    assert drawn[0].line.color == emotion_color("happy")
    roc = curve_chart(curves("roc", LABELS, P, CLASSES), INK).data
    assert list(roc[0].x) == [0, 1]  # what chance gives
    assert roc[1].line.shape == "linear"
    assert curve_name(pr.macro, "pr") == f"macro · AP {pr.macro.area:.3f}".replace("0.", ".")


def test_reliability_shows_each_full_bin_beside_its_count() -> None:
    found = calibration(P, LABELS, bins=4)
    figure = reliability_chart({"before": found, "after": found}, INK)
    assert len(figure.data) == 6
    points, bars = figure.data[1], figure.data[2]
    assert list(points.x) == pytest.approx([0.65, 0.85])
    assert list(points.y) == [0.5, 1.0]
    assert list(bars.y) == [0, 0, 2, 2]
    assert f"before: confidence off by {100 * found.ece:.1f} % (ECE)" in figure.layout.annotations[0].text


def test_points_carry_which_picture_they_are() -> None:
    answers = StoredAnswers("cbam", "synthetic", "test", CLASSES, ("a", "b", "<c>", "d"), LABELS, P, P)
    shown = np.array([0, 1, 3])
    figure = embedding_chart(answers, P[shown], shown, INK, axes=("x", "y"), by=answers.labels)
    happy, sad = figure.data
    assert (list(happy.customdata), list(sad.customdata)) == ([0, 1], [3])
    assert list(happy.marker.symbol) == ["circle", "x"]
    assert happy.x[1] == 0.4
    by_answer = embedding_chart(answers, P[shown], shown, INK, axes=("x", "y"), by=answers.predicted)
    # Right answers first, for the legend takes the first point's mark.
    assert list(by_answer.data[1].customdata) == [3, 1]
    assert list(by_answer.data[1].marker.symbol) == ["circle", "x"]
    assert figure.layout.dragmode == "lasso"
    assert happy.selectedpoints is None
    assert not figure.layout.selections


def test_what_is_selected_from_the_start_is_outlined() -> None:
    answers = StoredAnswers("cbam", "synthetic", "test", CLASSES, ("a", "b", "c", "d"), LABELS, P, P)
    areas = (Area("box", (0.8, 1.0), (0.0, 0.2)), Area("lasso", (0.15, 0.25, 0.25), (0.9, 0.9, 0.7)))
    drawn = embedding_chart(
        answers, P, np.arange(4), INK, axes=("x", "y"), by=LABELS, chosen=Selection(areas, but=(3,))
    )
    assert [list(trace.selectedpoints) for trace in drawn.data] == [[0], [0, 1]]
    box, lasso = drawn.layout.selections
    assert (box.type, box.x0, box.y1) == ("rect", 0.8, 0.2)
    assert (lasso.type, lasso.path) == ("path", "M0.15,0.9L0.25,0.9L0.25,0.7Z")
    nothing = embedding_chart(answers, P, np.arange(4), INK, axes=("x", "y"), by=LABELS, chosen=Selection())
    assert list(nothing.data[0].selectedpoints) == []


def test_a_selection_is_read_and_checked() -> None:
    points = [{"customdata": 3}, {"customdata": [1]}, {"customdata": 1}, {"customdata": 99}, {"customdata": None}, {}]
    assert selected({"selection": {"points": points}}, 4) == (1, 3)
    assert selected(None, 4) == ()
    assert selected({"selection": {}}, 4) == ()


def test_robustness_begins_with_the_pictures_as_they_are() -> None:
    figure = robustness_chart(report(), INK)
    assert len(figure.data) == 5
    assert list(figure.data[0].y) == pytest.approx([1.0, 0.9, 0.8, 0.7, 0.6, 0.5])
    assert "severity 5 (0.06)" in figure.data[0].hovertext[5]
    table = robustness_table(report())
    assert table.count(">90.0<") == 5
    assert table.count("70.0") >= 10  # severity 3, and the mean of each


def test_the_chosen_epoch_is_marked() -> None:
    epochs = np.array([1.0, 2.0, 3.0])
    figure = training_chart(History(epochs, epochs, epochs, epochs / 4, epochs / 5, 2), INK)
    assert [trace.name for trace in figure.data] == [
        "training loss", "val accuracy", "learning rate", "averaged weights",
    ]  # fmt: skip
    assert {shape.x0 for shape in figure.layout.shapes} == {2}
    assert len(training_chart(History(epochs, epochs, epochs, epochs / 4, None, None), INK).layout.shapes) == 0


def test_ink_follows_the_theme() -> None:
    assert ink_of("dark") != ink_of("light") == ink_of(None)
