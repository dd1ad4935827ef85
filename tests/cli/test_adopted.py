"""An adopted network from the command line: listed, asked and explained, without a word about faces."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.cli.main import main
from tests.made_adopted import write_adopted


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_adopted(tmp_path / "shelf" / "mine")
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(tmp_path / "shelf"))
    return tmp_path / "shelf"


def test_it_is_listed_with_its_gates(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)["models"][0]
    assert (row["name"], row["architecture"], row["trained"], row["domain"]) == ("mine", "adopted", True, "pictures")
    assert row["input"] == {"size": 32, "columns": 48, "channels": 1}
    assert row["gates"][1] == {"layer": "gates.1.spatial", "kind": "spatial", "shape": [16, 24]}
    assert main(["models"]) == 0
    assert "32x48x1" in capsys.readouterr().out


def test_it_answers(shelf: Path, album: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(album / "one.png"), "--model", "mine", "--json"]) == 0
    (face,) = json.loads(capsys.readouterr().out)["results"][0]["faces"]
    assert set(face["probabilities"]) == {"a", "b", "c"}
    assert main(["predict", str(album / "one.png"), "--model", "mine"]) == 0
    assert "face" not in capsys.readouterr().out


def test_it_is_explained(shelf: Path, album: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["explain", str(album / "one.png"), "--model", "mine", "--out", str(tmp_path / "out")]
    assert main([*words, "--method", "gradcam,layercam,occlusion", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [gate["layer"] for gate in document["gates"]] == ["gates.0.channel", "gates.1.spatial"]
    assert [(item["kind"], item["shape"]) for item in document["maps"][:2]] == [
        ("gradcam", [16, 24]),
        ("layercam", [16, 24]),
    ]
    assert (tmp_path / "out" / "gate-gates.1.spatial.png").is_file()
    assert main(words) == 0
    assert "face" not in capsys.readouterr().out
