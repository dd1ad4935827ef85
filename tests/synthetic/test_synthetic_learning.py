"""The built-in faces can be learnt from their labels, and from nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from engine.data import drawn
from engine.data.dataset import FaceDataset, Int64
from engine.data.drawn import load_synthetic
from engine.measure.split import predict_dataset
from engine.models.architecture import DEFAULT_INPUT
from engine.models.registry import build_model
from engine.training.loop import Trainer
from engine.training.recipe import parse_recipe

pytestmark = pytest.mark.slow

RECIPE = """
[optimiser]
kind = "adamw"
learning_rate = 0.004
batch_size = 35
[schedule]
epochs = 8
warmup_epochs = 1
[loss]
label_smoothing = 0.0
[augmentation]
rotate_degrees = 0
shift = 0.02
scale = 0
[regularisation]
ema = 0.0
"""


@pytest.fixture
def splits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, FaceDataset]:
    monkeypatch.setenv("FERLENS_CACHE", str(tmp_path / "kept"))
    monkeypatch.setattr(drawn, "SPLIT_COUNTS", {"train": 700, "val": 70, "test": 700})
    return {split: load_synthetic(split) for split in ("train", "val", "test")}


def accuracy_after_training(splits: dict[str, FaceDataset], labels: Int64, folder: Path) -> float:
    torch.manual_seed(0)
    train = FaceDataset(**{**vars(splits["train"]), "labels": labels})
    trainer = Trainer(
        build_model("baseline", classes=7, spec=DEFAULT_INPUT),
        parse_recipe(RECIPE, "short"),
        spec=DEFAULT_INPUT,
        train=train,
        val=splits["val"],
        folder=folder,
        seed=0,
        device=torch.device("cpu"),
    )
    assert trainer.run()
    answers = predict_dataset(trainer.model, DEFAULT_INPUT, splits["test"]).argmax(axis=1)
    return float((answers == splits["test"].labels).mean())


@pytest.mark.usefixtures("narrow")
def test_true_labels_are_learnt_and_shuffled_ones_stay_at_chance(
    splits: dict[str, FaceDataset], tmp_path: Path
) -> None:
    true = splits["train"].labels
    shuffled = np.random.default_rng(0).permutation(true)
    deviation = (1 / 7 * 6 / 7 / len(splits["test"])) ** 0.5
    assert accuracy_after_training(splits, shuffled, tmp_path / "shuffled") < 1 / 7 + 4 * deviation
    assert accuracy_after_training(splits, true, tmp_path / "true") > 1 / 7 + 8 * deviation
