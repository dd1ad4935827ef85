"""``python -m engine benchmark robustness``: how accuracy falls when pictures get worse."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from rich.progress import Progress
from rich.table import Table

from engine.cli.common import (
    STDERR,
    add_data_options,
    add_device_option,
    add_json_option,
    check_new_file,
    note_people,
    note_skipped,
    print_json,
    write_document,
)
from engine.errors import UsageError
from engine.models.checkpoint import DEFAULT_MODEL

DEFAULT_SPLIT: Final[dict[str, str]] = {"fer2013": "private"}
"""Dataset → its split where none is given; else ``test``."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--model", default=DEFAULT_MODEL, help="checkpoint name or folder (default: %(default)s)")
    add_data_options(parser)
    parser.add_argument("--split", help="train, val, test; for fer2013 also public, private (default: as evaluate's)")
    parser.add_argument("--limit", type=int, metavar="N", help="N pictures only, spread evenly over the split")
    parser.add_argument("--seed", type=int, default=0, help="of noise and occlusion (default: %(default)s)")
    add_device_option(parser)
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the JSON document to this new file, too")
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure and report."""
    from engine.data.registry import load_for
    from engine.measure.robustness import CORRUPTIONS, SEVERITIES, robustness
    from engine.measure.split import people_of
    from engine.models.checkpoint import load_checkpoint
    from engine.training.device import choose_device

    for option, value, least in (("--limit", arguments.limit, 1), ("--seed", arguments.seed, 0)):
        if value is not None and value < least:
            raise UsageError(f"Expected {option} of {least} or more, got {value}; choose another.")
    check_new_file(arguments.out)
    loaded = load_checkpoint(arguments.model, device=choose_device(arguments.device))
    split = arguments.split or DEFAULT_SPLIT.get(arguments.dataset, "test")
    dataset = load_for(loaded.card, arguments.dataset, split, data=arguments.data, drop_unknown=arguments.drop_unknown)
    note_skipped(dataset.skipped)
    note_people(dataset, people_of(loaded.card, dataset))
    with Progress(console=STDERR, disable=not sys.stderr.isatty(), transient=True) as bar:
        passes = 1 + len(CORRUPTIONS) * len(SEVERITIES)
        pictures = min(arguments.limit or len(dataset), len(dataset))
        task = bar.add_task(f"{loaded.card.name} on {split}, {passes} times", total=passes * pictures)
        report = robustness(
            loaded.model,
            loaded.card,
            dataset,
            limit=arguments.limit,
            seed=arguments.seed,
            progress=lambda count: bar.advance(task, count),
        )
    document = report.as_dict()
    if arguments.out is not None:
        write_document(arguments.out, document)
    if arguments.json:
        print_json(document)
        return 0
    clean = report.clean
    sys.stdout.write(
        f"{report.model} on {report.dataset} {report.split} (n = {report.pictures:,}): accuracy "
        f"{100 * (clean.mean or 0):.1f} % ({100 * (clean.low or 0):.1f}-{100 * (clean.high or 0):.1f}) as they are\n"
    )
    table = Table("accuracy, % at severity", *map(str, SEVERITIES), "mean")
    for name in CORRUPTIONS:
        shares = [row.accuracy.mean or 0.0 for row in report.rows if row.corruption == name]
        table.add_row(name, *(f"{100 * share:.1f}" for share in shares), f"{100 * report.mean_accuracy(name):.1f}")
    STDERR.print(table)
    return 0
