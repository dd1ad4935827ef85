from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.analysis.sweep.finish import carry_gate_use

METADATA = {
    "model": "cbam", "dataset": "fer2013", "split": "private", "weights_sha256": "a" * 64, "data_fingerprint": "b" * 64,
}  # fmt: skip


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    old, new = tmp_path / "old", tmp_path / "new"
    for folder in (old, new):
        folder.mkdir()
    (old / "gate_use.json").write_text(json.dumps({"weights_sha256": "a" * 64, "figures": [1]}), encoding="utf-8")
    (old / "report.json").write_text(json.dumps({"data_fingerprint": "b" * 64}), encoding="utf-8")
    return old, new


def carry(folders: tuple[Path, Path], **changes: Any) -> Any:
    return carry_gate_use(*folders, {**METADATA, **changes})


def test_it_is_kept_where_weights_and_pictures_are_the_same(folders: tuple[Path, Path]) -> None:
    old, new = folders
    found = carry(folders)
    assert found.kept
    assert (new / "gate_use.json").read_bytes() == (old / "gate_use.json").read_bytes()
    assert found.as_dict()["remedy"] == ""


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"weights_sha256": "c" * 64}, "it was measured with other weights"),
        ({"data_fingerprint": "c" * 64}, "it was measured on other pictures"),
    ],
)
def test_it_is_dropped_where_they_are_not(folders: tuple[Path, Path], changes: dict[str, str], reason: str) -> None:
    found = carry(folders, **changes)
    assert (found.kept, found.reason) == (False, reason)
    assert found.remedy == "python -m engine benchmark gates --model cbam --dataset fer2013 --split private"
    assert list(folders[1].iterdir()) == []


@pytest.mark.parametrize("text", ["{", "[]", ""])
def test_a_damaged_one_is_dropped(folders: tuple[Path, Path], text: str) -> None:
    (folders[0] / "gate_use.json").write_text(text, encoding="utf-8")
    assert carry(folders).reason == "it is damaged"
    assert list(folders[1].iterdir()) == []


def test_a_damaged_report_does_not_lose_it(folders: tuple[Path, Path]) -> None:
    (folders[0] / "report.json").write_text("{", encoding="utf-8")
    assert carry(folders).kept


def test_none_is_none(folders: tuple[Path, Path], tmp_path: Path) -> None:
    (folders[0] / "gate_use.json").unlink()
    assert carry(folders) is None
    assert carry_gate_use(tmp_path / "nowhere", folders[1], METADATA) is None


def test_one_that_is_not_what_the_report_tells_is_dropped(folders: tuple[Path, Path]) -> None:
    old, _ = folders
    told = {"data_fingerprint": "b" * 64, "sha256": {"gate_use.json": "0" * 64}}
    (old / "report.json").write_text(json.dumps(told), encoding="utf-8")
    assert carry(folders).reason == "it is damaged"
