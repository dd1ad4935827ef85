"""``python -m engine audit``: a dataset's copies, leaks between splits, conflicting labels, blanks, suspect labels."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table

from engine.analysis.audited import judge
from engine.cli.common import (
    STDERR,
    add_data_options,
    add_json_option,
    add_votes_option,
    note,
    note_skipped,
    print_json,
)
from engine.cli.votes import suspicion_sentences, votes_at_hand
from engine.data.audit.audit import audit, audit_document
from engine.data.audit.groups import MOST_BITS, NEAR_BITS
from engine.data.audit.source import read_pictures
from engine.data.votes.ferplus import FERPLUS
from engine.errors import UsageError
from engine.writing.whole import whole_file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_data_options(parser)
    parser.add_argument(
        "--model", help="also: likely wrong labels and accuracy without copies, from this checkpoint's stored analysis"
    )
    add_votes_option(parser)
    parser.add_argument(
        "--near-bits",
        type=int,
        default=NEAR_BITS,
        metavar="B",
        help=f"bits of 64 that may differ in each hash of a near copy, 0 to {MOST_BITS} (default: %(default)s)",
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the JSON document, with all ids, to a file")
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Audit and report."""
    votes = None
    if arguments.votes and not arguments.model and arguments.dataset != FERPLUS:
        raise UsageError("--votes changes nothing here; give --model too, or --dataset ferplus.")
    if arguments.model:  # before the pictures are read
        votes = votes_at_hand(arguments.dataset, arguments.votes, arguments.data)
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        console=STDERR,
        disable=not sys.stderr.isatty(),
        transient=True,
    ) as bar:
        task = bar.add_task(f"reading {arguments.dataset}", total=None)
        pictures = read_pictures(
            arguments.dataset,
            data=arguments.data,
            drop_unknown=arguments.drop_unknown,
            votes=arguments.votes if arguments.dataset == FERPLUS else None,
            progress=lambda done: bar.update(task, description=f"reading {arguments.dataset}: {done:,} pictures"),
        )
        bar.update(task, description=f"comparing {len(pictures):,} pictures")
        found = audit(pictures, near_bits=arguments.near_bits)
    document = audit_document(found)
    if arguments.model:
        document["model"] = judge(found, arguments.model, votes=votes).as_dict()
    note_skipped(pictures.skipped)
    if arguments.out:
        with whole_file(arguments.out) as part:
            part.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        note(f"Written to {arguments.out.name}.")
    if arguments.json:
        print_json(document)
    else:
        _print(document)
    return 0


def _print(document: dict[str, Any]) -> None:
    exact, near = document["exact"], document["near"]
    lines = [
        f"{document['dataset']}: {document['pictures']:,} pictures, {document['distinct']:,} distinct",
        _copies(f"exact copies: {exact['groups']:,} groups of {exact['pictures']:,} pictures", exact),
        _copies(
            f"near copies (at most {near['bits']} of 64 bits in both hashes): {near['groups']:,} groups of "
            f"{near['distinct_pictures']:,} distinct pictures",
            near,
        ),
        f"blank: {len(document['blank']):,}",
    ]
    for part, count in document["clean"].items():
        lines.append(
            f"{part}: {count['n']:,} pictures, {count['exact_copy_in_train']:,} with an exact copy in the training "
            f"set, {count['near_copy_in_train']:,} more with a near one"
        )
    lines += [f"conclusion: {sentence}" for sentence in document["conclusion"]]
    lines += [f"not looked for: {what} ({why})" for what, why in document["not_looked_for"].items()]
    if "model" in document:
        model = document["model"]
        lines.append(
            f"{model['model']} finds {model['suspected']:,} labels of {model['judged']:,} likely wrong (confident "
            f"learning on {', '.join(model['out_of_sample_splits'])}, which did not train it)"
        )
        if "people" in model:
            lines += suspicion_sentences(model["people"])
    sys.stdout.write("\n".join(lines) + "\n")
    table = Table("split", *document["classes"], "all")
    for split, counts in document["balance"].items():
        table.add_row(split, *(f"{count:,}" for count in counts.values()), f"{sum(counts.values()):,}")
    STDERR.print(table)
    if "model" in document:
        _print_accuracies(document["model"]["accuracy"])


def _copies(start: str, groups: dict[str, Any]) -> str:
    return (
        f"{start}, {groups['conflicting_labels']:,} with conflicting labels; {groups['straddling_train_and_other']:,} "
        f"between the training set and another part, {groups['straddling_any_two_parts']:,} between any two parts"
    )


def _print_accuracies(accuracies: dict[str, Any]) -> None:
    table = Table("split", "accuracy on", "n", "accuracy (95 %)")
    for split, shares in accuracies.items():
        for which, share in shares.items():
            interval = share["interval"]
            said = (
                f"{100 * share['accuracy']:.1f} % ({100 * interval[0]:.1f}-{100 * interval[1]:.1f})"
                if interval
                else "-"
            )
            table.add_row(split, which.replace("_", " "), f"{share['n']:,}", said)
    STDERR.print(table)
