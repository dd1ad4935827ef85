"""A recipe of four narrow blocks, and training it into a folder of checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.training.fit import FitResult, Place, TrainingData, fit
from engine.training.recipe import Recipe, parse_recipe

RECIPE = """
summary = "four narrow blocks on drawn patterns"
[model]
architecture = "{architecture}"
config = {{dropout = 0.1}}
[optimiser]
kind = "adamw"
learning_rate = 0.01
batch_size = 15
[schedule]
epochs = 4
warmup_epochs = 0.5
[loss]
label_smoothing = 0.0
[augmentation]
flip = 0.0
rotate_degrees = 2
shift = 0.02
[regularisation]
ema = 0.9
"""


def narrow_recipe(architecture: str = "baseline") -> Recipe:
    return parse_recipe(RECIPE.format(architecture=architecture), "small")


def train_in(place: Path, name: str = "mine", recipe: Recipe | None = None, **how: Any) -> FitResult:
    """Train with what ``how`` says of the data and of the place."""
    of_data = {key: how.pop(key) for key in [*how] if key in TrainingData.__dataclass_fields__}
    of_place = {key: how.pop(key) for key in [*how] if key in Place.__dataclass_fields__}
    data, where = TrainingData(**of_data), Place(place / "checkpoints" / name, **{"device": "cpu", **of_place})
    return fit(recipe or narrow_recipe(), data, where, **how)
