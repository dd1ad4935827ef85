"""``python -m engine compare``: is one checkpoint better than another on a split of a dataset?"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import numpy as np
from rich.progress import Progress
from rich.table import Table

from engine.cli.common import (
    STDERR,
    add_data_options,
    add_device_option,
    add_json_option,
    add_views_options,
    add_votes_option,
    note,
    note_people,
    note_skipped,
    print_json,
)
from engine.cli.votes import add_votes, nearer_lines
from engine.data.dataset import FaceDataset
from engine.data.enhance.enhance import require_enhanced
from engine.data.registry import load_for
from engine.data.votes.ferplus import FERPLUS
from engine.data.votes.rules import VoteChoice
from engine.errors import UsageError
from engine.labels import few
from engine.measure.nearer import Nearer, nearer_to_people
from engine.measure.split import SINGLE, VIEWS, check_classes, people_of, predict_dataset
from engine.measure.trained_alike import alike_words, training_differences
from engine.models.checkpoint import LoadedModel, load_checkpoint
from engine.records import Float32, InputSpec
from engine.statistics.comparison import Answers, Comparison, compare
from engine.training.device import choose_device


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--models", nargs=2, required=True, metavar=("A", "B"), help="two checkpoints, names or folders; B minus A"
    )
    add_data_options(parser)
    parser.add_argument("--split", default="private", help="train, val, test; for fer2013 also public, private")
    add_votes_option(parser)
    add_views_options(parser)
    parser.add_argument("--seed", type=int, default=0, help="of the resampling (default: %(default)s)")
    add_device_option(parser)
    add_json_option(parser)


def _answers(loaded: LoadedModel, dataset: FaceDataset, arguments: argparse.Namespace) -> tuple[Answers, Float32]:
    card = loaded.card
    check_classes(card, dataset)
    with Progress(console=STDERR, disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task(f"{card.name} on {arguments.split}", total=len(dataset))
        probabilities = predict_dataset(
            loaded.model, card.input, dataset, views=arguments.views, progress=lambda count: bar.advance(task, count)
        )
    predicted = probabilities.argmax(1).astype(np.int64)
    return Answers(card.name, card.classes, dataset.ids, dataset.labels, predicted), probabilities


def _nearer(
    dataset: FaceDataset, arguments: argparse.Namespace, answers: list[tuple[Answers, Float32]]
) -> Nearer | None:
    """Return which of the two is nearer to what people saw; None where that is not at hand."""
    votes = add_votes(dataset, arguments.votes, arguments.data).votes
    if votes is None:
        return None
    (first, one), (second, other) = answers
    order = [second.classes.index(name) for name in first.classes]
    names = (first.model, second.model)
    return nearer_to_people(names, votes, one, other[:, order], first.classes, seed=arguments.seed)


def run(arguments: argparse.Namespace) -> int:
    """Run both models over the split, compare, print."""
    if arguments.seed < 0:
        raise UsageError(f"Expected a seed of 0 or more, got {arguments.seed}.")
    device = choose_device(arguments.device)
    models = [load_checkpoint(name, device=device) for name in arguments.models]
    first, second = (loaded.card for loaded in models)
    if set(first.classes) != set(second.classes):  # said before the data is read, which takes a while
        raise UsageError(
            f"Expected two models of the same classes, but '{first.name}' knows {few(first.classes)} and "
            f"'{second.name}' knows {few(second.classes)}; compare models trained on the same classes."
        )
    for card in (first, second):
        require_enhanced(card.name, card.data, arguments.dataset, arguments.data)
    if first.clips != second.clips:
        raise UsageError(
            f"Expected two models that see the same of a clip, but '{first.name}' sees {first.clips} and "
            f"'{second.name}' {second.clips}; compare models of one kind."
        )
    choice = None
    if arguments.dataset == FERPLUS:
        choice = VoteChoice(arguments.votes, classes=8 if "contempt" in first.classes else 7)
    loaded_as: dict[tuple[InputSpec, tuple[str, ...]], FaceDataset] = {}
    answers = []
    for loaded in models:
        way = (loaded.card.input, loaded.card.classes)
        if way not in loaded_as:
            loaded_as[way] = load_for(
                loaded.card,
                arguments.dataset,
                arguments.split,
                data=arguments.data,
                drop_unknown=arguments.drop_unknown,
                votes=choice,
            )
        answers.append(_answers(loaded, loaded_as[way], arguments))
    comparison = compare(*(one for one, _ in answers), seed=arguments.seed)
    dataset = next(iter(loaded_as.values()))
    nearer = _nearer(dataset, arguments, answers)
    seen = [people_of(card, dataset) for card in (first, second)]
    note_skipped(dataset.skipped)
    note_people(dataset, next((people for people in seen if not people.apart), None))
    document: dict[str, Any] = {
        "dataset": dataset.name,
        "split": dataset.split,
        "tta": arguments.views != SINGLE,
        "views": VIEWS[arguments.views].words,
        "skipped": len(dataset.skipped),
        "person_independent": all(people.apart for people in seen),
        "parameters": [first.parameters, second.parameters],
        "training_differs_in": list(training_differences(first, second)),
        "training_seeds": [card.recipe.get("seed") for card in (first, second)],
        "resampling_seed": arguments.seed,
        **comparison.as_dict(),
        **({} if nearer is None else {"votes": nearer.as_dict()}),
    }
    if arguments.json:
        print_json(document)
    else:
        _print(comparison, document)
        if nearer is not None:
            sys.stdout.write(nearer_lines(nearer))
    return 0


def _print(comparison: Comparison, document: dict[str, Any]) -> None:
    sys.stdout.write(
        f"{comparison.second} against {comparison.first} on {document['dataset']} {document['split']}: "
        f"{comparison.verdict}\n"
    )
    if document["training_differs_in"]:
        sys.stdout.write(f"{alike_words(tuple(document['training_differs_in']))}\n")
    table = Table("figure", comparison.first, comparison.second, "difference", "95 % interval", "p")
    rows = [("accuracy", comparison.accuracy), ("macro F1", comparison.macro_f1)]
    shown = comparison.shown.pick(comparison.per_class)
    rows += [(f"recall {row.name}", row.recall) for row in shown]
    rows += [(f"F1 {row.name}", row.f1) for row in shown]
    for name, row in rows:
        table.add_row(
            name,
            f"{row.first:.3f}",
            f"{row.second:.3f}",
            f"{row.difference:+.3f}",
            f"{row.low:+.3f} to {row.high:+.3f}",
            f"{row.p:.2g}",
        )
    STDERR.print(table)
    if comparison.shown.words:
        note(comparison.shown.words)
    note("; ".join(f"{name}: {len(ids):,}" for name, ids in comparison.groups.items()) + ".")
    note("p of accuracy and recall: McNemar's exact test; of F1: paired bootstrap; by class: Holm-corrected.")
