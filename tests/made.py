"""Drawn pictures, small datasets and untrained checkpoints for the tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from engine.data.dataset import FaceDataset
from engine.labels import EMOTIONS
from engine.models.architecture import DEFAULT_INPUT
from engine.models.checkpoint import write_checkpoint
from engine.models.registry import build_model
from engine.records import InputSpec, RunCard

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ROOT / "checkpoints"
SMALL = InputSpec(size=16, channels=1, mean=(0.5,), std=(0.25,))


def draw(label: int, rng: np.random.Generator, side: int = 48) -> NDArray[np.uint8]:
    """Return a (side, side) grey pattern of one of seven kinds, at a drawn contrast, with noise."""
    rows, columns = np.mgrid[0:side, 0:side] / side - 0.5
    kind = (
        rows < 0,  # top half bright
        rows > 0,  # bottom half bright
        np.abs(columns) < 0.15,  # upright bar
        np.abs(rows) < 0.15,  # lying bar
        np.hypot(rows, columns) < 0.3,  # disc
        np.hypot(rows, columns) > 0.4,  # corners
        ((rows * 8).astype(int) + (columns * 8).astype(int)) % 2 == 0,  # checks
    )[label]
    low, high = rng.uniform(40, 80), rng.uniform(170, 210)
    return (np.where(kind, high, low) + rng.normal(0, 12, (side, side))).clip(0, 255).astype(np.uint8)


def write_patterns(folder: Path, train: int = 12, test: int = 2, seed: int = 11) -> None:
    """Write ``train`` and ``test`` patterns a class in FER2013's folder layout."""
    rng = np.random.default_rng(seed)
    for part, prefix, count in (
        ("train", "Training", train),
        ("test", "PublicTest", test),
        ("test", "PrivateTest", test),
    ):
        for label, name in enumerate(EMOTIONS):
            place = folder / part / name
            place.mkdir(parents=True, exist_ok=True)
            for number in range(count):
                Image.fromarray(draw(label, rng)).save(place / f"{prefix}_{number}.png")


def make_dataset(
    per_class: int, *, split: str = "train", side: int = 16, seed: int = 0, classes: int = 7
) -> FaceDataset:
    """Return drawn patterns in memory, ordered by class."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(classes), per_class).astype(np.int64)
    return FaceDataset(
        name="fer2013",
        split=split,
        classes=EMOTIONS[:classes],
        images=np.stack([draw(int(label), rng, side) for label in labels]),
        labels=labels,
        ids=tuple(f"{split}/{index}" for index in range(len(labels))),
        duplicate_group=np.arange(len(labels), dtype=np.int64),
    )


def write_seeded(path: Path, architecture: str, *, seed: int = 0) -> RunCard:
    """Write an untrained checkpoint whose BatchNorm statistics fit noise and whose answers differ between pictures."""
    torch.manual_seed(seed)
    model = build_model(architecture, classes=7, spec=DEFAULT_INPUT)
    with torch.no_grad():
        for _ in range(2):
            model(torch.randn(8, 1, 48, 48))
        model.get_parameter("output.weight").mul_(20)
    return write_checkpoint(
        path,
        model,
        {
            "architecture": architecture,
            "config": {},
            "classes": EMOTIONS,
            "input": DEFAULT_INPUT,
            "recipe": {"seed": seed, "chosen_epoch": 3},
            "data": {},
            "metrics": {},
        },
    )
