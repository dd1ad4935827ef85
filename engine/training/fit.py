"""From a recipe to a checkpoint: load the data, build the model, train or resume, write weights and card.

History as TensorBoard events, where that library is present; without it nothing is written.

Compile the attention gates: their many passes over the same feature maps become one.

A gate does little arithmetic on large maps, so it waits for memory; torch.compile fuses its reductions and products,
forward and backward. The convolutions stay as they are: PyTorch's own kernels are faster than compiled ones on a CPU.
Measured on one core with batches of 128 pictures: cbam 128 to 170 pictures/s, spatial 165 to 205.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, ParamSpec

import numpy as np
import torch
from torch import nn

from engine.data.dataset import FaceDataset, left_out_words
from engine.data.enhance.enhance import common_enhancement
from engine.data.people import NOT_TOLD, People
from engine.data.registry import load_dataset
from engine.data.votes.rules import VoteChoice
from engine.errors import CheckpointError, DataError, FerLensError, UsageError
from engine.models.attention import CBAM, SpatialGate
from engine.models.checkpoint import find_checkpoint, load_checkpoint, read_card, write_checkpoint
from engine.models.cmaen.inherit import inherited
from engine.models.registry import build_model, input_spec, parameters_by_module
from engine.records import InputSpec, RunCard
from engine.synthetic import plant_cue
from engine.training.device import choose_device, keep_freed_memory
from engine.training.loop import STATE, Listener, Trainer
from engine.training.processes import ALONE, Processes, sync_batchnorm
from engine.training.recipe import recipe_names
from engine.training.sections import Recipe
from engine.training.several import OtherData, join, limited
from engine.training.votes import described, vote_choice, vote_temperature
from engine.writing.held import held


def compile_gates(model: nn.Module) -> int:
    """Compile each attention module of ``model`` in place; return how many. Weights and their names stay the same.

    Only training may do this: inside a compiled gate the taps record nothing.

    Raises:
        UsageError: this machine cannot compile (no C++ compiler, or no headers of Python).
    """
    outermost = [
        module
        for name, module in model.named_modules()
        if isinstance(module, CBAM | SpatialGate) and not _inside_cbam(model, name)
    ]
    if outermost:
        _try_compiler()
    for module in outermost:
        # A gate takes the gradient of a maximum by comparing it with its features. Without rounding in between as the
        # uncompiled gate rounds, bf16 features never equal their maximum, and 0 / 0 makes the gradient NaN.
        module.compile(dynamic=False, options={"emulate_precision_casts": True})
    return len(outermost)


def _inside_cbam(model: nn.Module, name: str) -> bool:
    parents = name.split(".")[:-1]
    return any(isinstance(model.get_submodule(".".join(parents[:end])), CBAM) for end in range(1, len(parents) + 1))


def _try_compiler() -> None:
    """Compile something small now: the first training step, minutes of loading later, is a bad moment to fail."""
    torch.compiler.reset()  # else an earlier success in this process would answer
    try:
        torch.compile(_small)(torch.zeros(64, 64))
    except Exception as error:  # the backends raise many kinds, from several modules
        raise UsageError(
            "--compile needs a C++ compiler (g++ or clang++) and Python's headers, and compiling failed here; "
            "install them, or train without --compile."
        ) from error


def _small(x: torch.Tensor) -> torch.Tensor:
    return (x.sin() + x.cos()).sum(dim=1)


def write_events(folder: Path, history: list[dict[str, float]]) -> bool:
    """Write one scalar a column and epoch into ``folder/events``; return whether the library was there."""
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


P = ParamSpec("P")
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


def _alone(train: Callable[P, FitResult]) -> Callable[P, FitResult]:
    """Let one run at a time train into an ``out`` and work in its ``runs/<name>``, which others of that name share."""

    @wraps(train)
    def alone(*args: P.args, **kwargs: P.kwargs) -> FitResult:
        out: Any = kwargs["out"]
        processes: Any = kwargs.get("processes", ALONE)
        if not processes.leads:
            return train(*args, **kwargs)
        with held(RUNS / out.name), held(out):
            return train(*args, **kwargs)

    return alone


@_alone
def fit(  # noqa: PLR0913 - all but the first two have defaults and are named
    recipe: Recipe,
    *,
    out: Path,
    data: str | Path | None = None,
    val_data: str | Path | None = None,
    others: Sequence[OtherData] = (),
    seed: int = 0,
    device: str = "auto",
    resume: bool = False,
    minutes: float | None = None,
    limit: int | None = None,
    drop_unknown: bool = False,
    votes: str | Path | None = None,
    compiled: bool = False,
    processes: Processes = ALONE,
    synced: bool = False,
    listener: Listener | None = None,
    on_trainer: Callable[[Trainer], None] | None = None,
) -> FitResult:
    """Train ``recipe`` and write the checkpoint folder ``out``.

    Args:
        recipe: what to do.
        out: the checkpoint folder to make; its name is the model's name.
        data: where the pictures lie (see :func:`engine.data.registry.load_dataset`).
        val_data: where those of ``val`` lie, if elsewhere.
        others: more datasets to train on and to choose by (see :mod:`engine.training.several`).
        seed: of weights, order, augmentation and dropout; the split has its own fixed seed.
        device: ``auto``, ``cuda``, ``mps`` or ``cpu``.
        resume: continue the saved run of the same name, if there is one; a finished one goes on if the recipe has more
            epochs, and its checkpoint is replaced.
        minutes: stop cleanly, resumably, after this long.
        limit: use only so many pictures of each split (for a quick try; the card says so).
        drop_unknown: leave out pictures whose class the vocabulary does not know.
        votes: FER+'s file, for recipes that learn from it; None for the one that is found (see
            :func:`engine.data.votes.file.find_votes`).
        compiled: compile the attention gates (:func:`engine.training.fit.compile_gates`).
        processes: those that share the run; only the first writes, and only its result has a card.
        synced: take BatchNorm's statistics over the batches of all processes.
        listener: called after each step.
        on_trainer: called once with the trainer (to be able to ask it to stop).

    Raises:
        BusyError: another process trains into ``out``, or another one of that name. FerLensError: anything else that
            the user can mend.
    """
    folder = RUNS / out.name
    goes_on = resume and (folder / STATE).exists() and _is_shorter(out, recipe)
    if out.exists() and not goes_on:
        raise CheckpointError(
            f"Checkpoint '{out.name}' exists already; choose another --out, or remove it first"
            + (", or give more --epochs than it was trained for." if resume else ".")
        )
    if (folder / STATE).exists() and not resume:
        raise UsageError(f"An unfinished run '{out.name}' exists; continue it with --resume, or choose another --out.")
    _check_needed(recipe)
    keep_freed_memory()
    where = processes.device(choose_device(device))
    chosen = recipe.model
    spec = input_spec(chosen.architecture, size=chosen.input_size, channels=chosen.input_channels)
    learnt, chooses = (vote_choice(recipe, votes, data, chooses=chooses) for chooses in (False, True))
    train, val = (
        limited(load_split(recipe, split, data=place, drop_unknown=drop_unknown, spec=spec, votes=choice), limit)
        for split, place, choice in (
            (recipe.data.train, data, learnt),
            (recipe.data.val, val_data or data, chooses),
        )
    )
    said_of_votes = {"votes": described(learnt, chooses, train, val)} if learnt and chooses else {}
    places = [data, *([val_data] if val_data else [])]
    enhancement = common_enhancement(
        [*((recipe.data.dataset, place) for place in places), *((other.dataset, other.place) for other in others)]
    )
    together = join(train, val, recipe, others, spec=spec, limit=limit, drop_unknown=drop_unknown)
    train, val = together.train, together.val
    if processes.leads and (skipped := left_out_words(tuple(dict.fromkeys((*train.skipped, *val.skipped))))):
        _LOG.warning(skipped)
    if train.classes != val.classes:
        raise DataError(f"The splits have different classes: {train.classes} and {val.classes}.")
    torch.manual_seed(seed)
    # A saved run has its weights; and a finished checkpoint must not fetch others before it loads its own.
    config = {key: value for key, value in chosen.config.items() if key != "pretrained"}
    fresh = not (folder / STATE).exists()
    model = build_model(
        chosen.architecture, classes=len(train.classes), spec=spec, config=chosen.config if fresh else config
    )
    start = _start_from(model, recipe.model.start_from)
    if compiled:
        compile_gates(model)
    if synced and processes.total > 1:
        model = sync_batchnorm(model, where)
    trainer = Trainer(
        model.to(where),
        recipe,
        spec=spec,
        train=train,
        val=val,
        folder=folder,
        seed=seed,
        device=where,
        processes=processes,
        sampling=together.sampling,
    )
    if on_trainer is not None:
        on_trainer(trainer)
    if resume:
        trainer.resume()
    finished = trainer.run(seconds=None if minutes is None else minutes * 60, listener=listener)
    progress = trainer.progress
    card = None
    processes.wait()  # the first process has written what all of them may read
    if finished and processes.leads:
        trainer.load_best()
        write_events(folder, progress.history)
        temperature = vote_temperature(model, spec, val) if learnt else None
        card = write_checkpoint(
            out,
            model,
            {
                "architecture": recipe.model.architecture,
                "config": config,
                "classes": train.classes,
                "input": spec,
                "recipe": {
                    **recipe.as_dict(),
                    "seed": seed,
                    "start": start,
                    "chosen_epoch": progress.best_epoch,
                    "chosen_weights": progress.best_kind,
                    "device": where.type,
                    "compiled_gates": compiled,
                    **({"processes": processes.total, "synced_batchnorm": synced} if processes.total > 1 else {}),
                    **({"epochs_before": progress.lengthened} if progress.lengthened else {}),
                    **_particulars(model, trainer),
                    "training_seconds": round(progress.seconds),
                },
                "data": {
                    "dataset": recipe.data.dataset,
                    "train": {"split": recipe.data.train, "n": len(train), "fingerprint": train.fingerprint},
                    "val": {"split": recipe.data.val, "n": len(val), "fingerprint": val.fingerprint},
                    "person_independent": val.people.apart,
                    **({"class_codes": train.codes} if train.codes else {}),
                    **together.described,
                    **said_of_votes,
                    **({"enhancement": enhancement} if enhancement else {}),
                },
                "metrics": {
                    f"{recipe.data.dataset}/{recipe.data.val}/chosen": {
                        "n": len(val),
                        "accuracy": progress.best_accuracy,
                        "protocol": "the split that chose the epoch; optimistic by construction; "
                        + val.people.in_words()
                        + (f"; right is {chooses.in_words()}" if chooses else ""),
                        **({"vote_temperature": temperature.as_dict()} if temperature else {}),
                    }
                },
                "notes": () if limit is None else (f"A try on at most {limit} pictures of each split.",),
            },
            history=folder / "history.csv",
            overwrite=goes_on,
        )
    best = progress.best_accuracy if progress.best_epoch else math.nan
    return FitResult(finished, progress.epoch, progress.best_epoch, best, progress.seconds, out, card, val.people)


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
