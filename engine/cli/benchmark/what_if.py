"""``python -m engine benchmark what-if``: how long an edit of a face takes until answer, gates and Grad-CAM follow."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, Final

from rich.progress import Progress, TaskID
from rich.table import Table

from engine.cli.common import STDERR, add_device_option, add_json_option, note, print_json
from engine.errors import UsageError
from engine.models.checkpoint import DEFAULT_MODEL

REPEATS: Final = 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--model", default=DEFAULT_MODEL, help="checkpoint name or folder (default: %(default)s)")
    parser.add_argument(
        "--picture",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="edit the largest face of this picture, too, for example dashboard/samples/astronaut.jpg",
    )
    parser.add_argument(
        "--repeats", type=int, default=REPEATS, metavar="N", help="edits of each kind (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the edits (default: %(default)s)")
    add_device_option(parser)
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure and report."""
    from engine.benchmarks.what_if import what_if_benchmark
    from engine.predictor import EmotionPredictor

    for option, value, least in (("--repeats", arguments.repeats, 1), ("--seed", arguments.seed, 0)):
        if value < least:
            raise UsageError(f"Expected {option} of {least} or more, got {value}; choose another.")
    predictor = EmotionPredictor(arguments.model, device=arguments.device)
    with Progress(console=STDERR, disable=not sys.stderr.isatty(), transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def tell(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=total)
            bar.update(tasks[name], completed=done)

        document = what_if_benchmark(
            predictor,
            {path.name: path for path in arguments.picture},
            repeats=arguments.repeats,
            seed=arguments.seed,
            progress=tell,
        )
    if arguments.json:
        print_json(document)
    else:
        _print(document)
    return 0


def _print(document: dict[str, Any]) -> None:
    for name, measured in document["pictures"].items():
        edit = measured["edit"]
        sys.stdout.write(
            f"{name}: median {edit['p50_ms']:.1f} ms, 95th percentile {edit['p95_ms']:.1f} ms an edit, n = "
            f"{edit['n']:,} (to stay under: {document['limit_ms']:.0f} ms)\n"
        )
    table = Table("median / p95, ms", *document["pictures"])
    measured = list(document["pictures"].values())
    rows = {"of which editing": [each["of_which_editing"] for each in measured]}
    rows |= {kind: [each["kinds"][kind] for each in measured] for kind in measured[0]["kinds"]}
    rows |= {
        f"table of regions, {fill}": [each["region_table"][fill] for each in measured]
        for fill in measured[0]["region_table"]
    }
    for title, cells in rows.items():
        table.add_row(title, *(f"{cell['p50_ms']:.1f} / {cell['p95_ms']:.1f}" for cell in cells))
    STDERR.print(table)
    note(
        f"{document['model']}, {document['input']} pixels, {document['cores']} cores. An edit: the face is changed, "
        "then answered with every gate and Grad-CAM; the table of regions and drawing are not in it. Times hold for "
        "this machine as busy as it was."
    )
