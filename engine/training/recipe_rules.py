"""What a recipe's values must keep to. Each rule names the entry that it would complain about."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any, Final, NamedTuple

from engine.data.read.samm import CLIPS, FRAMES
from engine.data.read.split_names import SPLIT_FOLDERS
from engine.data.votes.ferplus import FERPLUS_SPLITS
from engine.data.votes.join import WITH_VOTES
from engine.data.votes.rules import CLASSES, OUTLIERS
from engine.models.architecture import Architecture
from engine.models.registry import ARCHITECTURES, input_spec
from engine.training.sections import SECTIONS, VOTE_TARGETS, Recipe

CHOICES: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("optimiser", "kind"): ("sgd", "adamw"),
    ("schedule", "kind"): ("one-cycle", "linear", "plateau", "cosine-restarts"),
    ("loss", "class_weights"): ("none", "balanced"),
    ("data", "clips"): tuple(CLIPS),
    ("votes", "target"): tuple(VOTE_TARGETS),
    ("votes", "outliers"): tuple(OUTLIERS),
}

_TEST_SPLITS: Final[tuple[str, ...]] = ("test", "public", "private")
_WITH_OTHERS: Final[tuple[str, ...]] = ("trainval", "all")
_NAMED_OTHERWISE: Final[dict[str, str]] = {**SPLIT_FOLDERS, **FERPLUS_SPLITS}
_NOT_NEGATIVE: Final[dict[str, tuple[str, ...]]] = {
    "model": ("input_size",),
    "optimiser": ("momentum", "weight_decay", "clip"),
    "schedule": ("warmup_epochs", "start", "end", "factor", "patience", "early_stop", "restart_epochs"),
    "loss": ("label_smoothing", "focal_gamma", "focal_weight", "logit_adjustment"),
    "auxiliary": ("emotion", "fusion"),
    "augmentation": ("flip", "rotate_degrees", "shift", "scale", "brightness", "contrast", "erase", "ramp_epochs"),
    "regularisation": ("mixup", "ema"),
}

_BELOW_ONE: Final[tuple[tuple[str, str], ...]] = (
    ("optimiser", "momentum"),
    ("schedule", "factor"),
    ("loss", "label_smoothing"),
    ("augmentation", "scale"),
    ("regularisation", "ema"),
)


class Rule(NamedTuple):
    """``[section] key must be expected`` where ``holds`` is False."""

    holds: bool
    section: str
    key: str
    expected: str


def rules(recipe: Recipe) -> Iterator[Rule]:
    """Yield every rule, held or broken, in the order in which they should complain."""
    # First, since NaN passes no comparison and would be called something else.
    for section in SECTIONS:
        for key, value in asdict(getattr(recipe, section)).items():
            if isinstance(value, float):
                yield Rule(math.isfinite(value), section, key, "a finite number")
    yield from _of_model(recipe)
    yield from _of_steps(recipe)
    yield from _of_loss(recipe)
    yield from _of_data(recipe)
    yield from _of_votes(recipe)
    for (section, key), valid in CHOICES.items():
        yield Rule(_value(recipe, section, key) in valid, section, key, "one of " + ", ".join(valid))
    for section, keys in _NOT_NEGATIVE.items():
        for key in keys:
            yield Rule(_value(recipe, section, key) >= 0, section, key, "0 or more")
    for section, key in _BELOW_ONE:
        yield Rule(_value(recipe, section, key) < 1, section, key, "less than 1")


def _value(recipe: Recipe, section: str, key: str) -> Any:
    return getattr(getattr(recipe, section), key)


def _known(recipe: Recipe) -> Architecture | None:
    return ARCHITECTURES.get(recipe.model.architecture)


def _those(which: Callable[[Architecture], bool]) -> str:
    """Return the names of the architectures that ``which`` holds for."""
    return ", ".join(name for name, one in ARCHITECTURES.items() if which(one))


def _of_model(recipe: Recipe) -> Iterator[Rule]:
    model = recipe.model
    yield Rule(model.input_size <= 0 or model.input_size >= 16, "model", "input_size", "16 or more, or 0")
    yield Rule(model.input_channels in {0, 1, 3}, "model", "input_channels", "0, 1 or 3")
    known = _known(recipe)
    answers = known.answers if known else {}
    givers = _those(lambda one: bool(one.answers))
    for key in ("emotion", "fusion"):
        weight = getattr(recipe.auxiliary, key)
        expected = f"0 for '{model.architecture}', which has no such answer of its own ({givers} has)"
        yield Rule(weight == 0 or key in answers, "auxiliary", key, expected)
        switch = answers.get(key, "")
        expected = f"0 where the config has {switch} = false"
        yield Rule(weight == 0 or model.config.get(switch, True) is not False, "auxiliary", key, expected)


def _of_steps(recipe: Recipe) -> Iterator[Rule]:
    how, schedule = recipe.optimiser, recipe.schedule
    yield Rule(how.learning_rate > 0, "optimiser", "learning_rate", "more than 0")
    positive = all(isinstance(factor, int | float) and factor > 0 for factor in how.factors.values())
    yield Rule(positive, "optimiser", "factors", "numbers above 0, by the beginning of weights' names")
    yield Rule(how.batch_size >= 2, "optimiser", "batch_size", "2 or more (BatchNorm needs two pictures)")
    yield Rule(how.accumulate >= 1, "optimiser", "accumulate", "1 or more")
    parts = max(how.accumulate, 1)
    expected = f"a divisor of batch_size {how.batch_size} that leaves parts of 2 pictures or more"
    yield Rule(how.batch_size % parts == 0 and how.batch_size // parts >= 2, "optimiser", "accumulate", expected)
    yield Rule(schedule.epochs >= 1, "schedule", "epochs", "1 or more")
    yield Rule(schedule.warmup_epochs < max(schedule.epochs, 1), "schedule", "warmup_epochs", "less than the epochs")
    restarts = schedule.kind == "cosine-restarts"
    yield Rule(
        not restarts or schedule.restart_epochs > 0, "schedule", "restart_epochs", "more than 0 with cosine-restarts"
    )
    yield Rule(
        restarts or schedule.restart_epochs == 0,
        "schedule",
        "restart_epochs",
        f"0 with kind '{schedule.kind}' (only cosine-restarts restarts)",
    )
    yield Rule(schedule.restart_factor >= 1, "schedule", "restart_factor", "1 or more")
    yield Rule(
        restarts or schedule.restart_factor == 1,
        "schedule",
        "restart_factor",
        f"1 with kind '{schedule.kind}' (only cosine-restarts restarts)",
    )
    yield from _of_small_pictures(recipe)
    yield Rule(0 <= recipe.regularisation.mixup_off <= 1, "regularisation", "mixup_off", "in [0, 1]")


def _of_small_pictures(recipe: Recipe) -> Iterator[Rule]:
    model, schedule = recipe.model, recipe.schedule
    side = schedule.small_side
    yield Rule(side == 0 or side >= 16, "schedule", "small_side", "16 or more, or 0")
    known = _known(recipe)
    takers = _those(lambda one: one.any_size)
    expected = f"0 for '{model.architecture}', which takes pictures of one size alone ({takers} take any)"
    yield Rule(side == 0 or (known is not None and known.any_size), "schedule", "small_side", expected)
    size = input_spec(model.architecture, size=max(model.input_size, 0)).size
    yield Rule(side < size, "schedule", "small_side", f"less than the input's {size} pixels")
    expected = "more than 0 and at most 1 with a small_side"
    yield Rule(side == 0 or 0 < schedule.small_until <= 1, "schedule", "small_until", expected)
    yield Rule(side > 0 or schedule.small_until == 0, "schedule", "small_until", "0 without a small_side")


def _of_loss(recipe: Recipe) -> Iterator[Rule]:
    loss, distillation = recipe.loss, recipe.distillation
    yield Rule(
        loss.focal_gamma == 0 or loss.label_smoothing == 0 or loss.focal_weight > 0,
        "loss",
        "focal_gamma",
        "0 where label_smoothing is used (the focal weight needs hard labels), or come with a focal_weight",
    )
    yield Rule(
        loss.focal_weight == 0 or loss.focal_gamma > 0,
        "loss",
        "focal_weight",
        "0 where focal_gamma is 0 (there is no focal loss to weigh)",
    )
    named = all(isinstance(teacher, str) and teacher for teacher in distillation.teachers)
    yield Rule(named, "distillation", "teachers", "a list of checkpoints' names")
    yield Rule(distillation.temperature > 0, "distillation", "temperature", "more than 0")
    yield Rule(0 < distillation.weight <= 1, "distillation", "weight", "more than 0 and at most 1")
    hints = recipe.hints
    known = _known(recipe)
    takers = _those(lambda one: one.takes_hints)
    expected = f"empty for '{recipe.model.architecture}' (what takes hints: {takers})"
    yield Rule(not hints.teacher or (known is not None and known.takes_hints), "hints", "teacher", expected)
    yield Rule(hints.weight > 0, "hints", "weight", "more than 0")
    yield Rule(0 < hints.until <= 1, "hints", "until", "more than 0 and at most 1")


def _of_data(recipe: Recipe) -> Iterator[Rule]:
    # By the name that a split is loaded under: "valid" is "val", "testing" is "test" and FER+'s Valid is PublicTest.
    train, val = (_NAMED_OTHERWISE.get(name, name) for name in (recipe.data.train, recipe.data.val))
    yield Rule(train != val, "data", "val", "another split than train")
    yield Rule(val not in _TEST_SPLITS, "data", "val", "no test split (a test split chooses nothing)")
    yield Rule(train not in _TEST_SPLITS, "data", "train", "no test split")
    yield Rule(train not in _WITH_OTHERS, "data", "train", "a split without the pictures of val")
    yield Rule(val not in _WITH_OTHERS, "data", "val", "a split without the pictures of train")
    yield Rule(
        not recipe.data.marked or recipe.data.dataset == "synthetic",
        "data",
        "marked",
        "false for other datasets than synthetic (the mark belongs to the built-in faces)",
    )
    yield Rule(
        recipe.data.clips == FRAMES or recipe.data.dataset == "samm",
        "data",
        "clips",
        "frames for other datasets than samm (no other has clips)",
    )
    weights = recipe.data.weights
    positive = all(type(weight) in {int, float} and 0 < weight < math.inf for weight in weights)
    yield Rule(positive, "data", "weights", "a list of numbers more than 0")
    area = recipe.augmentation.erase_area
    holds = len(area) == 2 and all(type(share) in {int, float} for share in area) and 0 < area[0] <= area[1] <= 1
    yield Rule(holds, "augmentation", "erase_area", "two shares of the picture, the smaller first")


def _of_votes(recipe: Recipe) -> Iterator[Rule]:
    votes, loss = recipe.votes, recipe.loss
    by_votes = votes.target != "labels"
    expected = f"labels for other datasets than {' and '.join(WITH_VOTES)} (no other has votes)"
    yield Rule(not by_votes or recipe.data.dataset in WITH_VOTES, "votes", "target", expected)
    yield Rule(0 < votes.weight <= 1, "votes", "weight", "more than 0 and at most 1")
    yield Rule(votes.weight == 1 or votes.target == "votes", "votes", "weight", "1 unless the target is votes")
    yield Rule(votes.classes in CLASSES, "votes", "classes", " or ".join(map(str, CLASSES)))
    several = votes.target == "multi"
    yield Rule(not several or loss.label_smoothing == 0, "loss", "label_smoothing", "0 with the target multi")
    yield Rule(not several or loss.focal_gamma == 0, "loss", "focal_gamma", "0 with the target multi")
    yield Rule(not several or loss.class_weights == "none", "loss", "class_weights", "none with the target multi")
    yield Rule(not several or recipe.regularisation.mixup == 0, "regularisation", "mixup", "0 with the target multi")
