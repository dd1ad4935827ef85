"""``python -m engine evaluate``: measure a checkpoint on a split of a dataset."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from typing import Any

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
    note_skipped,
    print_json,
)
from engine.cli.votes import add_votes, vote_sentences, vote_table
from engine.data.dataset import map_classes
from engine.data.enhance.enhance import require_enhanced
from engine.data.registry import load_for
from engine.data.votes.ferplus import FERPLUS
from engine.data.votes.rules import OUTLIERS, VoteChoice
from engine.measure.split import check_classes, measurement, predict_dataset, usual_split
from engine.measure.votes import fitted_temperature, vote_report
from engine.models.checkpoint import DEFAULT_MODEL, find_checkpoint, load_checkpoint, read_card, update_card
from engine.statistics.frequent import shown_classes
from engine.training.device import choose_device


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--model", default=DEFAULT_MODEL, help="checkpoint name or folder (default: %(default)s)")
    add_data_options(parser)
    parser.add_argument(
        "--split",
        help="train, val, test; for fer2013 also public, private; all: every picture, for data that did not train the "
        "model (default: all for such data; else private for fer2013 and ferplus, test for others)",
    )
    add_votes_option(parser)
    parser.add_argument(
        "--outliers",
        choices=OUTLIERS,
        default="removed",
        help="of ferplus: what becomes of an emotion that one voter in ten chose (default: %(default)s)",
    )
    add_views_options(parser)
    add_device_option(parser)
    parser.add_argument("--write-card", action="store_true", help="put the result on the checkpoint's card")
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure and report."""
    path = find_checkpoint(arguments.model)
    loaded = load_checkpoint(path, device=choose_device(arguments.device))
    spec = loaded.card.input
    require_enhanced(loaded.card.name, loaded.card.data, arguments.dataset, arguments.data)
    split = arguments.split or usual_split(loaded.card, arguments.dataset)
    choice = VoteChoice(arguments.votes, outliers=arguments.outliers) if arguments.dataset == FERPLUS else None
    dataset = load_for(
        loaded.card,
        arguments.dataset,
        split,
        data=arguments.data,
        drop_unknown=arguments.drop_unknown,
        votes=choice,
        looks=True,
    )
    note_skipped(dataset.skipped)
    dataset = add_votes(dataset, arguments.votes, arguments.data)
    mapping: dict[str, Any] = {}
    if dataset.classes != loaded.card.classes:
        mapped = map_classes(dataset, loaded.card.classes)
        dataset, mapping = mapped.dataset, {"mapped_classes": mapped.as_dict()}
        if mapped.in_words():
            note(mapped.in_words())
    with Progress(console=STDERR, disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task(f"{loaded.card.name} on {split}", total=len(dataset))
        check_classes(loaded.card, dataset)
        probabilities = predict_dataset(
            loaded.model, spec, dataset, views=arguments.views, progress=lambda count: bar.advance(task, count)
        )
    document = measurement(loaded.card, dataset, probabilities, views=arguments.views)
    document |= mapping
    if choice is not None:
        document["labels"] = choice.in_words()
    if dataset.votes is not None:
        document["votes"] = vote_report(dataset, probabilities, temperature=fitted_temperature(loaded.card))
    if arguments.write_card:
        card = read_card(path)  # again: another process may have written another split's figures meanwhile
        metrics = {**card.metrics, f"{dataset.name}/{dataset.split}/{arguments.views}": document}
        update_card(path, replace(card, metrics=metrics))
    if arguments.json:
        print_json(document)
    else:
        _print(document)
    return 0


def _print(document: dict[str, Any]) -> None:
    low, high = document["interval"]
    sys.stdout.write(
        f"{document['model']} on {document['dataset']} {document['split']} "
        f"({document['views']}, n = {document['n']:,}): "
        f"accuracy {100 * document['accuracy']:.1f} % ({100 * low:.1f}-{100 * high:.1f}), "
        f"macro F1 {document['macro_f1']:.3f}; {document['protocol']}\n"
    )
    if document["accuracy_clean"] is not None:
        low, high = document["interval_clean"]
        sys.stdout.write(
            f"without copies of training pictures (n = {document['n_clean']:,}): "
            f"{100 * document['accuracy_clean']:.1f} % ({100 * low:.1f}-{100 * high:.1f})\n"
        )
    near = document.get("near_copies")
    if near and near["near_copy_in_train"]:
        without = "none is left"
        if near["n_without"]:
            low, high = near["interval_without"]
            without = f"{100 * near['accuracy_without']:.1f} % ({100 * low:.1f}-{100 * high:.1f})"
        sys.stdout.write(f"without near copies of training pictures, too (n = {near['n_without']:,}): {without}\n")
    if near and near["leaks"]:
        sys.stdout.write(f"{near['conclusion']}\n")
    if document["below_chance"]:
        sys.stdout.write(f"{document['below_chance']}\n")
    table = Table("class", "precision", "recall", "F1", "n")
    shown = shown_classes(list(document["per_class"]), [row["support"] for row in document["per_class"].values()])
    for name, row in zip(shown.names, shown.pick(list(document["per_class"].values())), strict=True):
        table.add_row(name, *(f"{row[key]:.3f}" for key in ("precision", "recall", "f1")), f"{row['support']:,}")
    STDERR.print(table)
    if shown.words:
        note(shown.words)
    if "votes" in document:
        sys.stdout.write(vote_sentences(document["model"], document["votes"]))
        STDERR.print(vote_table(document["votes"]))
