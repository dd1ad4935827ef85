from __future__ import annotations

import json

import pytest

from engine.cli.main import main


def test_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["benchmark", "store", "--rows", "1000", "--repeats", "1", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["benchmark"] == "store"
    assert document["rows"] == 1000
    assert document["limit_ms"] == 150
    assert document["within_limit"] == all(row["p95_ms"] <= 150 for row in document["queries"].values())


@pytest.mark.parametrize(
    ("words", "says"), [(["--rows", "5"], "--rows of 1,000"), (["--repeats", "0"], "--repeats of 1")]
)
def test_wrong_use_is_one_line(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["benchmark", "store", *words]) == 2
    printed = capsys.readouterr()
    assert says in printed.err
    assert printed.err.count("\n") == 1
