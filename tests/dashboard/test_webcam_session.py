"""What a session leaves: table, figures, timeline, report."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from dashboard.live import session_table
from dashboard.live.histogram import LARGEST_MILLISECONDS, MillisecondHistogram
from dashboard.live.history import SPAN_SECONDS, FaceHistory, HistoryMemory
from dashboard.live.session_report import session_report
from dashboard.live.session_summary import SessionTally
from dashboard.live.session_table import SessionTable
from dashboard.live.timeline import HEIGHT, WIDTH, timeline
from dashboard.shared.figures.colours import emotion_color
from engine.labels import EMOTIONS
from tests.dashboard.made_live import make_face, make_live, make_reading


def rows(table: SessionTable) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table.text())))


def test_the_table_has_a_row_for_each_frame_face_and_model() -> None:
    table = SessionTable(EMOTIONS)
    both = (make_reading("happy"), make_reading("sad", model="baseline"))
    table.add(make_live(5.0, make_face(1, *both), make_face(3, *both), index=0), 0.0123)
    table.add(make_live(5.5, index=1), 0.01)
    first = rows(table)
    assert [(row["frame"], row["face"], row["model"], row["label"]) for row in first] == [
        ("0", "1", "cbam", "happy"),
        ("0", "1", "baseline", "sad"),
        ("0", "3", "cbam", "happy"),
        ("0", "3", "baseline", "sad"),
        ("1", "", "", ""),  # a frame without a face is a row too
    ]
    assert (first[0]["time_seconds"], first[4]["time_seconds"]) == ("0.0000", "0.5000")
    assert first[0]["server_ms"] == "12.3"
    assert (first[0]["left"], first[0]["p_happy"], first[0]["confidence"]) == ("10", "0.7000", "0.7000")


def test_a_latency_reaches_its_own_frame_even_many_frames_later() -> None:
    table = SessionTable(EMOTIONS)
    for index in range(20):
        table.add(make_live(index / 10, make_face(1), index=index), 0.01)
    table.shown(0, 41.25)
    table.shown(77, 3.0)  # no such frame: nothing happens
    assert [row["latency_ms"] for row in rows(table)] == ["41.2", *[""] * 19]


def test_a_model_without_a_class_leaves_its_column_empty() -> None:
    table = SessionTable((*EMOTIONS, "contempt"))
    table.add(make_live(0.0, make_face(1)), 0.01)
    assert rows(table)[0]["p_contempt"] == ""


def test_the_table_keeps_its_latest_rows_and_says_how_many_are_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_table, "ROWS_KEPT", 3)
    table = SessionTable(EMOTIONS)
    for index in range(20):
        table.add(make_live(index / 10, make_face(1), index=index), 0.01)
    assert [row["frame"] for row in rows(table)] == ["17", "18", "19"]
    assert table.dropped == 17


def test_percentiles_are_the_smallest_that_the_share_does_not_exceed() -> None:
    histogram = MillisecondHistogram()
    assert histogram.quantile(0.5) is None
    for milliseconds in range(1, 101):
        histogram.add(milliseconds)
    assert (histogram.quantile(0.5), histogram.quantile(0.95), histogram.quantile(1.0)) == (50.0, 95.0, 100.0)
    histogram.add(10.0**9)
    assert histogram.quantile(1.0) == LARGEST_MILLISECONDS
    assert len(histogram) == 101


def test_the_figures_of_a_session() -> None:
    tally = SessionTally()
    for index, label in enumerate(["happy", "happy", "happy", "sad", "sad"]):
        tally.add(make_live(10.0 + index * 0.5, make_face(1, make_reading(label)), index=index), 0.02)
    tally.add(make_live(12.5, index=5), 0.04)
    for latency in (40.0, 50.0, 60.0, 70.0):
        tally.shown(latency)
    found = tally.summary()
    assert (found.seconds, found.frames, found.shown, found.with_face) == (2.5, 6, 4, 5)
    assert found.frames_per_second == 4 / 2.5  # what was shown, not what was answered
    assert (found.latency_median, found.latency_95) == (50.0, 70.0)
    assert (found.server_median, found.server_95) == (20.0, 40.0)
    (face,) = found.faces
    assert (face.track, face.seconds, face.changes) == (1, 2.0, 1)
    assert face.shares == (("happy", 0.75), ("sad", 0.25))  # the half second up to a frame is the label's before it


def test_time_out_of_sight_is_nobodys() -> None:
    tally = SessionTally()
    for seconds in (0.0, 0.5, 60.0, 60.5):
        tally.add(make_live(seconds, make_face(1)), 0.01)
    assert tally.summary().faces[0].seconds == 1.0


def test_history_is_sampled_and_forgets_after_its_span() -> None:
    memory = HistoryMemory()
    for index in range(80):  # 8 frames a second: every second one is 0.2 s or more after the last sample
        memory.add(make_live(index / 8, make_face(1), index=index))
    (face,) = memory.faces(4)
    assert len(face.ages) == 40
    assert (np.diff(face.ages) < 0).all()
    memory.add(make_live(100.0, make_face(2)))
    assert [item.track for item in memory.faces(4)] == [2]
    assert float(memory.faces(4)[0].ages.max()) <= SPAN_SECONDS


def test_another_model_begins_a_line_of_its_own() -> None:
    memory = HistoryMemory()
    memory.add(make_live(0.0, make_face(1)))
    memory.add(make_live(1.0, make_face(1, make_reading("sad", model="other"))))
    (face,) = memory.faces(4)
    assert (face.ages.tolist(), face.label) == ([0.0], "sad")


def test_a_line_breaks_where_the_face_was_away_and_not_where_frames_are_slow() -> None:
    memory = HistoryMemory()
    for index, present in enumerate([True, True, False, True, True]):
        memory.add(make_live(2.0 * index, *([make_face(1)] if present else []), index=index))
    assert memory.faces(4)[0].starts.tolist() == [True, False, True, False]
    memory.add(make_live(20.0, make_face(1)))  # the page was hidden for a while
    assert memory.faces(4)[0].starts.tolist() == [True, False, True, False, True]


def history(ages: list[float], happy: list[float], starts: list[bool]) -> FaceHistory:
    values = np.zeros((len(ages), 2), dtype=np.float32)
    values[:, 0], values[:, 1] = happy, 1 - np.array(happy)
    return FaceHistory(
        4, ("happy", "sad"), np.array(ages, np.float32), values, np.array(starts, np.bool_), "happy", happy[-1]
    )


def test_the_timeline_draws_a_line_for_each_emotion_where_it_belongs() -> None:
    face = history(
        [SPAN_SECONDS, 0.75 * SPAN_SECONDS, 0.5 * SPAN_SECONDS, 0.0], [1.0, 0.5, 0.25, 0.0], [False, False, True, False]
    )
    html = timeline([face])
    # Half a minute ago at 100 % is the upper left corner, now at 0 % the lower right one; a start lifts the pen.
    expected = f"M0.0 0.0L{WIDTH / 4:.1f} {HEIGHT / 2:.1f}M{WIDTH / 2:.1f} {0.75 * HEIGHT:.1f}"
    assert f'd="{expected}L{WIDTH:.1f} {HEIGHT:.1f}" stroke="{emotion_color("happy")}"' in html
    assert f'stroke="{emotion_color("sad")}"' in html
    assert "face 4: happy 0 %" in html
    assert 'data-face="4"' in html


def test_an_empty_timeline_says_what_will_be_there() -> None:
    assert "with the first answer" in timeline([])


def test_names_are_escaped_in_timeline_and_report() -> None:
    strange = FaceHistory(
        1, ("<b>",), np.zeros(1, np.float32), np.ones((1, 1), np.float32), np.ones(1, np.bool_), "<b>", 1.0
    )
    assert "<b>" not in timeline([strange])


def test_the_report_says_what_was_measured_and_what_not() -> None:
    tally = SessionTally()
    assert "before a frame came" in session_report(tally.summary())
    tally.add(make_live(0.0, make_face(1)), 0.02)
    tally.add(make_live(1.0, make_face(1)), 0.02)
    html = session_report(tally.summary())
    assert "not measured" in html  # the browser reported no latency
    assert "median 20 ms, 95 % within 20 ms" in html
    assert "face 1: 1.0 s, 0 label changes. happy 100 %" in html
    assert "What the camera takes before and the screen after it is not in it" in html
