"""The commands that are killed: what each needs, how it is called, and what of its result must be the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from safetensors.numpy import load_file

from engine.cli.main import main
from engine.models.checkpoint import CARD, WEIGHTS
from tests.live.made_live import write_film
from tests.made import write_patterns, write_seeded
from tests.made_enhance import make_swinir, save_network

RECIPE: Final = """
[optimiser]
learning_rate = 0.02
batch_size = 8
[schedule]
epochs = 3
warmup_epochs = 0.5
"""
TIMES: Final = ("seconds", "throughput", "training_seconds", "versions")
"""Keys of documents under which two runs of one command differ."""
FRAMES: Final = 40


@dataclass(frozen=True)
class Case:
    """A command.

    Attributes:
        words: of the command, after ``engine``, given the folder of what it needs; it runs in a folder of its own.
        results: what it makes there, all of it.
        watched: the first of them, whose lock says that the work has begun.
        of: says what two runs of it must have in common, from that folder.
    """

    words: Callable[[Path], list[object]]
    results: tuple[str, ...]
    watched: str
    of: Callable[[Path], Any]


def prepare(given: Path) -> None:
    """Make what the commands need: pictures, an untrained checkpoint with an analysis, a film, a network, a recipe."""
    write_patterns(given / "set", train=6, test=2)
    write_seeded(given / "checkpoints" / "cbam", "cbam")
    (given / "own.toml").write_text(RECIPE, encoding="utf-8")
    save_network(given / "swinir.pth", make_swinir(2, scale=2), "params")
    rng = np.random.default_rng(0)
    write_film(given / "film.avi", list(rng.integers(0, 256, (FRAMES, 96, 128, 3), dtype=np.uint8)))
    where = ["--dataset", "fer2013", "--data", str(given / "set"), "--split", "test"]
    out = given / "checkpoints" / "cbam" / "analysis" / "fer2013-test"
    if main(["analyze", "--model", str(given / "checkpoints" / "cbam"), *where, "--out", str(out)]) != 0:
        raise RuntimeError("the analysis that the reports are made of failed")


def digests(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file in a folder, by its path there."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_times(inner) for key, inner in value.items() if key not in TIMES}
    return [_without_times(inner) for inner in value] if isinstance(value, list) else value


def _document(file: Path) -> Any:
    return _without_times(json.loads(file.read_text(encoding="utf-8")))


def _trained(place: Path) -> Any:
    out = place / "made" / "own"
    tensors = {name: tensor.tobytes() for name, tensor in load_file(out / WEIGHTS).items()}
    return tensors, _document(out / CARD), (out / "history.csv").read_text(encoding="utf-8")


def _analysed(place: Path) -> Any:
    return digests(place / "an") | {"report.json": _document(place / "an" / "report.json")}


def _enhanced(place: Path) -> Any:
    return digests(place / "large") | {"enhance.json": _document(place / "large" / "enhance.json")}


CASES: Final[dict[str, Case]] = {
    "train": Case(
        lambda given: ["train", "--recipe", given / "own.toml", "--data", given / "set", "--device", "cpu", "--limit",
                       32, "--out", "made/own", "--resume"],
        ("made/own", "runs/own"), "runs/own", _trained,
    ),
    "analyze": Case(
        lambda given: ["analyze", "--model", given / "checkpoints" / "cbam", "--data", given / "set", "--block", 4,
                       "--batch-size", 4, "--out", "an"],
        ("an",), "an", _analysed,
    ),
    "enhance": Case(
        lambda given: ["enhance", "--data", given / "set", "--out", "large", "--sr", given / "swinir.pth", "--batch",
                       4],
        ("large",), "large", _enhanced,
    ),
    "balance": Case(
        lambda given: ["balance", "--data", given / "set", "--method", "borderline-smote", "--out", "even"],
        ("even",), "even", lambda place: digests(place / "even"),
    ),
    "video": Case(
        lambda given: ["video", given / "film.avi", "--model", given / "checkpoints" / "cbam", "--out", "o.avi",
                       "--csv", "t.csv", "--every", 1],
        ("o.avi", "t.csv"), "o.avi", digests,
    ),
    "report": Case(
        lambda given: ["report", "--model", given / "checkpoints" / "cbam", "--dataset", "fer2013", "--split", "test",
                       "--out", "rep"],
        ("rep",), "rep", lambda place: digests(place / "rep"),
    ),
}  # fmt: skip
