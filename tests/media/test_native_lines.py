from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from engine.media.film_writer import FilmWriter, without_lines


def test_chosen_lines_go_and_all_others_stay(capfd: pytest.CaptureFixture[str]) -> None:
    os.write(2, b"before\n")
    with without_lines(b"Library: "):
        os.write(2, b"Library: a tag is not supported\nsomething else\nLibrary: again\n")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "before\nsomething else\nafter\n"


def break_off() -> None:
    with without_lines(b"Library: "):
        os.write(2, b"Library: x\nlost?\n")
        raise RuntimeError


def test_stderr_is_given_back_after_a_failure(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError):
        break_off()
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "lost?\nafter\n"


def test_a_film_is_written_without_a_word(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with FilmWriter(tmp_path / "a.webm", 96, 64, 10.0) as writer:
        writer.write(np.full((64, 96, 3), 90, dtype=np.uint8), 0.0)
    assert capfd.readouterr().err == ""
