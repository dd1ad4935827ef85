from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from engine.errors import FilmError, StorageError
from engine.live.frame import LiveFace, LiveFrame, ModelReading, StageSeconds
from engine.live.video import TracksTable, table_columns
from engine.records import FaceBox
from engine.writing.whole import part_of
from tests.writing.made_writing import disk_of

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
        assert not path.exists()
        assert part_of(path).read_text(encoding="utf-8").count("\n") == 4
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


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    def write() -> None:
        with TracksTable(tmp_path / "tracks.csv", CLASSES) as table:
            for index in range(1000):
                table.write(frame(index, face(1)))

    for size in (0, 4096):
        with pytest.raises(StorageError, match=r"'tracks\.csv' could not be written"), disk_of(size):
            write()
        assert list(tmp_path.iterdir()) == []


def test_what_was_broken_off_keeps_its_rows_if_it_has_any(tmp_path: Path) -> None:
    def fail(*frames: LiveFrame) -> None:
        with TracksTable(tmp_path / "tracks.csv", CLASSES) as table:
            for one in frames:
                table.write(one)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(KeyboardInterrupt):
        fail(frame(0, face(1)))
    assert (tmp_path / "tracks.csv").read_text(encoding="utf-8").count("\n") == 2


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "tracks.csv").write_text("dear")
    with pytest.raises(FilmError, match=r"'tracks\.csv' exists already"):
        TracksTable(tmp_path / "tracks.csv", CLASSES)
    assert (tmp_path / "tracks.csv").read_text() == "dear"
