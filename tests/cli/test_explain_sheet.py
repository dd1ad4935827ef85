"""``explain`` with settings of methods, and several pictures on a sheet for a paper."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from engine.cli.main import main

pytestmark = pytest.mark.usefixtures("checkpoints")


def explain(*words: object) -> int:
    return main(["explain", *map(str, words), "--whole"])


def test_settings_reach_their_methods(album: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--method", "gradcam,occlusion,deeplift", "--baseline", "0.25", "--setting", "cells=3"]
    more = ["--setting", "occlusion.baseline=1", "--out", tmp_path / "made", "--json"]
    assert explain(album / "one.png", "--model", "cbam", *words, *more) == 0
    found = {one["kind"]: one for one in json.loads(capsys.readouterr().out)["maps"]}
    assert found["gradcam"]["settings"] == {}
    assert found["occlusion"]["settings"] == {"cells": 3.0, "baseline": 1.0}
    assert found["occlusion"]["shape"] == [3, 3]
    assert found["deeplift"]["settings"] == {"baseline": 0.25}


def test_pictures_go_on_a_sheet_with_its_caption(
    album: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = [album / "one.png", album / "one.png"]
    words = ["--methods", "gradcam,hirescam", "--layer", "block3", "--sheet-scale", "own"]
    assert explain(*pictures, "--model", "cbam", *words, "--sheet", tmp_path / "sheet.png", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["files"] == ["sheet.png", "sheet.txt"]
    said = (tmp_path / "sheet.txt").read_text().strip()
    assert said == document["caption"]
    assert "the model cbam for n = 2 pictures" in said
    assert "Grad-CAM (layer block3); HiResCAM (layer block3)" in said
    assert "each map its own range" in said
    assert [len(one["maps"]) for one in document["pictures"]] == [2, 2]
    with Image.open(tmp_path / "sheet.png") as picture:
        assert round(picture.info["dpi"][0]) == 300


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--out", "made", "--setting", "steps=5"], "No method asked for takes 'steps=5'; settings of gradcam: none."),
        (["--out", "made", "--method", "occlusion", "--setting", "cells=99"], "Expected cells of Occlusion as a whole"),
        (["--out", "made", "--setting", "many"], "Expected a setting as NAME=VALUE"),
        ([], "Expected --out, the folder for the files, or --sheet, a file for a paper; give one."),
        (["--sheet", "sheet.docx"], "Expected --sheet as a file that ends with .pdf, .svg, .png, got 'sheet.docx'"),
        (["--sheet", "sheet.pdf", "--sheet-scale", "log"], "Unknown scale 'log'; valid: "),
        (["--sheet", "sheet.pdf", "--trust"], "A sheet has no place for --trust; leave it out, or --sheet."),
        (["--sheet", "sheet.pdf", "--out", "made"], "A sheet has no place for --out; leave it out, or --sheet."),
    ],
)
def test_what_makes_no_sense_is_one_line(
    album: Path, words: list[str], line: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert explain(album / "one.png", "--model", "cbam", *words) == 2
    printed = capsys.readouterr()
    assert line in printed.err


def test_thirteen_pictures_are_too_many(album: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(*[album / "one.png"] * 13, "--model", "cbam", "--sheet", tmp_path / "s.pdf") == 2
    assert "Expected 1 to 12 pictures on a sheet, got 13; choose fewer." in capsys.readouterr().err
