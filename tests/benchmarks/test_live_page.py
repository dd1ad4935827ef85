from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.live_page import main, write_camera_film
from tests.benchmarks.made_films import ONE


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--film", "nine"], "Unknown film 'nine'; valid: one, four, crossing."),
        (["--overlay", "heat"], "Unknown overlay 'heat'; valid: none, gate, gradcam."),
        (["--seconds", "1"], "5 seconds or more"),
        (["--warm-up", "-1"], "no negative warm-up"),
    ],
)
def test_wrong_use_is_one_line(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    printed = capsys.readouterr()
    assert says in printed.err
    assert (printed.out, printed.err.count("\n")) == ("", 1)


def test_the_camera_film_has_every_frame(tmp_path: Path) -> None:
    write_camera_film(ONE, tmp_path / "camera.mjpeg")
    data = (tmp_path / "camera.mjpeg").read_bytes()
    assert data.startswith(b"\xff\xd8\xff")
    assert data.count(b"\xff\xd9\xff\xd8") == 20 - 1  # where one JPEG ends and the next begins
