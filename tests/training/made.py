"""A net small enough to train many times, and recipes for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from engine.training.loop import BEST, Trainer
from engine.training.processes import ALONE
from engine.training.recipe import Recipe, parse_recipe
from tests.made import SMALL, make_dataset

PLAIN = """
[optimiser]
learning_rate = 0.05
batch_size = 28
[schedule]
epochs = 4
warmup_epochs = 0.5
[loss]
label_smoothing = 0.0
[augmentation]
flip = 0.0
rotate_degrees = 3
shift = 0.02
[regularisation]
ema = 0.0
"""


class TinyNet(nn.Module):
    """conv 8 → BatchNorm → pool → conv 8 → BatchNorm → pool → dropout → linear, on 16x16 grey."""

    def __init__(self, classes: int = 7) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Dropout(0.2), nn.Linear(128, classes)),
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.body(x)
        return out


def recipe_of(text: str = PLAIN) -> Recipe:
    return parse_recipe(text, "tiny")


def trainer_in(
    folder: Path, recipe: Recipe | None = None, *, seed: int = 0, weights_seed: int = 0, **changed: Any
) -> Trainer:
    """A trainer on 12 pictures a class (3 steps an epoch of 28) and 6 a class for val."""
    torch.manual_seed(weights_seed)
    given: dict[str, Any] = {
        "model": TinyNet(),
        "train": make_dataset(12, seed=1),
        "val": make_dataset(6, split="val", seed=2),
        "processes": ALONE,
        **changed,
    }
    return Trainer(
        given["model"],
        recipe or recipe_of(),
        spec=SMALL,
        train=given["train"],
        val=given["val"],
        folder=folder,
        seed=seed,
        device=torch.device("cpu"),
        processes=given["processes"],
    )


def outcome(trainer: Trainer) -> dict[str, bytes]:
    """Everything that a run leaves behind, as bytes."""
    tensors = {f"model.{key}": value for key, value in trainer.model.state_dict().items()}
    tensors |= {f"ema.{key}": value for key, value in (trainer.ema or {}).items()}
    for index, entries in trainer.optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{index}.{key}": torch.as_tensor(value) for key, value in entries.items()}
    return {
        **{key: value.detach().contiguous().numpy().tobytes() for key, value in tensors.items()},
        "history": (trainer.folder / "history.csv").read_bytes(),
        "best": (trainer.folder / BEST).read_bytes(),
    }
