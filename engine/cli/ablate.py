"""``python -m engine ablate``: train a model whole and without each of its parts, and tabulate the difference."""

from __future__ import annotations

import argparse
import signal
import time
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Column, Table

from engine.cli.common import (
    add_data_options,
    add_device_option,
    add_json_option,
    note,
    note_people,
    note_skipped,
    print_json,
)
from engine.data.dataset import FaceDataset
from engine.measure.split import check_classes, predict_dataset
from engine.models.checkpoint import load_checkpoint
from engine.models.registry import ARCHITECTURES
from engine.training.ablation import AblationRun, Bool, ablate
from engine.training.ablation_table import AblationRow, tabulate
from engine.training.device import choose_device
from engine.training.fit import RUNS, TrainingData, load_split
from engine.training.loop import Listener, StepReport, Trainer
from engine.training.recipe import change, load_recipe, recipe_names
from engine.training.sections import Recipe


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parts = "; ".join(f"{name}: {', '.join(known)}" for name, one in ARCHITECTURES.items() if (known := one.parts))
    parser.add_argument("--recipe", required=True, help=f"one of {', '.join(recipe_names())}, or a .toml file")
    parser.add_argument("--without", required=True, metavar="A,B,...", help=f"parts to leave out ({parts})")
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="seeds 0 to N - 1 (default %(default)s)")
    parser.add_argument(
        "--split", default="val", help="what to measure on (default val; a test split only if asked for)"
    )
    add_data_options(parser, dataset=None)
    parser.add_argument("--epochs", type=int, help="instead of the recipe's; the warm-up shrinks with it")
    parser.add_argument("--limit", type=int, metavar="N", help="train on N pictures of each split")
    add_device_option(parser, "auto")
    parser.add_argument("--minutes", type=float, help="stop after so long; the same command goes on")
    parser.add_argument("--name", help=f"of the folder {RUNS}/ablation-<name> (default: the recipe's)")
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Ablate and report."""
    recipe = _with_options(load_recipe(arguments.recipe), arguments)
    measured = _Measured(recipe, arguments)
    watch = _Watch(arguments.minutes)
    signal.signal(signal.SIGINT, watch.interrupt)
    signal.signal(signal.SIGTERM, watch.interrupt)
    result = ablate(
        recipe,
        tuple(part.strip() for part in arguments.without.split(",") if part.strip()),
        measure=measured,
        settings={"dataset": recipe.data.dataset, "split": arguments.split},
        name=arguments.name,
        seeds=arguments.seeds,
        data=TrainingData(arguments.data, limit=arguments.limit, drop_unknown=arguments.drop_unknown),
        device=arguments.device,
        stop=watch.over,
        listener=watch.listener,
        on_trainer=watch.watch,
    )
    rows = tabulate(result.cells.values())
    if not result.finished:
        note(_unfinished(result, watch))
    if arguments.json:
        print_json(_document(recipe, arguments, result, rows))
    else:
        Console().print(_table(rows))
    return 0


def _unfinished(result: AblationRun, watch: _Watch) -> str:
    if watch.over() or not result.elsewhere:
        return "Stopped; the same command goes on."
    cells = ", ".join(f"{variant} (seed {seed})" for variant, seed in result.elsewhere)
    holders = ", ".join(result.holders) or "Another process"
    return f"{holders} trains {cells}; once that has ended, the same command shows the whole table."


def _with_options(recipe: Recipe, arguments: argparse.Namespace) -> Recipe:
    if arguments.dataset is not None:
        recipe = change(recipe, "data", dataset=arguments.dataset)
    if arguments.epochs is not None and recipe.schedule.epochs > 0:
        warmup = min(1.0, arguments.epochs / recipe.schedule.epochs) * recipe.schedule.warmup_epochs
        recipe = change(recipe, "schedule", epochs=arguments.epochs, warmup_epochs=warmup)
    return recipe


class _Measured:
    """Says which pictures of the split a checkpoint gets right; the split is loaded once."""

    def __init__(self, recipe: Recipe, arguments: argparse.Namespace) -> None:
        self.recipe, self.arguments = recipe, arguments
        self.dataset: FaceDataset | None = None

    def __call__(self, checkpoint: Path) -> Bool:
        loaded = load_checkpoint(checkpoint.resolve(), device=choose_device(self.arguments.device))
        if self.dataset is None:
            how = self.arguments
            self.dataset = load_split(
                self.recipe, how.split, data=how.data, drop_unknown=how.drop_unknown, spec=loaded.card.input
            )
            note_skipped(self.dataset.skipped)
            note_people(self.dataset)
        check_classes(loaded.card, self.dataset)
        answers = predict_dataset(loaded.model, loaded.card.input, self.dataset).argmax(1)
        return np.asarray(answers == self.dataset.labels, dtype=np.bool_)


class _Watch:
    """Ends the ablation after some minutes or on Ctrl-C, resumably, and says in a line a minute where it stands."""

    def __init__(self, minutes: float | None) -> None:
        self.deadline = None if minutes is None else time.monotonic() + 60 * minutes
        self.interrupted = False
        self.trainer: Trainer | None = None
        self.said = 0.0

    def over(self) -> bool:
        return self.interrupted or (self.deadline is not None and time.monotonic() > self.deadline)

    def interrupt(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the signal module's signature
        note("Stopping after this step; the same command goes on.")
        self.interrupted = True
        if self.trainer is not None:
            self.trainer.stop_requested = True
        signal.signal(signum, signal.SIG_DFL)

    def watch(self, trainer: Trainer) -> None:
        self.trainer = trainer

    def listener(self, variant: str, seed: int) -> Listener:
        def listen(report: StepReport) -> None:
            if self.over() and self.trainer is not None:
                self.trainer.stop_requested = True
            if time.monotonic() - self.said > 60:
                self.said = time.monotonic()
                note(
                    f"{variant}, seed {seed}: epoch {report.epoch}/{report.epochs} at {report.done:.0%}, "
                    f"loss {report.loss:.3f}, best val {100 * report.best_accuracy:.1f} %"
                )

        return listen


def _document(
    recipe: Recipe, arguments: argparse.Namespace, result: AblationRun, rows: tuple[AblationRow, ...]
) -> dict[str, Any]:
    return {
        "recipe": recipe.name,
        "architecture": recipe.model.architecture,
        "dataset": recipe.data.dataset,
        "split": arguments.split,
        "epochs": recipe.schedule.epochs,
        "limit": arguments.limit,
        "finished": result.finished,
        "level": 0.95,
        "rows": [row.as_dict() for row in rows],
    }


def _table(rows: tuple[AblationRow, ...]) -> Table:
    variant = Column("variant", min_width=max((len(word) for row in rows for word in row.variant.split()), default=0))
    table = Table(variant, "parameters", "seeds", "accuracy", "points", "95 % interval over")
    for row in rows:
        known = row.low is not None and row.high is not None
        table.add_row(
            row.variant,
            f"{row.parameters:,}",
            str(len(row.seeds)),
            f"{100 * row.accuracy:.2f} %",
            "" if row.difference is None else f"{100 * row.difference:+.2f}",
            f"{100 * (row.low or 0.0):+.2f} to {100 * (row.high or 0.0):+.2f} {row.interval_over}" if known else "",
        )
    return table
