from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from engine.errors import FilmError
from engine.live.frame import LiveFace, LiveFrame, ModelReading, StageSeconds
from engine.live.video import TracksTable, table_columns
from engine.records import FaceBox

CLASSES = ("happy", "sad")


def face(track: int, *, seen: bool = True) -> LiveFace:
    raw, smoothed = np.array([0.25, 0.75], np.float32), np.array([0.625, 0.375], np.float32)
    reading = ModelReading("cbam", CLASSES, raw, smoothed, "happy")
    return LiveFace(track, FaceBox(4, 5, 60, 70), seen, 0.0, (reading,))


def frame(index: int, *faces: LiveFace) -> LiveFrame:
    return LiveFrame(index, index / 8, 320, 240, faces, False, "none", "", StageSeconds())


def test_a_row_for_each_face_and_frame(tmp_path: Path) -> None:
    path = tmp_path / "tracks.csv"
    with TracksTable(path, CLASSES) as table:
        table.write(frame(0, face(1), face(3, seen=False)))
        table.write(frame(1))
        table.write(frame(2, face(3)))
        # Whole rows are there before the end, for whoever breaks it off.
        assert path.read_text(encoding="utf-8").count("\n") == 4
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == table_columns(CLASSES)
    assert rows[1] == {
        "frame": "0", "time_seconds": "0.0000", "track": "3", "seen": "0",
        "left": "4", "top": "5", "width": "60", "height": "70",
        "label": "happy", "confidence": "0.6250", "raw_label": "sad", "p_happy": "0.6250", "p_sad": "0.3750",
    }  # fmt: skip
    assert [(row["frame"], row["track"], row["seen"]) for row in rows] == [
        ("0", "1", "1"),
        ("0", "3", "0"),
        ("2", "3", "1"),
    ]
    assert rows[2]["time_seconds"] == "0.2500"


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "tracks.csv").write_text("dear")
    with pytest.raises(FilmError, match=r"'tracks\.csv' exists already"):
        TracksTable(tmp_path / "tracks.csv", CLASSES)
    assert (tmp_path / "tracks.csv").read_text() == "dear"
