from __future__ import annotations

import sys
from pathlib import Path

import openpyxl
import pytest

from engine.data.read.samm import clip_key, read_key_frames, read_label_sheet, subject_key
from engine.errors import DataError, MissingExtraError


def write_excel(path: Path, rows: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


@pytest.mark.parametrize(
    ("name", "key"),
    [("006", "6"), ("6", "6"), ("6.0", "6"), ("sub06", "6"), ("s15", "15"), ("Anna", "anna"), ("0", "0")],
)
def test_a_subject_however_written(name: str, key: str) -> None:
    assert subject_key(name) == key


@pytest.mark.parametrize(("name", "key"), [("006_1_2", "006_1_2"), ("EP02_01f", "ep02_01f"), ("03", "3"), ("3.0", "3")])
def test_a_clip_however_written(name: str, key: str) -> None:
    assert clip_key(name) == key


def test_samms_own_sheet_has_its_header_below_notes(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["SAMM Micro-Expressions"],
        [],
        ["Subject", "Filename", "Onset Frame", "Estimated Emotion", "Notes"],
        [6, "006_1_2", 5562, "Anger", None],
        [20, "020_1_1", 1, "Other", "x"],
        [21, "021_1_1", 1, None, "not labelled"],
    ]
    found = read_label_sheet(write_excel(tmp_path / "samm.xlsx", rows))
    assert found == {("6", "006_1_2"): "Anger", ("20", "020_1_1"): "Other"}


def test_a_plain_csv(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("\ufeffemotion,clip,subject\nhappy,3,sub01\nhappy,3,1\nsad,4\n", encoding="utf-8")
    assert read_label_sheet(path) == {("1", "3"): "happy"}
    path.write_text("subject,clip,emotion\n1,3,happy\n1,3,sad\n")
    with pytest.raises(DataError, match=r"'labels\.csv' calls clip '3' of subject '1' both 'happy' and 'sad'"):
        read_label_sheet(path)
    path.write_text("emotion,pixels\n1,0 0 0\n")
    assert read_label_sheet(path) is None


def test_no_excel_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "labels.xlsx"
    path.write_bytes(b"not a sheet")
    with pytest.raises(DataError, match=r"Expected 'labels\.xlsx' to be an Excel sheet"):
        read_label_sheet(path)
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(MissingExtraError, match=r"'labels\.xlsx' needs openpyxl.*requirements-extras\.txt"):
        read_label_sheet(path)


def test_key_frames_of_both_sets_sheets(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["SAMM Micro-Expressions"],
        ["Subject", "Filename", "Onset Frame", "Apex Frame", "Offset Frame", "Estimated Emotion"],
        [6, "006_1_2", 5562, 5588, 5632, "Anger"],
        [20, "020_1_1", 1, None, 9, "Other"],
    ]
    assert read_key_frames(write_excel(tmp_path / "samm.xlsx", rows)) == {("6", "006_1_2"): (5562, 5588)}
    path = tmp_path / "casme.csv"
    path.write_text(
        "Subject,Filename,OnsetFrame,ApexFrame,Estimated Emotion\n01,EP02_01f,46.0,59,happiness\n1,EP03_02,6,/,x\n2\n"
    )
    assert read_key_frames(path) == {("1", "ep02_01f"): (46, 59)}
    path.write_text("Subject,Filename,Emotion\n1,EP02_01f,happiness\n")
    assert read_key_frames(path) == {}
