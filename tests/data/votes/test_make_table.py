from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.data.votes.make_table import main
from engine.data.votes.table import read_table
from engine.labels import FER2013_CSV_ORDER


@pytest.fixture
def faces() -> list[tuple[str, str, np.ndarray]]:
    """(usage, class, pixels) of nine rows; rows 1 and 4 are the same picture, row 8 that of another part."""
    rng = np.random.default_rng(3)
    coarse = rng.integers(0, 256, (9, 6, 6)).astype(np.uint8)
    pixels = np.kron(coarse, np.ones((1, 8, 8), np.uint8))
    pixels[4] = pixels[8] = pixels[1]
    words = ("happy", "sad", "happy", "sad", "fear", "happy", "happy", "sad", "sad")
    usages = ("Training",) * 5 + ("PublicTest",) * 2 + ("PrivateTest",) * 2
    return list(zip(usages, words, pixels, strict=True))


def write_csv(path: Path, rows: list[tuple[str, str, np.ndarray]]) -> Path:
    lines = [
        f"{FER2013_CSV_ORDER.index(word)},{' '.join(map(str, pixels.reshape(-1)))},{usage}"
        for usage, word, pixels in rows
    ]
    path.write_text("\n".join(["emotion,pixels,Usage", *lines]) + "\n")
    return path


def write_jpegs(folder: Path, rows: list[tuple[str, str, np.ndarray]], numbers: list[int]) -> None:
    for (usage, word, pixels), number in zip(rows, numbers, strict=True):
        place = folder / ("train" if usage == "Training" else "test") / word
        place.mkdir(parents=True, exist_ok=True)
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "JPEG", quality=90)
        (place / f"{usage}_{number}.jpg").write_bytes(stream.getvalue())


def test_files_find_their_rows(
    tmp_path: Path, faces: list[tuple[str, str, np.ndarray]], capsys: pytest.CaptureFixture[str]
) -> None:
    numbers = [50, 40, 30, 20, 10, 7, 3, 9, 1]
    write_jpegs(tmp_path / "set", faces, numbers)
    write_jpegs(tmp_path / "set", [("Training", "angry", np.full((48, 48), 9, np.uint8))], [60])
    write_jpegs(tmp_path / "set", [("Training", "happy", np.full((48, 48), 250, np.uint8))], [20])
    table_file = tmp_path / "t.npz"
    csv = write_csv(tmp_path / "fer2013.csv", faces)
    assert main(["--csv", str(csv), "--data", str(tmp_path / "set"), "--out", str(table_file)]) == 0
    table = read_table(table_file)
    found = {
        name: table.rows_of(name).tolist()  # type: ignore[union-attr]
        for name in (
            "Training_50.jpg", "Training_40.jpg", "Training_30.jpg", "train/sad/Training_20.jpg", "Training_10.jpg",
            "PublicTest_7.jpg", "PublicTest_3.jpg", "PrivateTest_9.jpg", "PrivateTest_1.jpg",
            "Training_60.jpg", "train/happy/Training_20.jpg",
        )
    }  # fmt: skip
    assert found == {
        "Training_50.jpg": [0], "Training_40.jpg": [1, 4], "Training_30.jpg": [2], "train/sad/Training_20.jpg": [3],
        "Training_10.jpg": [1, 4], "PublicTest_7.jpg": [5], "PublicTest_3.jpg": [6], "PrivateTest_9.jpg": [7],
        "PrivateTest_1.jpg": [8],
        # Nothing looks like these two: of a class without rows, and of a class with others.
        "Training_60.jpg": [], "train/happy/Training_20.jpg": [],
    }  # fmt: skip
    assert table.rows_of("Training_20.jpg") is None  # there twice
    assert table.total == 9
    assert "11 files, 2 without a row, of 9 rows" in capsys.readouterr().err


def test_what_does_not_belong_together(
    tmp_path: Path, faces: list[tuple[str, str, np.ndarray]], capsys: pytest.CaptureFixture[str]
) -> None:
    write_jpegs(tmp_path / "set", faces[:1], [1])
    csv = write_csv(tmp_path / "fer2013.csv", faces[5:7])
    assert main(["--csv", str(csv), "--data", str(tmp_path / "set"), "--out", str(tmp_path / "t.npz")]) == 1
    assert "error: Expected pictures of the same parts and classes" in capsys.readouterr().err
    assert not (tmp_path / "t.npz").exists()
