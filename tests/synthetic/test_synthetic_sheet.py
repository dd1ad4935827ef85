"""The contact sheet: seven expressions a row, each at its place, and the single faces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from engine.labels import EMOTIONS
from engine.synthetic import draw_expression
from engine.synthetic.sheet import contact_sheet, main


def test_each_expression_lies_in_its_column() -> None:
    sheet = contact_sheet((5, 9), 48, gap=2)
    assert sheet.shape == (2 * 50 - 2, 7 * 50 - 2, 3)
    happy = EMOTIONS.index("happy")
    assert (sheet[50:98, happy * 50 : happy * 50 + 48] == draw_expression("happy", 9, 48, 3).image).all()
    assert (sheet[48:50] == 255).all()


def test_command_writes_the_sheet_and_the_singles(tmp_path: Path) -> None:
    singles = tmp_path / "singles"
    assert (
        main(["--out", str(tmp_path / "new" / "sheet.png"), "--people", "5", "--size", "48", "--singles", str(singles)])
        == 0
    )
    assert np.asarray(Image.open(tmp_path / "new" / "sheet.png")).shape == (48, 7 * 52 - 4, 3)
    assert sorted(file.name for file in singles.iterdir()) == [f"built-in-{emotion}.png" for emotion in EMOTIONS]
    assert Image.open(singles / "built-in-sad.png").size == (192, 192)


def test_impossible_size_is_one_sentence(tmp_path: Path, capsys) -> None:
    assert main(["--out", str(tmp_path / "sheet.png"), "--size", "20"]) == 2
    assert "48 to 256" in capsys.readouterr().err
    assert not (tmp_path / "sheet.png").exists()
