"""One ``kill -9`` for each command; ``python -m tests.faults`` tries fifty."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.__main__ import COLUMNS, table
from tests.faults.cases import CASES, Case, digests, prepare
from tests.faults.trials import Outcome, Undisturbed, trial, undisturbed

pytestmark = pytest.mark.slow

MOMENT = 0.6
"""Of the work; the last of it is mostly writing."""


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("given")
    prepare(folder)
    return folder


@pytest.mark.parametrize("name", CASES)
def test_a_killed_command_gives_the_same_result_in_the_end(name: str, given: Path, tmp_path: Path) -> None:
    known = undisturbed(CASES[name], given, tmp_path / "known")
    outcome = trial(CASES[name], known, given, tmp_path / "killed", MOMENT)
    assert outcome.fine, outcome


def test_what_is_half_written_left_over_or_different_is_told(given: Path, tmp_path: Path) -> None:
    """Of a command that makes nothing, in a folder where something lies already."""
    case = Case(lambda _: ["doctor"], ("a", "b"), "a", digests)
    place = tmp_path / "killed"
    place.mkdir()
    (place / "a").write_text("half", encoding="utf-8")
    (place / ".a.part").touch()
    outcome = trial(case, Undisturbed({"a": "whole", "b": "whole"}, 0.1), given, place, 0.0)
    assert (outcome.half, outcome.left, outcome.same, outcome.fine) == (("a",), (".a.part",), False, False)


def test_the_table_counts() -> None:
    fine = Outcome(killed=True, finished=False, half=(), left=(), same=True)
    bad = Outcome(killed=False, finished=True, half=("a",), left=(".a",), same=False)
    drawn = table({"train": [fine, bad], "report": [fine]})
    assert [column.header for column in drawn.columns] == list(COLUMNS)
    cells = list(zip(*(list(column.cells) for column in drawn.columns), strict=True))
    assert cells == [
        ("train", "2", "1", "1", "1", "1", "1"),
        ("report", "1", "1", "0", "0", "0", "1"),
        ("all", "3", "2", "1", "1", "1", "2"),
    ]
