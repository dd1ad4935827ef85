from __future__ import annotations

import io
import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from engine.cli.ablate import _table
from engine.cli.main import main
from engine.training.ablation_table import AblationRow
from tests.writing.made_writing import holding

RECIPE = """
[model]
architecture = "cbam"
[optimiser]
batch_size = 8
learning_rate = 0.02
[schedule]
epochs = 4
warmup_epochs = 2
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, narrow: None, patterns: Path) -> Iterator[Path]:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FERLENS_DATA", str(patterns))
    monkeypatch.setenv("COLUMNS", "160")
    (tmp_path / "own.toml").write_text(RECIPE)
    yield tmp_path
    for number, handler in handlers.items():
        signal.signal(number, handler)


def ablate(*words: str) -> int:
    return main(["ablate", "--recipe", "own.toml", "--device", "cpu", "--limit", "24", "--epochs", "1", *words])


@pytest.mark.usefixtures("place")
def test_the_document_and_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert ablate("--without", "attention, channel", "--seeds", "2", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["finished"], document["split"], document["dataset"]) == (True, "val", "fer2013")
    assert (document["epochs"], document["limit"]) == (1, 24)
    whole, bare, spatial = document["rows"]
    assert [row["variant"] for row in document["rows"]] == ["whole", "without attention", "without channel"]
    assert whole["difference"] is None
    assert bare["interval_over"] == spatial["interval_over"] == "seeds"
    assert bare["low"] <= bare["difference"] <= bare["high"]
    assert whole["parameters"] > spatial["parameters"] > bare["parameters"]
    assert whole["n"] == 7  # a tenth of 12 a class, one each
    assert ablate("--without", "attention,channel", "--seeds", "2") == 0  # everything is kept
    assert "without attention" in capsys.readouterr().out


@pytest.mark.usefixtures("place")
def test_minutes_stop_it_resumably(capsys: pytest.CaptureFixture[str]) -> None:
    assert ablate("--without", "attention", "--seeds", "1", "--minutes", "0", "--json") == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["finished"] is False
    assert "Stopped; the same command goes on." in printed.err


def test_cells_that_another_process_trains_are_named(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with holding(place / "runs" / "ablation-own" / "locks" / "without-attention-0") as other:
        assert ablate("--without", "attention", "--seeds", "1", "--json") == 0
    printed = capsys.readouterr()
    assert [row["variant"] for row in json.loads(printed.out)["rows"]] == ["whole"]
    said = r"Process (\d+) \(.*\) trains without attention \(seed 0\); once that has ended, the same command shows"
    found = re.search(said, printed.err)
    assert found is not None
    assert int(found[1]) == other.pid


@pytest.mark.usefixtures("place")
def test_an_unknown_part_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert ablate("--without", "soul") == 2
    assert capsys.readouterr().err == "error: Unknown part of cbam 'soul'; valid: attention, channel.\n"


@pytest.mark.usefixtures("place")
def test_a_test_split_is_measured_only_where_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert ablate("--without", "attention", "--seeds", "1", "--split", "private", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["split"] == "private"
    assert document["rows"][0]["n"] == 14
    assert document["rows"][1]["interval_over"] == "pictures"


def test_the_table_loses_nothing_in_eighty_columns() -> None:
    seeds, accuracies = (0, 1, 2), (0.4, 0.4, 0.4)
    row = AblationRow(
        "without cross_attention", 3_722_297, seeds, accuracies, 0.4, -0.03093, -0.11024, 0.04839, "seeds", 9
    )
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(_table((row,)))
    printed = console.export_text()
    assert "…" not in printed
    assert all(
        word in printed for word in ("cross_attention", "3,722,297", "40.00 %", "-3.09", "-11.02", "+4.84", "seeds")
    )
