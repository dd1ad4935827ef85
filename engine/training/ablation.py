"""Ablations: train a recipe whole and without each of its parts, over the same seeds, and keep every finished cell.

A cell is one variant with one seed. What it got right, picture by picture, is kept in ``results.json`` as soon as it is
measured, so that an interrupted ablation goes on where it stopped; a cell's own training resumes like any other run.
Several processes may work at one ablation: each trains the next cell that is neither kept nor in another's hands.

The cells of an ablation, kept in one file that several processes read and add to.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.documents import BAD_VALUES, read_document
from engine.errors import BusyError, CheckpointError, UnknownNameError, UsageError
from engine.models.registry import ARCHITECTURES
from engine.training.fit import RUNS, Place, TrainingData, fit
from engine.training.loop import STATE, Listener, Trainer
from engine.training.recipe import change
from engine.training.sections import Recipe
from engine.writing.held import held
from engine.writing.lock import taken
from engine.writing.whole import whole_file

Bool = NDArray[np.bool_]

RESULTS: Final = "results.json"
LOCKS: Final = "locks"


@dataclass(frozen=True)
class Cell:
    """One variant trained with one seed; ``right``: (N,) bool, which pictures of the split it classified right."""

    variant: str
    seed: int
    right: Bool
    best_epoch: int
    best_val_accuracy: float
    parameters: int

    @property
    def accuracy(self) -> float:
        """In [0, 1]."""
        return float(self.right.mean())


class KeptCells:
    """The finished cells of an ablation, which several processes read and add to."""

    def __init__(self, folder: Path, signature: dict[str, Any]) -> None:
        self.path = folder / RESULTS
        self.locks = folder / LOCKS
        self.signature = signature
        self.holders: dict[tuple[str, int], str] = {}

    def begin(self) -> None:
        """Say for which recipe and settings this folder is, so that others are refused before they train."""
        with self._results():
            if not self.path.exists():
                _write(self.path, self.signature, {})
            self.read()

    def read(self) -> dict[tuple[str, int], Cell]:
        """Return what is there now, this process's cells and the others'."""
        return _read(self.path, self.signature)

    def add(self, cell: Cell) -> dict[tuple[str, int], Cell]:
        """Keep one more cell and return all."""
        with self._results():
            cells = self.read() | {(cell.variant, cell.seed): cell}
            _write(self.path, self.signature, cells)
        return cells

    @contextmanager
    def claimed(self, variant: str, seed: int) -> Iterator[bool]:
        """Yield True, with the cell to ourselves, or False where it is kept already or another process trains it.

        The operating system lets go of a killed process's cell.
        """
        if (variant, seed) in self.read():  # so that nobody touches the locks once every cell is kept
            yield False
            return
        with ExitStack() as stack:
            try:
                stack.enter_context(held(self.locks / f"{variant.replace(' ', '-')}-{seed}"))
            except BusyError as error:
                self.holders[variant, seed] = error.holder
                yield False
                return
            # Looked at with the cell in hand: it may have been finished elsewhere a moment ago.
            yield (variant, seed) not in self.read()

    def forget_locks(self) -> None:
        """Remove what killed processes left of their locks, when no cell is left to claim."""
        shutil.rmtree(self.locks, ignore_errors=True)

    @contextmanager
    def _results(self) -> Iterator[None]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with taken(self.path.with_name(f".{RESULTS}.lock"), wait=True):
            yield


def _write(path: Path, signature: dict[str, Any], cells: dict[tuple[str, int], Cell]) -> None:
    """Write the cells beside ``path`` and rename; what was right goes as hexadecimal bits."""
    rows = [
        {
            "variant": cell.variant,
            "seed": cell.seed,
            "n": len(cell.right),
            "accuracy": cell.accuracy,
            "best_epoch": cell.best_epoch,
            "best_val_accuracy": cell.best_val_accuracy,
            "parameters": cell.parameters,
            "right": np.packbits(cell.right).tobytes().hex(),
        }
        for cell in cells.values()
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as part:
        part.write_text(json.dumps({"settings": signature, "cells": rows}, indent=1) + "\n", encoding="utf-8")


def _read(path: Path, signature: dict[str, Any]) -> dict[tuple[str, int], Cell]:
    if not path.exists():
        return {}
    try:
        document = read_document(path)
        cells = {(row["variant"], row["seed"]): _read_cell(row) for row in document["cells"]}
        settings = document["settings"]
    except (OSError, *BAD_VALUES) as error:
        raise CheckpointError(
            f"The kept results of '{path.parent.name}' cannot be read; remove that folder, or give another --name."
        ) from error
    if settings != signature:
        raise UsageError(
            f"'{path.parent.name}' holds cells of another recipe, data, split or limit; repeat its options, or give "
            "another --name."
        )
    return cells


def _read_cell(row: dict[str, Any]) -> Cell:
    bits = np.unpackbits(np.frombuffer(bytes.fromhex(row["right"]), np.uint8), count=int(row["n"]))
    numbers = (int(row["best_epoch"]), float(row["best_val_accuracy"]), int(row["parameters"]))
    return Cell(str(row["variant"]), int(row["seed"]), bits.astype(np.bool_), *numbers)


WHOLE: Final = "whole"


@dataclass
class AblationRun:
    """Where an ablation stands: its cells by (variant, seed), whether all of them are there, and who has the others.

    ``elsewhere`` are the cells that another process was training when this one had nothing left to do, ``holders`` says
    of each which process that is.
    """

    finished: bool
    cells: dict[tuple[str, int], Cell] = field(default_factory=dict)
    elsewhere: tuple[tuple[str, int], ...] = ()
    holders: tuple[str, ...] = ()


def variants(recipe: Recipe, without: tuple[str, ...]) -> dict[str, Recipe]:
    """Return the recipes to train: ``whole``, then ``without PART`` for each part.

    Where a part feeds only another that is left out, it goes with it, and so do auxiliary losses on an answer that is
    no longer given.

    Raises:
        UnknownNameError: the architecture has no such part.
        UsageError: the architecture has no parts to leave out, or none was named, or the recipe lacks one already.
    """
    architecture = recipe.model.architecture
    known = ARCHITECTURES[architecture].parts
    if not known:
        others = ", ".join(name for name, one in ARCHITECTURES.items() if one.parts)
        raise UsageError(f"'{architecture}' has no parts to leave out; ablate a recipe of {others}.")
    if not without:
        raise UsageError(f"Name the parts to leave out with --without: {', '.join(known)}.")
    made = {WHOLE: recipe}
    for part in without:
        if part not in known:
            raise UnknownNameError(f"part of {architecture}", part, known)
        made[f"without {part}"] = _without(recipe, part)
    return made


def _without(recipe: Recipe, part: str) -> Recipe:
    model = recipe.model
    architecture = ARCHITECTURES[model.architecture]
    going = architecture.parts[part]
    if going.plainer:
        config = {key: value for key, value in model.config.items() if key not in going.takes}
        return change(recipe, "model", architecture=going.plainer, config=config)
    if model.config.get(part, True) is False:
        raise UsageError(f"Recipe '{recipe.name}' is without {part} already; leave it out of --without.")
    lost = {key: 0.0 for key, switch in architecture.answers.items() if switch in going.off}
    config = {**model.config, **dict.fromkeys(going.off, False)}
    if "fusion" in going.off:
        config.pop("pretrained", None)
    # Both at once: each alone would contradict the other.
    bare = change(recipe, "auxiliary", **lost) if lost else recipe
    return change(bare, "model", config=config)


def ablate(  # noqa: PLR0913 - all but the first three have defaults and are named
    recipe: Recipe,
    without: tuple[str, ...],
    *,
    measure: Callable[[Path], Bool],
    settings: dict[str, Any],
    name: str | None = None,
    seeds: int = 3,
    data: TrainingData = TrainingData(),  # noqa: B008 - frozen
    device: str = "auto",
    stop: Callable[[], bool] = lambda: False,
    listener: Callable[[str, int], Listener | None] | None = None,
    on_trainer: Callable[[Trainer], None] | None = None,
) -> AblationRun:
    """Train and measure every cell that is neither there yet nor being trained by another process.

    Args:
        recipe: the whole.
        without: parts to leave out, one variant each.
        measure: says of a finished checkpoint folder which pictures of the split it gets right, (N,) bool.
        settings: what else decides the result (split, data); cells of other settings are not mixed in.
        name: of the folder ``runs/ablation-<name>``; default the recipe's.
        seeds: how many, from 0.
        data, device: as for :func:`engine.training.fit.fit`.
        stop: asked between cells.
        listener: makes a training listener for (variant, seed).
        on_trainer: as for ``fit``.

    Raises:
        FerLensError: anything that the user can mend.
    """
    if seeds < 1:
        raise UsageError(f"--seeds must be 1 or more, got {seeds}.")
    recipes = variants(recipe, without)
    folder = RUNS / f"ablation-{name or recipe.name}"
    signature = json.loads(json.dumps({**settings, "limit": data.limit, "recipe": recipe.as_dict()}))
    kept = KeptCells(folder, signature)
    kept.begin()
    run = AblationRun(finished=False, cells=kept.read())
    for seed in range(seeds):  # all variants of a seed first: a run stopped early still has whole pairs
        for variant, how in recipes.items():
            short = f"{folder.name}-{variant.replace(' ', '-')}-{seed}"
            with kept.claimed(variant, seed) as ours:
                if not ours:
                    continue
                if stop():
                    return run
                out = folder / short
                finished = out.exists()
                if not finished:
                    finished = fit(
                        replace(how, name=short),
                        data,
                        Place(out, seed=seed, device=device, resume=(RUNS / short / STATE).exists()),
                        listener=None if listener is None else listener(variant, seed),
                        on_trainer=on_trainer,
                    ).finished
                if not finished:
                    return run
                run.cells = kept.add(_cell(out, variant, seed, measure(out)))
                # Its result is kept; the weights of dozens of cells would fill a disk.
                shutil.rmtree(out)
                shutil.rmtree(RUNS / short, ignore_errors=True)
    run.cells = kept.read()
    run.elsewhere = tuple(
        cell for seed in range(seeds) for variant in recipes if (cell := (variant, seed)) not in run.cells
    )
    run.holders = tuple(dict.fromkeys(kept.holders[cell] for cell in run.elsewhere if cell in kept.holders))
    run.finished = not run.elsewhere
    if run.finished:
        kept.forget_locks()
    return run


def _cell(out: Path, variant: str, seed: int, right: Bool) -> Cell:
    card = json.loads((out / "card.json").read_text(encoding="utf-8"))
    chosen = next(value for key, value in card["metrics"].items() if key.endswith("/chosen"))
    return Cell(variant, seed, right, int(card["recipe"]["chosen_epoch"]), chosen["accuracy"], card["parameters"])
