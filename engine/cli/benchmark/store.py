"""``python -m engine benchmark store``: how quickly the analysis store answers the dashboard."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.table import Table

from engine.cli.common import STDERR, add_json_option, print_json
from engine.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--rows", type=int, default=1_000_000, help="pictures of the store (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=40, help="times that each query is asked (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the rows and the queries (default: %(default)s)")
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Generate, ask, report."""
    from engine.benchmarks.store import store_benchmark

    for option, value, least in (
        ("--rows", arguments.rows, 1_000),
        ("--repeats", arguments.repeats, 1),
        ("--seed", arguments.seed, 0),
    ):
        if value < least:
            raise UsageError(f"Expected {option} of {least:,} or more, got {value}; choose another.")
    with (
        tempfile.TemporaryDirectory(prefix="ferlens-store-") as folder,
        STDERR.status("starting") as status,
    ):
        document = store_benchmark(
            Path(folder),
            rows=arguments.rows,
            repeats=arguments.repeats,
            seed=arguments.seed,
            progress=status.update,
        )
    if arguments.json:
        print_json(document)
    else:
        _print(document)
    return 0


def _print(document: dict[str, Any]) -> None:
    slowest = max(row["p95_ms"] for row in document["queries"].values())
    sys.stdout.write(
        f"{document['rows']:,} pictures, {document['models']} models, {document['cores']} cores: every query within "
        f"{slowest:.0f} ms at the 95th percentile\n"
    )
    table = Table("query", "p50 ms", "p95 ms")
    for name, row in document["queries"].items():
        table.add_row(name, f"{row['p50_ms']:.1f}", f"{row['p95_ms']:.1f}")
    STDERR.print(table)
