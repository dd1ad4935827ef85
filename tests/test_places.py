from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine import places
from engine.models.checkpoint import checkpoint_names, find_checkpoint
from engine.places import checkpoint_path, checkpoint_places, writable_checkpoints
from tests.made import ROOT, write_seeded


def test_the_usual_places_are_the_checkout_the_user_and_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FERLENS_CHECKPOINTS", raising=False)
    found = checkpoint_places()
    assert found[0] == ROOT / "checkpoints"
    assert found[1].parts[-2:] == ("ferlens", "checkpoints")
    assert found[2] == ROOT / "ferlens" / "checkpoints"


def test_the_variable_takes_their_place_and_an_empty_entry_brings_them_back(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("FERLENS_CHECKPOINTS", raising=False)
    usual = checkpoint_places()
    one, two = tmp_path / "one", tmp_path / "two"
    monkeypatch.setenv("FERLENS_CHECKPOINTS", f"{one}{os.pathsep}{two}")
    assert checkpoint_places() == (one, two)
    monkeypatch.setenv("FERLENS_CHECKPOINTS", f"{one}{os.pathsep}")
    assert checkpoint_places() == (one, *usual)


def test_the_first_place_that_has_a_name_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    write_seeded(one / "cbam", "cbam")
    write_seeded(two / "cbam", "cbam")
    write_seeded(two / "mine", "baseline")
    monkeypatch.setenv("FERLENS_CHECKPOINTS", f"{one}{os.pathsep}{two}")
    assert checkpoint_names() == ("cbam", "mine")
    assert find_checkpoint("cbam") == one / "cbam"
    assert find_checkpoint("mine") == two / "mine"
    assert checkpoint_path("new") == one / "new"


def test_new_models_go_where_they_may_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("no folder can be below it")
    mine = tmp_path / "deep" / "mine"
    monkeypatch.setenv("FERLENS_CHECKPOINTS", f"{file / 'x'}{os.pathsep}{mine}")
    assert writable_checkpoints() == mine


def test_an_installed_package_keeps_its_cache_with_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("FERLENS_CACHE", raising=False)
    assert places.cache_folder() == ROOT / ".cache"
    monkeypatch.setattr(places, "CODE", tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    assert places.checkout() is None
    assert places.cache_folder().name == "ferlens"
