from __future__ import annotations

import json

import pytest

from engine.cli.main import main


def test_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["benchmark", "faces", "--count", "6", "--workers", "2", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["count"], document["size"], document["workers"]) == (6, 48, 2)
    assert document["pictures_per_second"] == pytest.approx(6 / document["seconds"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--count", "0"], "--count of 1 to 12,000"),
        (["--workers", "0"], "--workers of 1 to 64"),
        (["--size", "20"], "a size of 48 to 256"),
    ],
)
def test_wrong_use_is_one_line(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["benchmark", "faces", "--count", "3", *words]) == 2
    printed = capsys.readouterr()
    assert says in printed.err
    assert printed.err.count("\n") == 1
