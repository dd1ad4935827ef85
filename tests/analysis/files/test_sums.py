"""The sha256 of an analysis's files, in its report."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.analysis.files.attention import find_attention
from engine.analysis.files.gate_use import GATE_USE, read_gate_use, write_gate_use
from engine.analysis.files.places import ATTENTION, PREDICTIONS, REPORT
from engine.analysis.files.predictions import find_predictions
from engine.analysis.files.sums import KEY, check_sum, report_text, sum_of, tell_sum
from engine.errors import DataError
from tests.analysis.made_gate_use import CARD, measured

AGAIN = "make it again with: python -m engine analyze --model cbam --dataset fer2013 --split private --force"
FLIPS = 60


def analysis(folder: Path) -> Path:
    return folder / "cbam" / "analysis" / "fer2013-private"


def report(place: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((place / REPORT).read_text(encoding="utf-8"))
    return document


def open_all(folder: Path) -> None:
    find_predictions(["cbam"], "fer2013", "private", folder=folder)
    find_attention("cbam", "fer2013", "private", folder=folder)


def test_the_report_tells_the_sums_of_all_files(analysed: Path) -> None:
    place = analysis(analysed)
    told = {name: hashlib.sha256((place / name).read_bytes()).hexdigest() for name in (ATTENTION, PREDICTIONS)}
    assert report(place)[KEY] == told
    open_all(analysed)


@pytest.mark.parametrize("name", [PREDICTIONS, ATTENTION])
def test_a_flipped_bit_is_noticed_wherever_it_is(analysed: Path, name: str) -> None:
    file = analysis(analysed) / name
    whole = file.read_bytes()
    draw = np.random.default_rng(0)
    for number in range(FLIPS):
        data = bytearray(whole)
        data[draw.integers(len(data))] ^= 1 << int(draw.integers(8))
        file.write_bytes(data)
        os.utime(file, ns=(number, number))  # a file system's clock may be slower than this loop
        with pytest.raises(DataError) as raised:
            open_all(analysed)
        said = str(raised.value)
        assert f"'fer2013-private/{name}'" in said
        assert said.endswith(AGAIN)
        assert str(analysed) not in said
    file.write_bytes(whole)
    open_all(analysed)


def test_one_that_is_older_than_the_sums_opens(analysed: Path) -> None:
    place = analysis(analysed)
    document = report(place)
    del document[KEY]
    (place / REPORT).write_text(report_text(document), encoding="utf-8")
    open_all(analysed)
    for text in ("no report", json.dumps({KEY: "many"}), "[]"):
        (place / REPORT).write_text(text, encoding="utf-8")
        open_all(analysed)
    (place / REPORT).unlink()
    open_all(analysed)
    tell_sum(place / PREDICTIONS)
    assert not (place / REPORT).exists()


def test_a_file_is_read_again_only_when_it_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []

    def digest(opened: Any, name: str) -> Any:
        read.append(opened.name)
        return hashlib.new(name, opened.read())

    monkeypatch.setattr("engine.analysis.files.sums.hashlib.file_digest", digest)
    file = tmp_path / "a"
    file.write_bytes(b"1")
    assert sum_of(file) == sum_of(file) == hashlib.sha256(b"1").hexdigest()
    assert len(read) == 1
    file.write_bytes(b"22")
    assert sum_of(file) == hashlib.sha256(b"22").hexdigest()
    os.utime(file, ns=(5, 5))
    sum_of(file)
    assert len(read) == 3


def test_how_gates_are_used_has_its_sum_too(tmp_path: Path) -> None:
    out = tmp_path / GATE_USE
    use = measured()
    write_gate_use(out, use)  # beside no report
    (tmp_path / REPORT).write_text(report_text({KEY: {"other": "0"}}), encoding="utf-8")
    write_gate_use(out, use, overwrite=True)
    assert report(tmp_path)[KEY] == {GATE_USE: sum_of(out), "other": "0"}
    assert read_gate_use(out, CARD, dataset=use.dataset, split=use.split) is not None
    text = out.read_text(encoding="utf-8")
    digit = next(place for place in range(len(text) - 1, 0, -1) if text[place] in "2345")
    out.write_text(text[:digit] + chr(ord(text[digit]) ^ 1) + text[digit + 1 :], encoding="utf-8")
    with pytest.raises(DataError, match=r"it is damaged: its sha256 .* --force"):
        read_gate_use(out, CARD, dataset=use.dataset, split=use.split)


def test_a_file_that_cannot_be_read_fits_no_sum(tmp_path: Path) -> None:
    (tmp_path / REPORT).write_text(report_text({KEY: {"a": "0"}}), encoding="utf-8")
    with pytest.raises(DataError, match="/a' is damaged"):
        check_sum(tmp_path / "a", "again")
