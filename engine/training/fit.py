"""From a recipe to a checkpoint: load the data, build the model, train or resume, write weights and card."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import nn

from engine.data.dataset import FaceDataset, left_out_words
from engine.data.enhance.enhance import common_enhancement
from engine.data.people import NOT_TOLD, People
from engine.data.registry import load_dataset
from engine.data.votes.rules import VoteChoice
from engine.errors import CheckpointError, DataError, FerLensError, UsageError
from engine.models.checkpoint import find_checkpoint, load_checkpoint, read_card, write_checkpoint
from engine.models.cmaen.inherit import inherited
from engine.models.registry import build_model, input_spec, parameters_by_module
from engine.records import InputSpec, RunCard
from engine.synthetic import plant_cue
from engine.training.compiling import compile_gates
from engine.training.device import choose_device, keep_freed_memory
from engine.training.loop import STATE, Listener, Trainer
from engine.training.processes import ALONE, Processes, sync_batchnorm
from engine.training.recipe import recipe_names
from engine.training.sections import Recipe
from engine.training.several import OtherData, Together, join, limited
from engine.training.votes import described, vote_choice, vote_temperature
from engine.writing.held import held


def write_events(folder: Path, history: list[dict[str, float]]) -> bool:
    """Write the history into ``folder/events`` for TensorBoard; return whether that library is there."""
    if find_spec("tensorboard") is None:
        return False
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(log_dir=str(folder / "events"))
    try:
        for row in history:
            for key, value in row.items():
                if key != "epoch":
                    writer.add_scalar(key, value, int(row["epoch"]))
    finally:
        writer.close()
    return True


_LOG = logging.getLogger(__name__)

RUNS: Final[Path] = Path("runs")
"""Where unfinished runs are kept (ignored by git): ``runs/<name of the checkpoint>/``."""


@dataclass(frozen=True, eq=False)
class FitResult:
    """How a call of :func:`fit` ended. ``card`` is None while the run is unfinished.

    ``people``: whether nobody in the split that chose the epoch trained.
    """

    finished: bool
    epochs_done: int
    best_epoch: int
    best_val_accuracy: float
    seconds: float
    out: Path
    card: RunCard | None
    people: People = NOT_TOLD


@dataclass(frozen=True)
class TrainingData:
    """Where the pictures are that a recipe names.

    Attributes:
        data: where they lie (see :func:`engine.data.registry.load_dataset`).
        val_data: where those of ``val`` lie, if elsewhere.
        others: more datasets to train on and to choose by (see :mod:`engine.training.several`).
        limit: use only so many pictures of each split (for a quick try; the card says so).
        drop_unknown: leave out pictures whose class the vocabulary does not know.
        votes: FER+'s file, for recipes that learn from it; None for the one that is found (see
            :func:`engine.data.votes.file.find_votes`).
    """

    data: str | Path | None = None
    val_data: str | Path | None = None
    others: Sequence[OtherData] = ()
    limit: int | None = None
    drop_unknown: bool = False
    votes: str | Path | None = None


@dataclass(frozen=True)
class Place:
    """Where and how a training runs, none of which belongs to its recipe.

    Attributes:
        out: the checkpoint folder to make; its name is the model's name.
        seed: of weights, order, augmentation and dropout; the split has its own fixed seed.
        device: ``auto``, ``cuda``, ``mps`` or ``cpu``.
        resume: continue the saved run of the same name, if there is one; a finished one goes on if the recipe has more
            epochs, and its checkpoint is replaced.
        minutes: stop cleanly, resumably, after this long.
        compiled: compile the attention gates (:mod:`engine.training.compiling`).
        processes: those that share the run; only the first writes, and only its result has a card.
        synced: take BatchNorm's statistics over the batches of all processes.
    """

    out: Path
    seed: int = 0
    device: str = "auto"
    resume: bool = False
    minutes: float | None = None
    compiled: bool = False
    processes: Processes = ALONE
    synced: bool = False

    @property
    def run(self) -> Path:
        """The folder of the unfinished run."""
        return RUNS / self.out.name


def fit(
    recipe: Recipe,
    data: TrainingData,
    place: Place,
    *,
    listener: Listener | None = None,
    on_trainer: Callable[[Trainer], None] | None = None,
) -> FitResult:
    """Train ``recipe`` and write the checkpoint folder ``place.out``.

    Args:
        recipe: what to do.
        data: what it learns from.
        place: where and how it runs.
        listener: called after each step.
        on_trainer: called once with the trainer (to be able to ask it to stop).

    Raises:
        BusyError: another process trains into ``out``, or another one of that name. FerLensError: anything else that
            the user can mend.
    """
    if not place.processes.leads:
        return _fit(recipe, data, place, listener, on_trainer)
    with held(place.run), held(place.out):  # runs/<name> is shared by checkpoints of one name in several folders
        return _fit(recipe, data, place, listener, on_trainer)


def _fit(
    recipe: Recipe,
    data: TrainingData,
    place: Place,
    listener: Listener | None,
    on_trainer: Callable[[Trainer], None] | None,
) -> FitResult:
    goes_on = _goes_on(recipe, place)
    _check_needed(recipe)
    keep_freed_memory()
    where = place.processes.device(choose_device(place.device))
    chosen = recipe.model
    spec = input_spec(chosen.architecture, size=chosen.input_size, channels=chosen.input_channels)
    loaded = _loaded(recipe, data, spec)
    train, val = loaded.together.train, loaded.together.val
    if place.processes.leads and (skipped := left_out_words(tuple(dict.fromkeys((*train.skipped, *val.skipped))))):
        _LOG.warning(skipped)
    if train.classes != val.classes:
        raise DataError(f"The splits have different classes: {train.classes} and {val.classes}.")
    torch.manual_seed(place.seed)
    # A saved run has its weights; and a finished checkpoint must not fetch others before it loads its own.
    config = {key: value for key, value in chosen.config.items() if key != "pretrained"}
    fresh = not (place.run / STATE).exists()
    model = build_model(
        chosen.architecture, classes=len(train.classes), spec=spec, config=chosen.config if fresh else config
    )
    start = _start_from(model, recipe.model.start_from)
    if place.compiled:
        compile_gates(model)
    if place.synced and place.processes.total > 1:
        model = sync_batchnorm(model, where)
    trainer = Trainer(
        model.to(where),
        recipe,
        spec=spec,
        train=train,
        val=val,
        folder=place.run,
        seed=place.seed,
        device=where,
        processes=place.processes,
        sampling=loaded.together.sampling,
    )
    if on_trainer is not None:
        on_trainer(trainer)
    if place.resume:
        trainer.resume()
    finished = trainer.run(seconds=None if place.minutes is None else place.minutes * 60, listener=listener)
    progress = trainer.progress
    card = None
    place.processes.wait()  # the first process has written what all of them may read
    if finished and place.processes.leads:
        trainer.load_best()
        write_events(place.run, progress.history)
        card = write_checkpoint(
            place.out,
            model,
            {
                "architecture": recipe.model.architecture,
                "config": config,
                "classes": train.classes,
                "input": spec,
                "recipe": {**recipe.as_dict(), **_how(trainer, model, place, start)},
                "data": _of_data(recipe, loaded),
                "metrics": _chosen_by(recipe, loaded, trainer, spec),
                "notes": () if data.limit is None else (f"A try on at most {data.limit} pictures of each split.",),
            },
            history=place.run / "history.csv",
            overwrite=goes_on,
        )
    best = progress.best_accuracy if progress.best_epoch else math.nan
    return FitResult(finished, progress.epoch, progress.best_epoch, best, progress.seconds, place.out, card, val.people)


def _goes_on(recipe: Recipe, place: Place) -> bool:
    """Return whether a finished training is to be lengthened.

    Raises:
        CheckpointError, UsageError: there is a checkpoint, or an unfinished run, that nobody asked to continue.
    """
    saved, name = (place.run / STATE).exists(), place.out.name
    goes_on = place.resume and saved and _is_shorter(place.out, recipe)
    if place.out.exists() and not goes_on:
        raise CheckpointError(
            f"Checkpoint '{name}' exists already; choose another --out, or remove it first"
            + (", or give more --epochs than it was trained for." if place.resume else ".")
        )
    if saved and not place.resume:
        raise UsageError(f"An unfinished run '{name}' exists; continue it with --resume, or choose another --out.")
    return goes_on


@dataclass(frozen=True, eq=False)
class _Loaded:
    """What is trained on: the datasets put ``together``, and how votes teach (``learnt``) and choose (``chooses``)."""

    together: Together
    learnt: VoteChoice | None
    chooses: VoteChoice | None
    votes: dict[str, Any]
    enhancement: dict[str, Any] | None


def _loaded(recipe: Recipe, data: TrainingData, spec: InputSpec) -> _Loaded:
    learnt, chooses = (vote_choice(recipe, data.votes, data.data, chooses=chooses) for chooses in (False, True))
    train, val = (
        limited(
            load_split(recipe, split, data=place, drop_unknown=data.drop_unknown, spec=spec, votes=choice), data.limit
        )
        for split, place, choice in (
            (recipe.data.train, data.data, learnt),
            (recipe.data.val, data.val_data or data.data, chooses),
        )
    )
    votes = {"votes": described(learnt, chooses, train, val)} if learnt and chooses else {}
    places = [data.data, *([data.val_data] if data.val_data else [])]
    enhancement = common_enhancement(
        [*((recipe.data.dataset, place) for place in places), *((other.dataset, other.place) for other in data.others)]
    )
    together = join(train, val, recipe, data.others, spec=spec, limit=data.limit, drop_unknown=data.drop_unknown)
    return _Loaded(together, learnt, chooses, votes, enhancement)


def _how(trainer: Trainer, model: nn.Module, place: Place, start: dict[str, Any]) -> dict[str, Any]:
    """Return what the card says of this run beside its recipe."""
    progress, processes = trainer.progress, place.processes
    return {
        "seed": place.seed,
        "start": start,
        "chosen_epoch": progress.best_epoch,
        "chosen_weights": progress.best_kind,
        "device": trainer.device.type,
        "compiled_gates": place.compiled,
        **({"processes": processes.total, "synced_batchnorm": place.synced} if processes.total > 1 else {}),
        **({"epochs_before": progress.lengthened} if progress.lengthened else {}),
        **_particulars(model, trainer),
        "training_seconds": round(progress.seconds),
    }


def _of_data(recipe: Recipe, loaded: _Loaded) -> dict[str, Any]:
    train, val = loaded.together.train, loaded.together.val
    return {
        "dataset": recipe.data.dataset,
        "train": {"split": recipe.data.train, "n": len(train), "fingerprint": train.fingerprint},
        "val": {"split": recipe.data.val, "n": len(val), "fingerprint": val.fingerprint},
        "person_independent": val.people.apart,
        **({"class_codes": train.codes} if train.codes else {}),
        **loaded.together.described,
        **loaded.votes,
        **({"enhancement": loaded.enhancement} if loaded.enhancement else {}),
    }


def _chosen_by(recipe: Recipe, loaded: _Loaded, trainer: Trainer, spec: InputSpec) -> dict[str, Any]:
    """Return the figure of the split that chose the epoch."""
    val = loaded.together.val
    temperature = vote_temperature(trainer.model, spec, val) if loaded.learnt else None
    return {
        f"{recipe.data.dataset}/{recipe.data.val}/chosen": {
            "n": len(val),
            "accuracy": trainer.progress.best_accuracy,
            "protocol": "the split that chose the epoch; optimistic by construction; "
            + val.people.in_words()
            + (f"; right is {loaded.chooses.in_words()}" if loaded.chooses else ""),
            **({"vote_temperature": temperature.as_dict()} if temperature else {}),
        }
    }


def _is_shorter(checkpoint: Path, recipe: Recipe) -> bool:
    """Whether a finished training had fewer epochs than ``recipe`` asks for."""
    try:
        schedule = read_card(checkpoint).recipe.get("schedule", {})
    except CheckpointError:  # there is none, or what is there is none: it is not replaced
        return False
    return int(schedule.get("epochs", recipe.schedule.epochs)) < recipe.schedule.epochs


def load_split(
    recipe: Recipe,
    split: str,
    *,
    data: str | Path | None,
    drop_unknown: bool,
    spec: InputSpec,
    votes: VoteChoice | None = None,
) -> FaceDataset:
    """Load a split of the recipe's dataset as a model with ``spec`` takes it, marked where the recipe says so.

    ``votes``: what they become, from :func:`engine.training.votes.vote_choice`.
    """
    dataset = load_dataset(
        recipe.data.dataset,
        split,
        data=data,
        drop_unknown=drop_unknown,
        size=spec.size,
        channels=spec.channels,
        clips=recipe.data.clips,
        votes=votes,
    )
    if not recipe.data.marked:
        return dataset
    marked = [plant_cue(image, int(label)) for image, label in zip(dataset.images, dataset.labels, strict=True)]
    return replace(dataset, images=np.stack(marked))


def _check_needed(recipe: Recipe) -> None:
    """Say before anything is loaded that weights a recipe needs are not here, and how to make them."""
    if recipe.model.start_from:
        _check_there(
            recipe.model.start_from,
            f"Recipe '{recipe.name}' begins with the weights of",
            "start afresh with --start-from none",
        )
    for teacher in recipe.distillation.teachers:
        _check_there(
            teacher,
            f"Recipe '{recipe.name}' learns from the weights of",
            "name other [distillation] teachers in a copy",
        )
    if recipe.hints.teacher:
        _check_there(
            recipe.hints.teacher,
            f"Recipe '{recipe.name}' takes hints from the weights of",
            "name another [hints] teacher in a copy",
        )


def _check_there(checkpoint: str, what: str, otherwise: str) -> None:
    try:
        find_checkpoint(checkpoint)
    except FerLensError as error:
        name = Path(checkpoint).name
        if name not in recipe_names():
            raise
        raise CheckpointError(
            f"{what} '{name}', which are not here; make them first with: "
            f"python -m engine train --recipe {name} --out {checkpoint} (or {otherwise})."
        ) from error


def _particulars(model: nn.Module, trainer: Trainer) -> dict[str, Any]:
    """What the card says where there is something to say: parameters of each part, ImageNet start, teachers, hints."""
    said: dict[str, Any] = {"parameters_by_module": parameters_by_module(model)}
    imagenet = [buffer for name, buffer in model.named_buffers() if name.rpartition(".")[2] == "imagenet"]
    if imagenet:
        said["imagenet_start"] = bool(imagenet[0])
    if trainer.teachers is not None:
        said["teachers"] = trainer.teachers.described()
    if trainer.hints is not None:
        said["hinted_by"] = trainer.hints.described()
    return said


def _start_from(model: nn.Module, name: str) -> dict[str, Any]:
    """Copy what fits from another checkpoint (:mod:`engine.models.cmaen.inherit`); return what the card says of it."""
    if not name:
        return {}
    source = load_checkpoint(find_checkpoint(name))
    own, taken = model.state_dict(), inherited(model, source.model)
    # A counter or a bias of the same length means nothing; a kernel or matrix that fits does.
    if not any(own[key].ndim > 1 for key in taken):
        raise CheckpointError(f"Nothing in '{source.card.name}' fits this architecture; choose another start_from.")
    model.load_state_dict({**own, **taken})
    epochs = source.card.recipe.get("chosen_epoch")
    return {
        "name": source.card.name,
        "weights_sha256": source.card.weights_sha256,
        "epochs": epochs,
        "taken": len(taken),
        "new": sorted({key.rsplit(".", 1)[0] for key in own if key not in taken}),
    }
