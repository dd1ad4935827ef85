"""A tiny untrained ``cmaen`` as a checkpoint: 64 x 64 grey, its cross-modal attention open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from engine.labels import EMOTIONS
from engine.models.checkpoint import write_checkpoint
from engine.records import RunCard
from tests.models.cmaen.test_cmaen import NARROW, SPEC, narrow, opened


def write_cmaen(path: Path, **config: Any) -> RunCard:
    """Write it with gamma .5 and ensemble weights of about .6 and .4; ``config`` leaves parts out."""
    model = opened(narrow(**config))
    if model.ensemble is not None:
        with torch.no_grad():
            model.ensemble.balance.copy_(torch.tensor([0.2, -0.2]))
    return write_checkpoint(
        path,
        model,
        {
            "architecture": "cmaen",
            "config": {**NARROW, **config},
            "classes": EMOTIONS,
            "input": SPEC,
            "recipe": {},
            "data": {},
            "metrics": {},
        },
    )
