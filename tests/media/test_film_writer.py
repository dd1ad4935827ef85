from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.errors import FilmError, StorageError, UnknownNameError
from engine.media.film import open_film
from engine.media.film_writer import FilmWriter
from engine.records import UInt8
from tests.live.made_live import brightness
from tests.writing.made_writing import disk_of


def grey(index: int, width: int = 96, height: int = 64) -> UInt8:
    return np.full((height, width, 3), 20 + 10 * index, dtype=np.uint8)


def written(path: Path, times: list[float], rate: float = 10.0) -> list[int]:
    with FilmWriter(path, 96, 64, rate) as writer:
        for index, seconds in enumerate(times):
            writer.write(grey(index), seconds)
    with open_film(path) as film:
        return [brightness(frame.pixels) for frame in film.frames()]


def test_the_source_pace_is_kept(tmp_path: Path) -> None:
    # The second frame stands for four tenths of a second; of two in one tenth the latter is left out.
    assert written(tmp_path / "a.avi", [0.0, 0.1, 0.5, 0.52, 0.6]) == [0, 1, 1, 1, 1, 2, 4]


def test_times_need_not_start_at_nothing(tmp_path: Path) -> None:
    assert written(tmp_path / "a.avi", [100.0, 100.1, 100.2]) == [0, 1, 2]


def test_a_long_silence_does_not_fill_the_disk(tmp_path: Path) -> None:
    frames = written(tmp_path / "a.avi", [0.0, 3600.0, 3600.1], rate=2.0)
    assert frames == [0] * 21 + [1]  # ten seconds at two a second; the last comes too soon after it


@pytest.mark.parametrize("ending", [".mp4", ".webm", ".avi"])
def test_odd_sizes_keep_every_pixel(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"odd{ending}"
    with FilmWriter(path, 97, 65, 10.0) as writer:
        writer.write(grey(3, 97, 65), 0.0)
    with open_film(path) as film:
        assert (film.width, film.height) == (98, 66)
        assert brightness(next(film.frames()).pixels) == 3


def test_what_was_written_before_a_failure_can_be_played(tmp_path: Path) -> None:
    path = tmp_path / "part.mp4"

    def fail_after_five() -> None:
        with FilmWriter(path, 96, 64, 10.0) as writer:
            for index in range(5):
                writer.write(grey(index), index / 10)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_five()
    with open_film(path) as film:
        assert sum(1 for _ in film.frames()) == 5


@pytest.mark.parametrize("ending", [".mp4", ".webm", ".avi"])
def test_a_full_disk_leaves_nothing(tmp_path: Path, ending: str, capfd: pytest.CaptureFixture[str]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 64, 96, 3), dtype=np.uint8)

    def write() -> None:
        with FilmWriter(tmp_path / f"a{ending}", 96, 64, 10.0) as writer:
            for index, picture in enumerate(noise):
                writer.write(picture, index / 10)

    write()
    whole = (tmp_path / f"a{ending}").stat().st_size
    (tmp_path / f"a{ending}").unlink()
    for size in (0, whole // 2, whole - 1):  # at the first byte, in the middle, at the last
        with pytest.raises(StorageError, match=rf"'a\{ending}' could not be written"), disk_of(size):
            write()
        assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr().err == ""


def test_a_film_has_its_name_once_it_is_finished(tmp_path: Path) -> None:
    path = tmp_path / "a.avi"
    with FilmWriter(path, 96, 64, 10.0) as writer:
        writer.write(grey(1), 0.0)
        assert not path.exists()
    assert path.is_file()

    def fail_at_once() -> None:
        with FilmWriter(tmp_path / "none.avi", 96, 64, 10.0):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail_at_once()
    assert [file.name for file in tmp_path.iterdir()] == ["a.avi"]


def test_nothing_is_overwritten_and_no_folder_made(tmp_path: Path) -> None:
    (tmp_path / "there.mp4").write_bytes(b"dear")
    for path, error, says in (
        (tmp_path / "there.mp4", FilmError, "'there.mp4' exists already"),
        (tmp_path / "no" / "a.mp4", FilmError, "The folder 'no' for 'a.mp4' does not exist"),
        (tmp_path / "a.mov", UnknownNameError, r"Unknown film ending '\.mov'; valid: \.mp4, \.webm, \.avi"),
    ):
        with pytest.raises(error, match=says):
            FilmWriter(path, 96, 64, 10.0)
    assert (tmp_path / "there.mp4").read_bytes() == b"dear"
    assert [path.name for path in tmp_path.iterdir()] == ["there.mp4"]
