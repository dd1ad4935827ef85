from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.errors import FilmError
from engine.media.film import Film, frame_at, open_film
from engine.media.film_source import CameraSource
from tests.live.made_live import brightness, grey_film, scene, write_film
from tests.media.made_mp4 import lying_on_its_side


@pytest.mark.parametrize("ending", [".mp4", ".webm", ".avi"])
def test_frames_come_in_order_with_their_times(tmp_path: Path, ending: str) -> None:
    with open_film(grey_film(tmp_path / f"grey{ending}")) as film:
        assert (film.name, film.width, film.height, film.live) == (f"grey{ending}", 96, 64, False)
        assert film.frames_per_second == pytest.approx(10.0, rel=0.01)
        assert film.expected_frames == 20
        frames = list(film.frames())
        assert not film.damaged
    assert [frame.index for frame in frames] == list(range(20))
    assert [brightness(frame.pixels) for frame in frames] == list(range(20))
    np.testing.assert_allclose([frame.seconds for frame in frames], np.arange(20) / 10, atol=0.002)


def test_colours_are_red_green_blue(tmp_path: Path) -> None:
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[..., 0] = 200
    with open_film(write_film(tmp_path / "red.avi", [picture] * 3)) as film:
        red, green, blue = next(film.frames()).pixels.mean(axis=(0, 1))
    assert red > 150
    assert max(green, blue) < 60


def test_a_film_that_lies_on_its_side_is_turned_upright(tmp_path: Path) -> None:
    picture = np.zeros((64, 96, 3), np.uint8)
    picture[:, :32] = 230  # its left third; a quarter turn clockwise brings it to the top
    path = write_film(tmp_path / "side.mp4", [picture] * 3)
    path.write_bytes(lying_on_its_side(path.read_bytes()))
    with open_film(path) as film:
        assert (film.width, film.height) == (64, 96)
        pixels = next(film.frames()).pixels
    assert pixels[:24].mean() > 180
    assert pixels[48:].mean() < 40


def test_a_truncated_film_is_told_from_a_whole_one(tmp_path: Path) -> None:
    data = grey_film(tmp_path / "grey.avi", size=(320, 240)).read_bytes()
    (tmp_path / "half.avi").write_bytes(data[: len(data) // 2])
    with open_film(tmp_path / "half.avi") as film:
        count = sum(1 for _ in film.frames())
        assert film.damaged
    assert 3 < count < 16


def test_what_is_no_film_is_refused_in_a_sentence(tmp_path: Path) -> None:
    whole = grey_film(tmp_path / "grey.mp4").read_bytes()
    (tmp_path / "half.mp4").write_bytes(whole[: len(whole) // 2])  # an MP4's table stands at its end
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "notes.mp4").write_text("no film")
    write_film(tmp_path / "tiny.avi", [np.zeros((16, 16, 3), np.uint8)])
    for name, says in (
        ("half.mp4", "cut short"),
        ("empty.mp4", "is empty"),
        ("notes.mp4", "cannot be opened as one"),
        ("missing.mp4", "there is no file"),
        (".", "is a folder"),
        ("tiny.avi", "at least 32 x 32 pixels"),
    ):
        with pytest.raises(FilmError, match=says) as caught:
            open_film(tmp_path / name)
        assert str(tmp_path) not in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "says"),
    [(-1, "index from 0"), (97, "camera with index 97"), ("97", "camera with index 97"), ("file:///x.mp4", "'file'")],
)
def test_cameras_and_streams_that_are_not_there(source: str | int, says: str) -> None:
    with pytest.raises(FilmError, match=says):
        open_film(source)


def test_a_streams_password_is_not_told() -> None:
    with pytest.raises(FilmError, match=r"'x\.mp4' gave none") as caught:
        open_film("http://anna:secret@127.0.0.1:9/x.mp4")
    assert "secret" not in str(caught.value)


def test_a_file_named_in_digits_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grey_film(tmp_path / "grey.avi").rename(tmp_path / "7")
    monkeypatch.chdir(tmp_path)
    with open_film("7") as film:
        assert not film.live


class Camera:
    """A capture that gives frames and no times."""

    def __init__(self, frames: int) -> None:
        self.left = frames

    def get(self, _: int) -> float:
        return -1.0

    def read(self) -> tuple[bool, object]:
        self.left -= 1
        return self.left >= 0, scene([]) if self.left >= 0 else None

    def release(self) -> None:
        self.left = 0


def test_a_camera_goes_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([50.0, 50.2, 50.3, 51.0, 52.0])
    monkeypatch.setattr("engine.media.film.time.monotonic", lambda: next(clock))
    film = Film(CameraSource(Camera(4)), "camera 0")
    assert (film.frames_per_second, film.expected_frames) == (None, None)
    assert [frame.seconds for frame in film.frames()] == pytest.approx([0.0, 0.2, 0.3, 1.0])
    assert not film.damaged
    with pytest.raises(FilmError, match="'camera 1' gives none"):
        Film(CameraSource(Camera(0)), "camera 1")


@pytest.mark.parametrize("shape", [(32, 3_201, 3), (8_000, 64, 3), (15, 100, 3)])
def test_frames_that_are_a_line_are_refused(shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Camera, "read", lambda _: (True, np.zeros(shape, dtype=np.uint8)))
    with pytest.raises(FilmError, match="at most 100 times as long as wide"):
        Film(CameraSource(Camera(1)), "camera 0")


@pytest.mark.parametrize("ending", [".mp4", ".avi"])
def test_the_frame_at_a_time(tmp_path: Path, ending: str) -> None:
    path = grey_film(tmp_path / f"grey{ending}", rate=4.0)  # 5 seconds
    for seconds, index in ((0.0, 0), (0.3, 1), (1.25, 5), (3.6, 14), (4.75, 19), (99.0, 19), (-1.0, 0)):
        frame = frame_at(path, seconds)
        assert brightness(frame.pixels) == index
        assert frame.seconds == pytest.approx(index / 4, abs=0.01)
