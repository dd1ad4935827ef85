from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.analysis.evaluation import metric_rows
from engine.errors import CheckpointError
from engine.models.checkpoint import read_card
from engine.records import RunCard


def card(store: Path, **metrics: dict[str, Any]) -> RunCard:
    return replace(read_card(store / "cbam"), metrics={key.replace("__", "/"): found for key, found in metrics.items()})


def test_rows_by_dataset_split_and_view(seeded_store: Path) -> None:
    whole = {
        "accuracy": 0.6, "interval": [0.5, 0.7], "n": 90, "macro_f1": 0.5, "protocol": "chose nothing",
        "accuracy_clean": 0.55, "interval_clean": [0.4, 0.7], "n_clean": 80,
    }  # fmt: skip
    chosen = {"accuracy": 0.7, "n": 20, "protocol": "chose the epoch"}
    rows = metric_rows(card(seeded_store, synthetic__val__chosen=chosen, fer2013__private__tta=whole))
    assert [(row.dataset, row.split, row.view) for row in rows] == [
        ("fer2013", "private", "ten crops"),
        ("synthetic", "val", "single view, while training"),
    ]
    assert (rows[0].accuracy.low, rows[0].accuracy.n) == (0.5, 90)
    assert rows[0].clean is not None
    assert rows[0].clean.n == 80
    assert (rows[1].accuracy.low, rows[1].macro_f1, rows[1].clean) == (None, None, None)
    assert metric_rows(card(seeded_store)) == ()


def test_a_strange_entry_is_named(seeded_store: Path) -> None:
    with pytest.raises(CheckpointError, match=r"'a/b/c' of 'cbam'.*--write-card"):
        metric_rows(card(seeded_store, a__b__c={"n": 3}))
