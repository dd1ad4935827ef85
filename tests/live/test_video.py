from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from engine.errors import FilmError, UnknownNameError, UsageError
from engine.live.frame import LiveFrame
from engine.live.pipeline import LiveSettings
from engine.live.video import process_film
from engine.media.film import open_film
from engine.predictor import EmotionPredictor
from engine.records import UInt8
from tests.live.made_live import Told, box, grey_film, photograph, scene, write_film

FRAMES = 7


@pytest.fixture
def predictor(checkpoints: Path) -> EmotionPredictor:
    return EmotionPredictor("cbam", detector=Told(box(60, 80)))


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return write_film(tmp_path / "film.avi", [scene([(1, 60 + 2 * index, 80)]) for index in range(FRAMES)])


def test_real_faces_are_found_followed_written_and_tabled(checkpoints: Path, tmp_path: Path) -> None:
    still = photograph()
    path = write_film(tmp_path / "two.avi", [np.roll(still, 3 * index, axis=1) for index in range(FRAMES)])
    seen: list[LiveFrame] = []
    summary = EmotionPredictor("cbam").video(
        path, tmp_path / "out.mp4", lambda live, _: seen.append(live), table=tmp_path / "tracks.csv"
    )
    assert (summary.frames, summary.frames_with_faces, summary.tracks) == (FRAMES, FRAMES, 2)
    assert (summary.source, summary.model, summary.ended) == ("two.avi", "cbam", "end")
    assert summary.seconds == pytest.approx((FRAMES - 1) / 10)
    assert [live.index for live in seen] == list(range(FRAMES))
    assert {face.track for live in seen for face in live.faces} == {1, 2}
    moved = [seen[-1].faces[index].box.x - seen[0].faces[index].box.x for index in (0, 1)]
    assert moved == [pytest.approx(3 * (FRAMES - 1), abs=6)] * 2
    with open_film(tmp_path / "out.mp4") as written:
        frames = list(written.frames())
    assert len(frames) == FRAMES
    assert frames[0].pixels.shape == still.shape
    assert np.abs(frames[0].pixels.astype(int) - still).mean() > 2.0  # it is drawn upon
    with (tmp_path / "tracks.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * FRAMES
    shown = [(live.index, face) for live in seen for face in live.faces]
    for row, (index, face) in zip(rows, shown, strict=True):
        assert (int(row["frame"]), int(row["track"]), row["label"]) == (index, face.track, face.label)
        assert [int(row[key]) for key in ("left", "top", "width", "height")] == face.box.as_list()


def test_false_stops_and_keeps_what_came_so_far(predictor: EmotionPredictor, film: Path, tmp_path: Path) -> None:
    summary = predictor.video(film, tmp_path / "out.mp4", lambda live, _: live.index < 2)
    assert (summary.frames, summary.ended) == (3, "stopped")
    with open_film(tmp_path / "out.mp4") as written:
        assert sum(1 for _ in written.frames()) == 3


def test_a_failure_leaves_a_film_that_plays(predictor: EmotionPredictor, film: Path, tmp_path: Path) -> None:
    def fail(live: LiveFrame, _: UInt8) -> None:
        if live.index == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predictor.video(film, tmp_path / "out.mp4", fail, table=tmp_path / "tracks.csv")
    with open_film(tmp_path / "out.mp4") as written:
        assert sum(1 for _ in written.frames()) == 4
    assert len((tmp_path / "tracks.csv").read_text(encoding="utf-8").splitlines()) == 5


def test_a_limit_in_seconds(predictor: EmotionPredictor, film: Path) -> None:
    told: list[tuple[int, int | None]] = []
    summary = process_film(
        predictor, predictor.detector, film, limit_seconds=0.25, progress=lambda *at: told.append(at)
    )
    assert (summary.frames, summary.ended) == (3, "limit")
    assert told == [(1, FRAMES), (2, FRAMES), (3, FRAMES)]
    with pytest.raises(UsageError, match="more than 0 seconds"):
        process_film(predictor, predictor.detector, film, limit_seconds=0.0)


def test_settings_reach_the_pipeline(predictor: EmotionPredictor, film: Path) -> None:
    found: list[LiveFrame] = []
    predictor.video(film, on_frame=lambda live, _: found.append(live), settings=LiveSettings("gate", detect_every=1))
    assert all(live.detected for live in found)
    assert {live.layer for live in found} == {"block4.spatial"}


def test_a_truncated_film_is_said_to_be(checkpoints: Path, tmp_path: Path) -> None:
    data = grey_film(tmp_path / "grey.avi", size=(320, 240)).read_bytes()
    (tmp_path / "half.avi").write_bytes(data[: len(data) // 2])
    summary = EmotionPredictor("cbam", detector=Told()).video(tmp_path / "half.avi", tmp_path / "out.webm")
    assert (summary.ended, summary.tracks, summary.codec) == ("cut short", 0, "vp8")
    assert summary.notes[0].startswith("Not all of 'half.avi' can be decoded: it is cut short or damaged.")
    assert f"The {summary.frames} frames that can are kept." in summary.notes[0]
    assert "No face was found in any frame." in summary.notes
    with open_film(tmp_path / "out.webm") as written:
        assert sum(1 for _ in written.frames()) == summary.frames


def test_what_cannot_be_done_is_said_before_anything_is_written(
    predictor: EmotionPredictor, film: Path, tmp_path: Path
) -> None:
    with pytest.raises(FilmError, match=r"there is no file 'none\.mp4'"):
        predictor.video(tmp_path / "none.mp4", tmp_path / "out.mp4")
    with pytest.raises(FilmError, match=r"'film\.avi' exists already"):
        predictor.video(film, film)
    with pytest.raises(FilmError, match=r"'film\.avi' exists already"):
        predictor.video(film, tmp_path / "out.mp4", table=film)
    with pytest.raises(UnknownNameError, match="film ending"):
        predictor.video(film, tmp_path / "out.mov", table=tmp_path / "tracks.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["film.avi"]
