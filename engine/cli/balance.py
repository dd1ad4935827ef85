"""``python -m engine balance``: a training set with as many pictures of each class, or class weights instead."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np
from rich.progress import Progress
from rich.table import Table

from engine.analysis.sweep.penultimate import penultimate_features
from engine.cli.common import (
    STDERR,
    add_data_options,
    add_device_option,
    add_json_option,
    add_votes_option,
    check_new_file,
    note,
    note_skipped,
    print_json,
)
from engine.data.balance.balance import METHODS, SPACES, BalancePlan, is_balanced, made_pictures, plan_balance
from engine.data.balance.folder import refuse_place, write_balanced
from engine.data.dataset import FaceDataset
from engine.data.enhance.enhance import enhancement_of
from engine.data.read.split_names import split_of
from engine.data.registry import KINDS, PICTURES_OF, TEST_SPLITS, find_data, load_dataset
from engine.data.votes.ferplus import FERPLUS
from engine.data.votes.rules import VoteChoice
from engine.errors import DataError, UnknownNameError, UsageError
from engine.models.checkpoint import find_checkpoint, load_checkpoint
from engine.records import Float32, UInt8
from engine.training.device import choose_device
from engine.training.objective import balanced_weights
from engine.writing.held import held
from engine.writing.whole import whole_file

WEIGHTS: Final = "weights"
ALL_METHODS: Final[dict[str, str]] = {**METHODS, WEIGHTS: "no pictures: a recipe's [loss] section with class weights"}
_TEST_NAMES: Final = ("publictest_", "privatetest_")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    lines = [f"  {name}: {what}" for name, what in (*ALL_METHODS.items(), *SPACES.items())]
    parser.epilog = "methods, then spaces of borderline-smote:\n" + "\n".join(lines)
    add_data_options(parser)
    add_votes_option(parser)
    parser.add_argument("--out", type=Path, required=True, help="folder to make; with --method weights a .toml file")
    parser.add_argument("--method", default="borderline-smote", help=f"{', '.join(ALL_METHODS)} (default: %(default)s)")
    parser.add_argument("--space", help=f"of borderline-smote: {', '.join(SPACES)} (default: pixels)")
    parser.add_argument("--model", help="checkpoint whose features --space features takes")
    parser.add_argument(
        "--neighbours", type=int, default=5, metavar="K", help="partners to draw from (default: %(default)s)"
    )
    parser.add_argument("--size", type=int, metavar="S", help="side of the pictures in pixels (default 48)")
    parser.add_argument("--seed", type=int, default=0, help="of every draw (default: %(default)s)")
    add_device_option(parser, words="for --model: ")
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Balance and report."""
    if arguments.method not in ALL_METHODS:
        raise UnknownNameError("method", arguments.method, ALL_METHODS)
    if not 0 <= arguments.seed < 2**32:
        raise UsageError(f"Expected a --seed from 0 to 4294967295, got {arguments.seed}.")
    if arguments.votes and arguments.dataset != FERPLUS:
        raise UsageError(f"--votes is for ferplus; '{arguments.dataset}' is balanced by its own labels.")
    if arguments.dataset == FERPLUS and arguments.method != WEIGHTS:
        raise UsageError(
            "A made picture has nobody's votes, so a set that holds any cannot be read as ferplus; "
            "take --method weights, or logit_adjustment in a recipe's [loss]."
        )
    space = _space(arguments)
    # The built-in faces lie nowhere; an unknown dataset is left for its loader to refuse.
    kind = KINDS.get(PICTURES_OF.get(arguments.dataset, arguments.dataset))
    place = find_data(arguments.dataset, kind.files, arguments.data) if kind else None
    weights = arguments.method == WEIGHTS
    if weights and arguments.out.suffix != ".toml":
        raise UsageError(f"Expected --out FILE.toml with --method weights, got '{arguments.out.name}'.")
    with held(arguments.out, parents=False):
        if weights:
            check_new_file(arguments.out)
        else:
            refuse_place(arguments.out, place)
        _refuse_test_folder(place)
        dataset = _load(arguments, arguments.size, None)
        _refuse_test_pictures(dataset)
        if weights:
            document = _document(arguments, dataset, None, space)
            _write_weights(arguments.out, dataset, document)
        else:
            document = _balance(arguments, dataset, space)
    if arguments.json:
        print_json(document)
    else:
        _print(document)
    return 0


def _space(arguments: argparse.Namespace) -> str | None:
    """Return the space of borderline SMOTE, None with another method."""
    asked: str | None = arguments.space
    if arguments.method != "borderline-smote":
        if asked or arguments.model:
            raise UsageError(f"--space and --model belong to borderline-smote; leave them out with {arguments.method}.")
        return None
    if asked is not None and asked not in SPACES:
        raise UnknownNameError("space", asked, SPACES)
    if (asked == "features") != bool(arguments.model):
        raise UsageError("--space features and --model NAME go together; give both, or neither.")
    return asked or "pixels"


def _load(arguments: argparse.Namespace, size: int | None, channels: int | None) -> FaceDataset:
    dataset = load_dataset(
        arguments.dataset,
        "train",
        data=arguments.data,
        drop_unknown=arguments.drop_unknown,
        size=size,
        channels=channels,
        votes=VoteChoice(arguments.votes) if arguments.dataset == FERPLUS else None,
    )
    note_skipped(dataset.skipped)
    return dataset


def _refuse_test_folder(place: Path | None) -> None:
    """Refuse a part that is kept apart from training, given as if it were a dataset; and what was balanced before."""
    if place is None:
        return
    part = split_of(place.name)
    if part in TEST_SPLITS or part == "val":
        raise DataError(
            f"'{place.name}' is by its name kept apart from training, and only training pictures are balanced; "
            "point --data at the dataset that it belongs to."
        )
    if is_balanced(place):
        raise DataError(f"'{place.name}' is balanced already; point --data at what it was made of.")


def _refuse_test_pictures(dataset: FaceDataset) -> None:
    for picture_id in dataset.ids:
        if PurePosixPath(picture_id).name.lower().startswith(_TEST_NAMES):
            raise DataError(
                f"'{picture_id}' is by its name a test picture of FER2013, and only training pictures are balanced; "
                "point --data at the whole dataset, with its train and test folders."
            )


def _balance(arguments: argparse.Namespace, dataset: FaceDataset, space: str | None) -> dict[str, Any]:
    with Progress(console=STDERR, disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task("features", total=len(dataset), visible=space == "features")
        points = _features(arguments, dataset, lambda count: bar.advance(task, count)) if space == "features" else None
        plan = plan_balance(
            arguments.method, dataset, points=points, neighbours=arguments.neighbours, seed=arguments.seed
        )
        document = _document(arguments, dataset, plan, space)
        writing = bar.add_task("writing", total=len(dataset) + len(plan))
        pictures: Iterator[UInt8] = made_pictures(dataset, plan, seed=arguments.seed)
        write_balanced(
            arguments.out,
            dataset,
            plan,
            pictures,
            document,
            seed=arguments.seed,
            progress=lambda count: bar.advance(writing, count),
        )
    return document


def _features(arguments: argparse.Namespace, dataset: FaceDataset, progress: Any) -> Float32:
    loaded = load_checkpoint(find_checkpoint(arguments.model), device=choose_device(arguments.device))
    spec = loaded.card.input
    seen = _load(arguments, spec.size, spec.channels)
    if seen.ids != dataset.ids:
        raise DataError("The pictures changed while they were read; run the command again.")
    return penultimate_features(loaded.model, loaded.card, seen.images, progress=progress)


def _document(
    arguments: argparse.Namespace, dataset: FaceDataset, plan: BalancePlan | None, space: str | None
) -> dict[str, Any]:
    before = dataset.class_counts()
    document: dict[str, Any] = {
        "dataset": dataset.name,
        "split": dataset.split,
        "data_fingerprint": dataset.fingerprint,
        "skipped": len(dataset.skipped),
        "method": arguments.method,
        "out": arguments.out.name,
        "before": before,
    }
    if plan is None:
        counts = np.array(list(before.values()), dtype=np.int64)
        weights = balanced_weights(counts).tolist()
        return {
            **document,
            "after": before,
            "weights": {name: round(w, 6) for name, w in zip(before, weights, strict=True)},
        }
    made = np.bincount(dataset.labels[plan.first], minlength=len(dataset.classes)).tolist()
    document |= {
        "seed": arguments.seed,
        "side": int(dataset.images.shape[1]),
        "after": {name: count + more for (name, count), more in zip(before.items(), made, strict=True)},
        "made": len(plan),
        "still_smaller": list(plan.left),
        "empty": [name for name, count in before.items() if not count],
    }
    enhancement = enhancement_of(arguments.dataset, arguments.data)
    if enhancement is not None:  # what is made of enhanced pictures is as enhanced as they are
        document["enhancement"] = enhancement
    if space is not None:
        document |= {
            "neighbours": arguments.neighbours,
            "space": space,
            "space_means": SPACES[space],
            "model": arguments.model and Path(arguments.model).name,
        }
    return document


def _write_weights(out: Path, dataset: FaceDataset, document: dict[str, Any]) -> None:
    """Write the section that has training weigh classes; the numbers are what training computes from these pictures."""
    comments = [
        f"#   {name}: {document['weights'][name]:.6f}  ({count:,} pictures)"
        for name, count in document["before"].items()
    ]
    text = "\n".join(
        [
            f"# Class weights N / (K count) of {len(dataset):,} training pictures of {dataset.name};",
            "# training computes them from the pictures that it is given:",
            *comments,
            "",
            "[loss]",
            'class_weights = "balanced"',
            "",
        ]
    )
    with whole_file(out) as part:
        part.write_text(text, encoding="utf-8")
        check_new_file(out)


def _print(document: dict[str, Any]) -> None:
    made = f"{document['made']:,} pictures made" if "made" in document else "no picture made"
    sys.stdout.write(f"{document['out']}: {made} by {document['method']} from the training split alone\n")
    if "space" in document:
        sys.stdout.write(f"space {document['space']}: {document['space_means']}\n")
    table = Table("class", "before", "after" if "made" in document else "weight")
    for name, count in document["before"].items():
        other = f"{document['after'][name]:,}" if "made" in document else f"{document['weights'][name]:.3f}"
        table.add_row(name, f"{count:,}", other)
    STDERR.print(table)
    for key, why in (("still_smaller", "no picture of it borders on another class"), ("empty", "it has no pictures")):
        for name in document.get(key, ()):
            note(f"'{name}' was left as it was: {why}.")
    if "made" in document:
        note("It holds training pictures only: train with --data OUT --val-data IN; evaluate on IN.")
