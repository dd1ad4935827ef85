from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.cli.main import main


def test_it_says_where_things_lie(
    checkpoints: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FERLENS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FERLENS_DATA", str(tmp_path / "nothing"))
    assert main(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["models"][str(checkpoints)].startswith("baseline, cbam (")
    assert found["new models go to"] == str(checkpoints)
    assert found["libraries"]["torch"] != "not installed"
    assert found["data"].startswith("no FER2013")
    assert found["cache"] == f"{tmp_path / 'cache'}, 0.0 MB"


def test_it_clears_the_cache_and_nothing_else(
    checkpoints: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = tmp_path / "cache"
    (cache / "deep").mkdir(parents=True)
    (cache / "deep" / "one.npy").write_bytes(bytes(1_500_000))
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    (cache / "link").symlink_to(outside)
    monkeypatch.setenv("FERLENS_CACHE", str(cache))
    assert main(["doctor"]) == 0
    assert "1.5 MB" in capsys.readouterr().out
    assert main(["doctor", "--clear-cache"]) == 0
    assert "cleared bytes: 1500000" in capsys.readouterr().out
    assert list(cache.iterdir()) == []
    assert (outside / "kept").read_text() == "kept"


def test_a_path_is_shown_without_the_persons_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FERLENS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(tmp_path / "mine"))
    assert main(["doctor", "--json"]) == 0
    assert str(tmp_path) not in capsys.readouterr().out
