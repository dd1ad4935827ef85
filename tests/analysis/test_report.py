from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.analysis.evaluation import History, evaluation, metric_rows
from engine.analysis.report import report_html, write_report
from engine.analysis.report_figures import FIGURES, ReportInput, classes_figure, png_bytes
from engine.analysis.store.store import open_store
from engine.errors import UsageError
from engine.measure.robustness import CORRUPTIONS, SEVERITIES, RobustnessReport, RobustnessRow
from engine.models.checkpoint import read_card
from engine.statistics.classification import class_figures
from engine.statistics.intervals import Estimate


@pytest.fixture
def given(analysed_store: Path) -> ReportInput:
    store = open_store(["cbam"], "fer2013", "private", folder=analysed_store)
    return ReportInput(evaluation(store, store), None, None)


def everything(given: ReportInput) -> ReportInput:
    half = Estimate(0.5, 0.4, 0.6, 14)
    rows = tuple(
        RobustnessRow(name, s, kind.amounts[s - 1], half, 0.5) for name, kind in CORRUPTIONS.items() for s in SEVERITIES
    )
    robust = RobustnessReport("cbam", "0" * 64, "fer2013", "private", 14, 14, 0, half, 0.5, rows)
    epochs = np.array([1.0, 2.0])
    return replace(given, robustness=robust, history=History(epochs, epochs, epochs, epochs / 4, None, 2))


def test_each_figure_is_drawn_and_missing_parts_are_not(given: ReportInput) -> None:
    drawn = {name for name, (_, _, draw) in FIGURES.items() if draw(given) is not None}
    assert set(FIGURES) - drawn == {"robustness", "training"}
    assert all(draw(everything(given)) is not None for _, _, draw in FIGURES.values())


def test_pictures_say_their_resolution_and_repeat(given: ReportInput) -> None:
    data = png_bytes(classes_figure(given), 300)
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        assert picture.width == pytest.approx(7.2 * 300, abs=2)
    assert png_bytes(classes_figure(given), 300) == data


def test_a_class_that_is_never_answered_is_said_not_drawn_as_zero(given: ReportInput) -> None:
    classes = given.found.answers.classes
    confusion = np.zeros((7, 7), np.int64)
    confusion[:, 0] = 2
    never = replace(given, found=replace(given.found, figures=class_figures(confusion, classes)))
    words = [text.get_text() for text in classes_figure(never).axes[0].texts]
    assert words == ["never answered"] * 6


def test_the_page_needs_nothing_else(given: ReportInput, analysed_store: Path) -> None:
    page = report_html(everything(given), metric_rows(read_card(analysed_store / "cbam")), {"roc": b"\x89PNG"})
    assert not re.search(r"<script|<link|https?://|url\(", page)
    assert re.findall(r'src="(.*?)"', page) == ["data:image/png;base64,iVBORw=="]
    share = given.found.figures.accuracy.mean
    assert share is not None
    assert f"Accuracy <b>{100 * share:.1f} %" in page
    assert page.count("<td>50.0</td>") == 25 + 5


def test_what_was_not_measured_is_a_command(given: ReportInput) -> None:
    page = report_html(given, (), {})
    assert "benchmark robustness --model cbam --dataset fer2013 --split private" in page
    store = replace(given, found=replace(given.found, temperature=None, after=None))
    assert "--split val --no-gradcam" in report_html(store, (), {})


def test_names_are_escaped(given: ReportInput) -> None:
    odd = replace(given, found=replace(given.found, answers=replace(given.found.answers, model="<b>&")))
    assert "<b>&amp;" not in report_html(odd, (), {})
    assert "&lt;b&gt;&amp;" in report_html(odd, (), {})


def test_it_is_written_whole_or_not_at_all(given: ReportInput, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "report"
    document = write_report(out, given, ())
    assert json.loads((out / "evaluation.json").read_text()) == document
    assert sorted(document["figures"]) == sorted(f"figures/{file.name}" for file in (out / "figures").iterdir())
    assert (out / "report.html").read_text().count("data:image/png") == 6
    with pytest.raises(UsageError, match="'report' exists already"):
        write_report(out, given, ())
    monkeypatch.setattr("engine.analysis.report.report_html", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_report(tmp_path / "second", given, ())
    assert [path.name for path in tmp_path.iterdir()] == ["report"]
