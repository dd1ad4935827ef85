"""The folder benchmark runs on few pictures; its times are not looked at."""

from __future__ import annotations

import json

import pytest

from benchmarks.folders import main, parse
from engine.errors import UsageError


def test_it_prints_one_document(capsys: pytest.CaptureFixture[str], seeded_store: object) -> None:
    main(["--files", "12", "--few", "4", "--rounds", "1", "--threads", "1", "--model", f"{seeded_store}/cbam"])
    document = json.loads(capsys.readouterr().out)
    assert document["files"] == 12
    assert document["within_the_bar"] is (document["of_the_floor"] >= 0.85)
    assert document["stream_per_second"] > 0 < document["floor_per_second"]


def test_wrong_numbers_are_refused() -> None:
    with pytest.raises(UsageError, match="--few from 1 to --files"):
        parse(["--files", "3", "--few", "4"])
