from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import pytest

from dashboard.views.video.figures.timeline import (
    BAND,
    LABEL,
    FaceTimeline,
    clicked,
    label_runs,
    timeline_chart,
    timelines,
)
from engine.labels import EMOTION_COLORS
from tests.dashboard.made_video import CLASSES, TABLE


@pytest.fixture
def face() -> FaceTimeline:
    return timelines(TABLE, CLASSES)[0]


def trace(figure: go.Figure, name: str) -> Any:
    (found,) = (entry for entry in figure.data if entry.name == name)
    return found


def test_a_line_a_class_in_its_colour_with_a_gap_while_the_face_is_away(face: FaceTimeline) -> None:
    figure = timeline_chart(face, "#111111", until=2.0)
    sad = trace(figure, "sad")
    assert sad.line.color == EMOTION_COLORS["sad"]
    assert list(sad.x) == [0.0, 0.1, 0.2, 0.3, None, 1.0, 1.1]
    assert list(sad.y) == [pytest.approx(v) if v else None for v in (0.1, 0.4, 0.7, 0.7, None, 0.8, 0.8)]
    assert sad.line.width > trace(figure, "happy").line.width  # shown most
    assert tuple(figure.layout.xaxis.range) == (0, 2.0)


def test_the_band_holds_the_labels_that_are_shown(face: FaceTimeline) -> None:
    runs = label_runs(face)
    assert [run[0] for run in runs] == ["happy", "sad", "sad"]
    assert [run[1:] for run in runs] == [pytest.approx(span) for span in ((0.0, 0.2), (0.2, 0.4), (1.0, 1.2))]
    band = [shape for shape in timeline_chart(face, "#111111", until=2.0).layout.shapes if shape.type == "rect"]
    assert [shape.fillcolor for shape in band] == [EMOTION_COLORS[name] for name in ("happy", "sad", "sad")]
    assert {(shape.y0, shape.y1) for shape in band} == {BAND}


def test_the_moment_is_a_line_only_where_one_is_chosen(face: FaceTimeline) -> None:
    assert not [s for s in timeline_chart(face, "#111111", until=2.0).layout.shapes if s.type == "line"]
    (line,) = (s for s in timeline_chart(face, "#111111", until=2.0, moment=0.3).layout.shapes if s.type == "line")
    assert (line.x0, line.x1) == (0.3, 0.3)


def test_a_point_can_be_clicked_and_says_its_time(face: FaceTimeline) -> None:
    figure = timeline_chart(face, "#111111", until=2.0)
    for marks in figure.data:
        assert "markers" in marks.mode  # a line alone takes no click
        assert [moment for moment in marks.customdata if moment is not None] == face.seconds.tolist()
    marks = trace(figure, LABEL)
    assert marks.text[3] == "sad, hidden"


@pytest.mark.parametrize(
    ("event", "seconds"),
    [
        (None, None),
        ({}, None),
        ({"selection": {"points": []}}, None),
        ({"selection": {"points": [{"x": 3}, {"customdata": 0.3}]}}, 0.3),
        ({"selection": {"points": [{"customdata": [1.5]}]}}, 1.5),
        ({"selection": {"points": [{"customdata": "x"}, {"customdata": float("nan")}]}}, None),
    ],
)
def test_what_was_clicked(event: Any, seconds: float | None) -> None:
    assert clicked(event) == seconds
