"""Learning what people saw: which votes a recipe asks for, what the card says of them, and the temperature after it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from engine.data.dataset import FaceDataset
from engine.data.transforms import normalise, to_tensor
from engine.data.votes.ferplus import FERPLUS
from engine.data.votes.file import read_votes, require_votes
from engine.data.votes.rules import VoteChoice, shares
from engine.labels import EMOTIONS
from engine.records import InputSpec
from engine.statistics.distributions import VoteTemperature, fit_vote_temperature
from engine.training.sections import VOTE_TARGETS, Recipe

_BATCH = 256


def vote_choice(
    recipe: Recipe, file: str | Path | None, data: str | Path | None, *, chooses: bool = False
) -> VoteChoice | None:
    """Return how votes become what ``recipe`` learns; None where it learns the labels of a dataset that has some.

    Args:
        recipe: its data and votes sections.
        file: FER+'s file, if one was named. data: where the pictures lie; the file may be beside them.
        chooses: for the split that chooses the epoch: it goes by the majority whatever is learnt, as FER+'s authors do.

    Raises:
        DataError: there is no such file.
    """
    votes = recipe.votes
    if votes.target == "labels" and recipe.data.dataset != FERPLUS:
        return None
    target = "majority" if chooses else VOTE_TARGETS[votes.target]
    return VoteChoice(
        file=require_votes(file, data),
        target=target,
        classes=votes.classes if recipe.data.dataset == FERPLUS else len(EMOTIONS),
        outliers=votes.outliers,
        weight=1.0 if chooses else votes.weight,
    )


def described(choice: VoteChoice, chooses: VoteChoice, train: FaceDataset, val: FaceDataset) -> dict[str, Any]:
    """Return what the card says of the votes: rule, file, and how many pictures they leave out for which reason."""
    if choice.file is None:
        raise ValueError("expected a choice with its file, got one without")
    left_out = {
        name: dict(Counter(file.reason.partition(":")[0] for file in part.skipped).most_common())
        for name, part in (("train", train), ("val", val))
    }
    return {
        **choice.as_dict(),
        "val": chooses.in_words(),
        "sha256": read_votes(choice.file).sha256,
        "left_out": left_out,
    }


def class_shares(train: FaceDataset) -> NDArray[np.float64]:
    """Return each class's share of what is learnt, float64 (K,), sums to 1."""
    if train.targets is not None:
        return np.asarray(train.targets.mean(axis=0, dtype=np.float64))
    return np.asarray(np.bincount(train.labels, minlength=len(train.classes)) / len(train))


@torch.no_grad()
def vote_temperature(model: nn.Module, spec: InputSpec, val: FaceDataset) -> VoteTemperature | None:
    """Fit a temperature to the votes on ``val``, which chose the epoch and is reported on as such; None without votes.

    The model is in eval mode afterwards.
    """
    if val.votes is None:
        return None
    voted = shares(val.votes, val.classes)
    some = voted.sum(axis=1) > 0
    if not some.any():
        return None
    part = val.subset(some)
    model.eval()
    device = next(model.parameters()).device
    images = to_tensor(part.images)
    answers = [
        model(normalise(images[start : start + _BATCH].to(device), spec)).float().softmax(1).cpu().numpy()
        for start in range(0, len(part), _BATCH)
    ]
    return fit_vote_temperature(voted[some], np.concatenate(answers).astype(np.float64))
