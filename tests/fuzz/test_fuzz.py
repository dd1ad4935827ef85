"""Five hundred cases with every run of the tests: none ends in a traceback, none says where things lie here."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from engine.errors import PictureError
from tests.fuzz import mangle
from tests.fuzz.__main__ import main, table, tally, verdicts
from tests.fuzz.judge import Case, judge
from tests.fuzz.kinds import KINDS, case, maker, share

CASES = 500
SEED = 20_261


@pytest.mark.parametrize("kind", KINDS)
def test_each_is_answered_or_refused_with_a_sentence(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("FERLENS_CHECKPOINTS", "FERLENS_DATA"):  # what a kind sets is put back
        monkeypatch.setenv(name, "nowhere")
    counts = tally(verdicts(kind, share(kind, CASES), SEED, tmp_path, heavy=False), kind, SEED)
    assert counts["tried"] == share(kind, CASES)
    # No time is asserted: a run by hand says how many were over budget.
    assert (counts["traceback"], counts["path in a message"]) == (0, 0), capsys.readouterr().err


def test_a_case_is_the_same_whenever_it_is_asked_for(tmp_path: Path) -> None:
    makes = maker("pictures", tmp_path, heavy=False)
    assert [case(makes, "pictures", 3, number).what for number in range(20)] == [
        case(makes, "pictures", 3, number).what for number in range(20)
    ]
    assert len({case(makes, "pictures", seed, 0).what for seed in range(9)}) > 1


def test_the_judge_sees_a_traceback_a_path_and_a_sentence() -> None:
    def refuse(said: str) -> None:
        raise PictureError(said)

    hidden = ("/somewhere/private",)
    assert judge(Case("x", lambda: None), hidden).outcome == "answered"
    assert judge(Case("x", lambda: "Expected more; send it."), hidden).outcome == "refused"
    assert judge(Case("x", lambda: refuse("Expected more.")), hidden).outcome == "refused"
    assert not judge(Case("x", lambda: refuse("Expected more.")), hidden).wrong
    assert judge(Case("x", lambda: refuse("")), hidden).outcome == "traceback"
    assert judge(Case("x", lambda: refuse("no /somewhere/private/a.jpg")), hidden).path
    broken = judge(Case("x", lambda: 1 // 0), hidden)
    assert (broken.outcome, broken.wrong) == ("traceback", True)
    assert "ZeroDivisionError" in broken.said
    assert judge(Case("x", lambda: len(bytearray(2**30 + 2**28)) and None), hidden).over_budget


def test_documents_are_changed_and_the_good_one_is_not() -> None:
    good = {"a": [1, {"b": "c"}], "d": None}
    made = [mangle.document(good, Random(seed)) for seed in range(200)]  # noqa: S311 - nothing secret
    assert good == {"a": [1, {"b": "c"}], "d": None}
    assert sum(one != good for one in made) > 150
    assert len({mangle.written(one) for one in made}) > 100


def test_the_command_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--cases", "20", "--seed", "5", "--kinds", "addresses", "--light"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("| kind | tried | answered | refused | over budget | traceback | path in a message |")
    assert "| all | 1 |" in said
    assert "Seed 5. Python" in said
    assert table({"x": tally(iter(()), "x", 1)}).endswith("| all | 0 | 0 | 0 | 0 | 0 | 0 |")
