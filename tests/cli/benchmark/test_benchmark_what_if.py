from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.cli.main import main

pytestmark = pytest.mark.usefixtures("checkpoints")


def test_the_document_and_the_words(album: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["benchmark", "what-if", "--model", "cbam", "--picture", str(album / "one.png"), "--repeats", "1"]
    assert main([*words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["benchmark"], document["model"], document["repeats"]) == ("what-if", "cbam", 1)
    assert list(document["pictures"]) == ["built-in face", "one.png"]
    assert main(words) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("built-in face: median ")
    assert "\none.png: median " in printed.out
    assert "all sliders" in printed.err
    assert str(album) not in printed.out + printed.err


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["--repeats", "0"], 2, "--repeats of 1 or more"),
        (["--seed", "-1"], 2, "--seed of 0 or more"),
        (["--model", "vgg"], 2, "Unknown model 'vgg'"),
        (["--picture", "gone.png"], 1, "gone.png"),
    ],
)
def test_wrong_use_is_one_line(words: list[str], status: int, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["benchmark", "what-if", "--model", "cbam", *words]) == status
    printed = capsys.readouterr()
    assert says in printed.err
    assert printed.err.count("\n") == 1
