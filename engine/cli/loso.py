"""``python -m engine loso``: train a recipe without each person in turn, and measure on that person."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from rich.progress import Progress
from rich.table import Table

from engine.cli.common import (
    STDERR,
    add_data_options,
    add_device_option,
    add_json_option,
    note,
    note_skipped,
    print_json,
)
from engine.data.read.samm import CLIPS, ONSET_APEX
from engine.data.registry import load_dataset
from engine.data.splits import SubjectFold
from engine.errors import UsageError
from engine.measure.loso import measure_without_each
from engine.models.registry import input_spec
from engine.training.device import choose_device
from engine.training.fit import RUNS
from engine.training.recipe import change, load_recipe, recipe_names
from engine.training.sections import Recipe
from engine.writing.held import held


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--recipe", default="micro", help=f"{', '.join(recipe_names())}, or a .toml file (default: micro)"
    )
    add_data_options(parser, dataset="samm")
    parser.add_argument("--clips", help=f"{', '.join(CLIPS)}, instead of the recipe's: {CLIPS[ONSET_APEX]}")
    parser.add_argument("--epochs", type=int, help="instead of the recipe's")
    parser.add_argument("--batch-size", type=int, help="instead of the recipe's")
    parser.add_argument("--seed", type=int, default=0, help="of weights, order, augmentation (default: %(default)s)")
    add_device_option(parser, "auto")
    parser.add_argument("--resume", action="store_true", help=f"go on with what {RUNS}/loso-<recipe> has")
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Train, measure and report."""
    recipe = load_recipe(arguments.recipe)
    if arguments.epochs is not None:
        recipe = change(recipe, "schedule", epochs=arguments.epochs)
    if arguments.batch_size is not None:
        recipe = change(recipe, "optimiser", batch_size=arguments.batch_size)
    if arguments.clips is not None:
        recipe = change(recipe, "data", clips=arguments.clips)
    # Rounds of another input are other rounds.
    folder = Path(RUNS) / (f"loso-{recipe.name}-{arguments.clips}" if arguments.clips else f"loso-{recipe.name}")
    with held(folder):
        if folder.exists() and not arguments.resume:
            raise UsageError(f"Rounds of '{folder.name}' are there already; go on with --resume, or remove them first.")
        document = _measure(recipe, folder, arguments)
    if arguments.json:
        print_json(document)
    else:
        _print(document)
    return 0


def _measure(recipe: Recipe, folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    chosen = recipe.model
    spec = input_spec(chosen.architecture, size=chosen.input_size, channels=chosen.input_channels)
    dataset = load_dataset(
        arguments.dataset,
        "all",
        data=arguments.data,
        drop_unknown=arguments.drop_unknown,
        size=spec.size,
        channels=spec.channels,
        clips=recipe.data.clips,
    )
    note_skipped(dataset.skipped)
    people = len(set(dataset.subjects or ()))
    with Progress(console=STDERR, disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task("people", total=people)

        def begin(fold: SubjectFold) -> None:
            bar.advance(task, 0 if bar.tasks[0].description == "people" else 1)
            bar.update(task, description=f"without {fold.subject}")

        return measure_without_each(
            recipe,
            dataset,
            spec,
            folder=folder,
            seed=arguments.seed,
            device=choose_device(arguments.device),
            on_fold=begin,
        )


def _print(document: dict[str, Any]) -> None:
    sys.stdout.write(
        f"{document['recipe']} on {document['dataset']}, {document['subjects']} people left out in turn "
        f"(n = {document['n']:,}): accuracy {100 * document['accuracy']:.1f} %, macro F1 {document['macro_f1']:.3f}, "
        f"mean recall {document['mean_recall']:.3f}\n"
    )
    table = Table("person", "n", "accuracy")
    for subject, row in document["per_subject"].items():
        table.add_row(subject, f"{row['n']:,}", f"{100 * row['accuracy']:.1f} %")
    STDERR.print(table)
    note("Frames of one person are alike: the number of people, not of frames, says how sure this is.")
