"""Folders among the checkpoints that no run of ours writes: each is one sentence, and costs no other."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

Document = dict[str, Any]


def _with(**values: Any) -> Callable[[Document], Document]:
    return lambda card: {**card, **values}


def _input(**values: Any) -> Callable[[Document], Document]:
    return lambda card: {**card, "input": {**card["input"], **values}}


def _nested(depth: int) -> Any:
    inside: Any = 1
    for _ in range(depth):
        inside = [inside]
    return inside


ABSURD: Final[dict[str, Callable[[Document], Document]]] = {
    "size": _input(size=10**9),
    "size-text": _input(size="48"),
    "size-true": _input(size=True),
    "size-part": _input(size=48.5),
    "mean-nan": _input(mean=[float("nan")]),
    "mean-text": _input(mean=["a"]),
    "mean-string": _input(mean="a"),
    "std-infinite": _input(std=[float("inf")]),
    "std-huge": _input(std=[10**400]),
    "width": _with(config={"width": 10**6}),
    "config-list": _with(config=[1]),
    "config-deep": _with(config={"a": _nested(70)}),
    "config-nan": _with(config={"dropout": float("nan")}),
    "classes-string": _with(classes="abcdefg"),
    "classes-numbers": _with(classes=[1, 2, 3]),
    "classes-lists": _with(classes=[[1], [2]]),
    "classes-many": _with(classes=[f"c{number}" for number in range(1_001)]),
    "class-long": _with(classes=["a", "b" * 201]),
    "class-newline": _with(classes=["a", "b\nc"]),
    "architecture": _with(architecture=["cbam"]),
    "parameters": _with(parameters="many"),
    "sha256": _with(weights_sha256="z" * 64),
    "notes": _with(notes=[{"a": 1}]),
    "recipe-text": _with(recipe="cbam"),
    "recipe-data": _with(recipe={"data": "train"}),
    "recipe-epoch": _with(recipe={"chosen_epoch": "last"}),
    "data-train": _with(data={"train": 5}),
    "data-enhancement": _with(data={"enhancement": {"networks": [3]}}),
    "metrics-list": _with(metrics=[]),
    "metric-text": _with(metrics={"fer2013/private/single": "good"}),
    "metric-empty": _with(metrics={"fer2013/private/single": {}}),
    "metric-accuracy": _with(metrics={"a/b/chosen": {"accuracy": "high", "n": 3}}),
    "metric-above-one": _with(metrics={"a/b/chosen": {"accuracy": 1.5, "n": 3}}),
    "metric-count": _with(metrics={"a/b/chosen": {"accuracy": 0.5, "n": -3}}),
    "metric-interval": _with(
        metrics={"a/b/single": {"accuracy": 0.5, "n": 3, "macro_f1": 0.5, "interval": [0.4, "x"]}}
    ),
    "metric-f1": _with(metrics={"a/b/single": {"accuracy": 0.5, "n": 3, "macro_f1": [], "interval": [0.4, 0.6]}}),
}
"""What a card says that nobody can use, made of a good one."""


def write_absurd(folder: Path, good: Path, which: str) -> Path:
    """Write ``folder/<which>`` with an absurd form of the card of the checkpoint ``good``."""
    place = folder / which
    place.mkdir(parents=True)
    card = json.loads((good / "card.json").read_text(encoding="utf-8"))
    (place / "card.json").write_text(json.dumps(ABSURD[which](card)), encoding="utf-8")
    return place


def write_odd(folder: Path) -> list[str]:
    """Write folders of which the card cannot even be read, and return their names; one more has no printable name."""
    names = ["a-folder", "a-fifo", "a-link", "binary", "brace", "deep", "empty", "huge-number", "list", "long", "null"]
    for name in names:
        (folder / name).mkdir(parents=True)
    card = {name: folder / name / "card.json" for name in names}
    card["a-folder"].mkdir()
    os.mkfifo(card["a-fifo"])
    card["a-link"].symlink_to("nothing-there")
    card["binary"].write_bytes(bytes(range(256)))
    card["brace"].write_text("{")
    card["deep"].write_text("[" * 200_000)
    card["empty"].write_text("")
    card["huge-number"].write_text('{"input": {"size": ' + "9" * 5_000 + "}}")
    card["list"].write_text("[]")
    card["long"].write_bytes(b'{"classes": "' + b"x" * 100_000 + b'"}')
    card["null"].write_text("null")
    unfinished = folder / ".cbam-x1y2"
    unfinished.mkdir()
    (unfinished / "card.json").write_text("{")
    (folder / "no-card").mkdir()
    (folder / "a-file").write_text("")
    nameless = os.fsencode(folder) + b"/caf\xe9\nx"
    os.mkdir(nameless)  # noqa: PTH102  # a name that is no UTF-8
    with open(nameless + b"/card.json", "wb") as file:  # noqa: PTH123
        file.write(b"{")
    return names
