from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from engine.cli.main import main
from engine.models.registry import ARCHITECTURES
from tests.made_odd import write_absurd, write_odd


def test_the_document(checkpoints: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["models"]}
    assert set(rows) >= {"baseline", "cbam"} | set(ARCHITECTURES)
    cbam, spatial = rows["cbam"], rows["spatial"]
    assert (cbam["trained"], spatial["trained"]) == (True, False)
    assert rows["baseline"]["parameters"] == 3_915_143
    assert rows["baseline"]["gates"] == []
    assert cbam["input"] == {"size": 48, "channels": 1}
    assert cbam["classes"][0] == "angry"
    assert cbam["gates"][0] == {"layer": "block1.channel", "kind": "channel", "shape": [64]}
    assert [gate["shape"] for gate in spatial["gates"]] == [[48, 48], [24, 24], [12, 12], [6, 6]]
    assert cbam["metrics"] == {}
    cmaen = rows["cmaen"]
    assert cmaen["input"] == {"size": 224, "channels": 3}
    assert sum(cmaen["parameters_by_module"].values()) == cmaen["parameters"] == 40_887_254
    assert {"layer": "cross", "kind": "cross", "shape": [49, 49]} in cmaen["gates"]
    assert {"layer": "emotion.spatial", "kind": "emotion", "shape": [7, 7, 7]} in cmaen["gates"]


def test_the_table(checkpoints: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    assert main(["models"]) == 0
    printed = capsys.readouterr().out
    assert "3,915,143" in printed
    assert "efficientnet 20,177,488" in printed
    assert "not measured" in printed


def test_odd_folders_are_named_and_the_rest_is_listed(
    checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = write_odd(tmp_path)
    shutil.copytree(checkpoints / "cbam", tmp_path / "cbam")
    for which in ("size", "width", "mean-nan"):
        write_absurd(tmp_path, checkpoints / "cbam", which)
    shutil.copytree(checkpoints / "cbam", tmp_path / "unbuildable")
    card = json.loads((tmp_path / "cbam" / "card.json").read_text())
    (tmp_path / "unbuildable" / "card.json").write_text(json.dumps({**card, "config": {"reduction": 0}}))
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(tmp_path))
    assert main(["models", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in document["models"] if row["trained"]] == ["cbam"]
    assert len(document["problems"]) == len(odd) + 1 + 3 + 1
    assert any(problem.startswith("'unbuildable' cannot be built") for problem in document["problems"])
    monkeypatch.setenv("COLUMNS", "160")
    assert main(["models"]) == 0
    printed = capsys.readouterr()
    assert "The card of 'brace' is damaged" in printed.err.replace("\n", " ")
    assert "3,960,083" in printed.out
