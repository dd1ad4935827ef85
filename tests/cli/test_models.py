from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.cli.main import main
from engine.models.registry import ARCHITECTURES


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


def test_a_damaged_card_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "card.json").write_text("{")
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(tmp_path))
    assert main(["models", "--json"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: The card of 'broken' is damaged")
