"""``python -m engine train``: train a model by a recipe, or resume a run."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any, Final

from rich.progress import BarColumn, Progress, TextColumn

from engine.cli.common import (
    STDERR,
    add_data_options,
    add_device_option,
    add_json_option,
    add_votes_option,
    note,
    print_json,
)
from engine.errors import UsageError
from engine.models.registry import ARCHITECTURES
from engine.places import writable_checkpoints
from engine.training.fit import RUNS, Place, TrainingData, fit
from engine.training.loop import StepReport, Trainer
from engine.training.processes import Processes, joined_processes
from engine.training.recipe import Recipe, change, load_recipe, recipe_help, recipe_names
from engine.training.several import OtherData

PRETRAINED: Final[tuple[str, ...]] = tuple(name for name, one in ARCHITECTURES.items() if one.imagenet)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = recipe_help()
    parser.add_argument("--recipe", required=True, help=f"one of {', '.join(recipe_names())}, or a .toml file")
    add_data_options(parser, dataset=None, several=True)
    parser.add_argument(
        "--weights",
        type=float,
        nargs="+",
        metavar="W",
        help="with --data A --data B (and --dataset X --dataset Y, if they are of two kinds): how often each is drawn "
        "from (default: every picture alike)",
    )
    add_votes_option(parser)
    parser.add_argument("--val-data", type=Path, help="where val is taken from, if elsewhere (for a balanced --data)")
    parser.add_argument("--clips", help="of samm: frames, or onset-apex (a difference a clip), instead of the recipe's")
    parser.add_argument("--epochs", type=int, help="instead of the recipe's")
    parser.add_argument("--batch-size", type=int, help="instead of the recipe's")
    parser.add_argument("--learning-rate", type=float, help="peak, instead of the recipe's")
    parser.add_argument(
        "--start-from", metavar="MODEL", help="begin with this checkpoint's fitting weights; none: afresh"
    )
    parser.add_argument(
        "--pretrained",
        action="store_true",
        help="begin cmaen's second pathway, or lite0, with ImageNet weights, if they can be had",
    )
    parser.add_argument("--seed", type=int, default=0, help="of weights, order, augmentation, dropout (default 0)")
    add_device_option(parser, "auto")
    parser.add_argument("--out", type=Path, help="checkpoint folder to make (default: <recipe> where checkpoints lie)")
    parser.add_argument("--resume", action="store_true", help=f"continue the run saved in {RUNS}/<name of --out>")
    parser.add_argument("--minutes", type=float, help="stop cleanly after so long; --resume continues")
    parser.add_argument("--compile", action="store_true", help="compile the attention gates: a third faster on a CPU")
    parser.add_argument(
        "--sync-batchnorm",
        action="store_true",
        help="with several processes (torchrun --standalone --nproc-per-node N -m engine train ...): BatchNorm over "
        "the whole batch",
    )
    parser.add_argument("--limit", type=int, metavar="N", help="a quick try on N pictures of each split")
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Train and report."""
    recipe = _with_options(load_recipe(arguments.recipe), arguments)
    out = arguments.out or writable_checkpoints() / recipe.name
    with joined_processes() as processes:
        return _train(recipe, out, arguments, processes)


def _train(recipe: Recipe, out: Path, arguments: argparse.Namespace, processes: Processes) -> int:
    bar = _Bar(shown=processes.leads)
    with bar.progress:
        data = TrainingData(
            data=arguments.data[0] if arguments.data else None,
            val_data=arguments.val_data,
            others=_others(recipe, arguments),
            limit=arguments.limit,
            drop_unknown=arguments.drop_unknown,
            votes=arguments.votes,
        )
        place = Place(
            out=out,
            seed=arguments.seed,
            device=arguments.device,
            resume=arguments.resume,
            minutes=arguments.minutes,
            compiled=arguments.compile,
            processes=processes,
            synced=arguments.sync_batchnorm,
        )
        result = fit(recipe, data, place, listener=bar, on_trainer=_stop_on_interrupt)
    if not processes.leads:
        return 0
    state = "finished" if result.finished else "stopped, continue with --resume"
    known = result.best_epoch > 0
    best = f", best val accuracy {100 * result.best_val_accuracy:.1f} % in epoch {result.best_epoch}" if known else ""
    note(f"{out.name}: {state}; {result.epochs_done} epochs in {result.seconds / 60:.1f} minutes{best}.")
    if known:
        note(f"The split that chose the epoch: {result.people.in_words()}.")
    if arguments.json:
        print_json(
            {
                "model": out.name,
                "finished": result.finished,
                "epochs_done": result.epochs_done,
                "best_epoch": result.best_epoch,
                "best_val_accuracy": result.best_val_accuracy if known else None,
                "person_independent": result.people.apart,
                "seconds": round(result.seconds, 1),
            }
        )
    return 0


def _with_options(recipe: Recipe, arguments: argparse.Namespace) -> Recipe:
    wanted: dict[str, dict[str, Any]] = {
        "schedule": {"epochs": arguments.epochs},
        "optimiser": {"batch_size": arguments.batch_size, "learning_rate": arguments.learning_rate},
        "model": {"start_from": "" if arguments.start_from == "none" else arguments.start_from},
        "data": {
            "dataset": arguments.dataset[0] if arguments.dataset else None,
            "weights": tuple(arguments.weights) if arguments.weights else None,
            "clips": arguments.clips,
        },
    }
    if arguments.epochs is not None and recipe.schedule.warmup_epochs >= arguments.epochs:
        # A shortened run keeps the recipe's shape: the warm-up shrinks with it.
        wanted["schedule"]["warmup_epochs"] = recipe.schedule.warmup_epochs * arguments.epochs / recipe.schedule.epochs
    if arguments.pretrained:
        if recipe.model.architecture not in PRETRAINED:
            raise UsageError(
                f"--pretrained is for {', '.join(PRETRAINED)}; '{recipe.model.architecture}' has no ImageNet weights."
            )
        wanted["model"]["config"] = {**recipe.model.config, "pretrained": True}
    for section, values in wanted.items():
        given = {key: value for key, value in values.items() if value is not None}
        if given:
            recipe = change(recipe, section, **given)
    return recipe


def _others(recipe: Recipe, arguments: argparse.Namespace) -> tuple[OtherData, ...]:
    """Return the datasets after the first: of its kind, unless each is given its own."""
    places, kinds = arguments.data or [], arguments.dataset or []
    if len(kinds) > 1 and len(kinds) != len(places):
        raise UsageError(
            f"Expected a --data for each --dataset, got {len(kinds)} and {len(places)}; give them in the same order."
        )
    if len(kinds) < 2:
        kinds = [recipe.data.dataset] * len(places)
    return tuple(OtherData(kind, place) for kind, place in list(zip(kinds, places, strict=True))[1:])


def _stop_on_interrupt(trainer: Trainer) -> None:
    """Let the first Ctrl-C (or SIGTERM) end the run after the step at hand, saved; a second one ends it at once."""

    def stop(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature is the signal module's
        note("Stopping after this step; the run is saved and --resume continues it.")
        trainer.stop_requested = True
        signal.signal(signum, signal.SIG_DFL)

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)


class _Bar:
    """A progress bar on a terminal; one line an epoch elsewhere (a log file)."""

    def __init__(self, *, shown: bool = True) -> None:
        self.shown = shown
        self.progress = Progress(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(),
            TextColumn("loss {task.fields[loss]:.3f}  val {task.fields[val]:.1f} %  {task.fields[left]} left"),
            console=STDERR,
            disable=not (shown and sys.stderr.isatty()),
        )
        self.task = self.progress.add_task("", total=1.0, epoch="", loss=0.0, val=0.0, left="")
        self.logged = time.monotonic()
        self.epoch = 0

    def __call__(self, report: StepReport) -> None:
        left = f"{report.seconds_left / 60:.0f} min"
        epoch = f"{report.epoch}/{report.epochs}"
        self.progress.update(
            self.task,
            completed=report.done,
            epoch=epoch,
            loss=report.loss,
            val=100 * report.best_accuracy,
            left=left,
        )
        if self.shown and self.progress.disable and (report.epoch != self.epoch or time.monotonic() - self.logged > 60):
            self.epoch, self.logged = report.epoch, time.monotonic()
            note(
                f"epoch {epoch} at {report.done:.0%}: loss {report.loss:.3f}, best val "
                f"{100 * report.best_accuracy:.1f} %, {left} left"
            )
