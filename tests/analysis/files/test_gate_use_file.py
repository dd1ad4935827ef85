from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.analysis.files.gate_use import SplitGateUse, gate_use_file, read_gate_use, write_gate_use
from engine.errors import DataError, UsageError
from tests.analysis.made_gate_use import CARD, measured

AGAIN = r"python -m engine benchmark gates --model known --dataset made --split test --force"


@pytest.fixture(scope="module")
def use() -> SplitGateUse:
    return measured()


@pytest.fixture
def file(tmp_path: Path, use: SplitGateUse) -> Path:
    path = gate_use_file(tmp_path, "made", "test")
    with pytest.raises(UsageError, match=r"no folder 'made-test'.*analyse the split first"):
        write_gate_use(path, use)
    path.parent.mkdir(parents=True)
    write_gate_use(path, use)
    return path


def test_what_is_written_is_read_back(file: Path, use: SplitGateUse) -> None:
    found = read_gate_use(file, CARD, dataset="made", split="test")
    assert found is not None
    assert found.as_dict() == json.loads(file.read_text()) == use.as_dict()
    assert [entry.name for entry in file.parent.iterdir()] == ["gate_use.json"]
    assert read_gate_use(file.with_name("none.json"), CARD, dataset="made", split="test") is None


def test_a_file_that_is_there_is_not_replaced_unasked(file: Path, use: SplitGateUse) -> None:
    with pytest.raises(UsageError, match=r"'made-test/gate_use\.json' exists already; replace it with --force"):
        write_gate_use(file, use)
    write_gate_use(file, replace(use, seed=5), overwrite=True)
    found = read_gate_use(file, CARD, dataset="made", split="test")
    assert found is not None
    assert found.seed == 5


def _first(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["effects"][0]
    return found


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda document: document.pop("effects"), "damaged"),
        (lambda document: document["effects"].pop(), "each group once"),
        (lambda document: _first(document)["distance"].update(mean=1.5), "expected distance in"),
        (lambda document: _first(document)["flips"].update(n=3), "figures of 8 pictures"),
        (lambda document: _first(document)["logit_change"].update(mean=None), "expected logit_change"),
        (lambda document: _first(document).update(replacement="zeros"), "expected a replacement"),
        (lambda document: document.update(format=2), "made by a newer FERLens"),
        (lambda document: document.update(format=0), "made by an older FERLens"),
        (lambda document: document.update(total=float("inf")), "damaged"),
        (lambda document: document.update(cmaen={"gamma": 1.0, "weights": [], "pictures": [], "means": {}}), "damaged"),
        (lambda document: document.update(model="other"), "it is of 'other' on made test"),
        (lambda document: document.update(weights_sha256="1" * 64), "measured with other weights"),
    ],
)
def test_damage_and_other_weights_are_a_sentence(
    file: Path, damage: Callable[[dict[str, Any]], object], says: str
) -> None:
    document = json.loads(file.read_text())
    damage(document)
    file.write_text(json.dumps(document))
    with pytest.raises(DataError, match=says) as caught:
        read_gate_use(file, CARD, dataset="made", split="test")
    assert str(caught.value).endswith(AGAIN)
    assert str(file.parent.parent) not in str(caught.value)


def test_half_a_file_is_a_sentence(file: Path) -> None:
    file.write_text(file.read_text()[:-40])
    with pytest.raises(DataError, match="no whole JSON document"):
        read_gate_use(file, CARD, dataset="made", split="test")
    file.write_text("[" * 100_000)
    with pytest.raises(DataError, match="nested too deeply"):
        read_gate_use(file, CARD, dataset="made", split="test")
    file.unlink()
    file.mkdir()
    with pytest.raises(DataError, match="no ordinary file"):
        read_gate_use(file, CARD, dataset="made", split="test")
