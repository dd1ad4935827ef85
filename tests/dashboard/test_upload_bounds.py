"""Every uploader has a bound: weights the server's, all else 50 MB, films what whoever serves the pages says."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import streamlit as st

from dashboard.views.models.add import PICTURES_MEGABYTES
from dashboard.views.video.choice import SERVER_LIMIT, film_megabytes
from tests.dashboard.made import ROOT

WEIGHTS = "dashboard/views/models/add.py"


def test_every_uploader_but_that_of_weights_has_a_bound_of_its_own() -> None:
    without = []
    for file in sorted((ROOT / "dashboard").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            named = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            if named and node.func.attr == "file_uploader" and "max_upload_size" not in {k.arg for k in node.keywords}:
                without.append(file.relative_to(ROOT).as_posix())
    assert without == [WEIGHTS]


def test_the_server_takes_the_weights_of_a_resnet_of_50_layers_and_no_more_than_it_says() -> None:
    said = (Path(ROOT) / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    assert "maxUploadSize = 200" in said
    assert PICTURES_MEGABYTES == 50


def test_films_follow_the_variable_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "get_option", lambda _name: 200)
    monkeypatch.delenv(SERVER_LIMIT, raising=False)
    assert film_megabytes() == 50
    monkeypatch.setenv(SERVER_LIMIT, "200")
    assert film_megabytes() == 200
    monkeypatch.setattr(st, "get_option", lambda _name: 20)
    monkeypatch.delenv(SERVER_LIMIT)
    assert film_megabytes() == 20
