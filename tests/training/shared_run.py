"""A short run that leaves its history and weights in a folder; started alone and by torchrun.

``python -m tests.training.shared_run FOLDER MIXUP``
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from engine.training.processes import Processes, joined_processes, sync_batchnorm
from tests.training.made import TinyNet, recipe_of, trainer_in

RECIPE = """
[optimiser]
learning_rate = 0.05
batch_size = 28
clip = 1.0
[schedule]
epochs = 3
warmup_epochs = 0.5
[loss]
class_weights = "balanced"
[augmentation]
erase = 0.3
[regularisation]
mixup = {mixup}
mixup_off = 0.3
ema = 0.9
"""


def train(folder: Path, processes: Processes, *, synced: bool, mixup: float) -> None:
    """Train the tiny net without dropout, whose masks differ between processes, in full precision."""
    torch.manual_seed(0)
    net = TinyNet()
    net.body[-2].p = 0.0
    if synced:
        sync_batchnorm(net, torch.device("cpu"))
    recipe = recipe_of(RECIPE.format(mixup=mixup))
    trainer = trainer_in(folder, recipe, model=net, processes=processes)
    trainer.half = False
    assert trainer.run()


if __name__ == "__main__":
    with joined_processes() as joined:
        train(Path(sys.argv[1]), joined, synced=True, mixup=float(sys.argv[2]))
