from __future__ import annotations

import numpy as np
import pytest

from dashboard.views.video.figures.timeline import face_title, faces_table, marked_frame, summary_words, timelines
from engine.labels import EMOTION_COLORS
from engine.live.video import VideoSummary, table_columns
from engine.records import FaceBox
from tests.dashboard.made_video import CLASSES, TABLE


def test_a_timeline_a_face_the_longest_first() -> None:
    second, first = timelines(TABLE, CLASSES)
    assert (second.track, first.track) == (2, 1)
    assert second.seconds.tolist() == [0.0, 0.1, 0.2, 0.3, 1.0, 1.1]
    assert second.labels == ("happy", "happy", "sad", "sad", "sad", "sad")
    assert second.seen.tolist() == [True, True, True, False, True, True]
    assert second.boxes[0].tolist() == [10, 20, 30, 40]
    assert second.probabilities.dtype == np.float32
    np.testing.assert_allclose(second.probabilities[2], [0.3, 0.7], atol=1e-6)
    assert (first.seconds.tolist(), first.labels) == ([0.0, 0.1], ("sad", "sad"))


def test_what_a_timeline_says() -> None:
    second, first = timelines(TABLE, CLASSES)
    assert second.frame_seconds == pytest.approx(0.1)
    assert second.changes == 1
    assert second.shares() == (("sad", pytest.approx(4 / 6)), ("happy", pytest.approx(2 / 6)))
    assert [second.at(moment) for moment in (-5, 0.16, 0.6, 0.7, 99)] == [0, 2, 3, 4, 5]
    reading = second.reading(2)
    assert (reading.label, reading.confidence) == ("sad", pytest.approx(0.7))
    assert first.changes == 0


def test_no_face_gives_none_and_another_table_is_refused() -> None:
    assert timelines((",".join(table_columns(CLASSES)) + "\n").encode(), CLASSES) == ()
    with pytest.raises(ValueError, match="expected the columns"):
        timelines(TABLE, ("happy", "angry"))


def test_words_and_table() -> None:
    faces = timelines(TABLE, CLASSES)
    summary = VideoSummary("party.mp4", "cbam", 12, 1.1, 320, 240, 10.0, 9, 2, "end")
    assert summary_words(summary) == (
        "12 frames, 1.1 s, 320 × 240 pixels, read by cbam: 2 faces, and 75 % of the frames show one or more."
    )
    assert face_title(faces[0]) == "#2 · 0.6 s · sad 67 %"
    html = faces_table(faces)
    assert html.count("<tr><th>#") == 2
    assert f"width:66.67%;background:{EMOTION_COLORS['sad']}" in html
    assert "<td>0.0–1.1 s</td>" in html
    assert "sad 67 %, happy 33 %" in html


def test_a_frame_is_marked_and_made_smaller() -> None:
    grey = np.full((900, 2400, 3), 90, np.uint8)
    marked = marked_frame(grey, FaceBox(200, 100, 400, 400), "happy")
    assert marked.shape == (450, 1200, 3)
    assert marked[50, 150].tolist() == list(bytes.fromhex(EMOTION_COLORS["happy"][1:]))
    assert marked[150, 200].tolist() == [90, 90, 90]
    assert (grey == 90).all()
