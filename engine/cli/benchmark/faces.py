"""``python -m engine benchmark faces``: how quickly the built-in faces are drawn."""

from __future__ import annotations

import argparse
import os
import sys
import time

from engine.cli.common import STDERR, add_json_option, print_json
from engine.data.drawn import SPLIT_COUNTS, draw_range
from engine.errors import UsageError
from engine.synthetic import draw


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    most = SPLIT_COUNTS["train"]
    parser.add_argument("--count", type=int, default=4_000, help=f"faces to draw, 1 to {most:,} (default: %(default)s)")
    parser.add_argument("--size", type=int, default=48, help="their side in pixels (default: %(default)s)")
    parser.add_argument("--channels", type=int, default=1, help="1 for grey, 3 for RGB (default: %(default)s)")
    parser.add_argument("--workers", type=int, help="processes that draw (default: one a core)")
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Draw, with the start of the drawing processes in the time, and report; nothing is kept."""
    cores = os.cpu_count() or 1
    count, workers = arguments.count, cores if arguments.workers is None else arguments.workers
    for option, value, most in (("--count", count, SPLIT_COUNTS["train"]), ("--workers", workers, 64)):
        if not 1 <= value <= most:
            raise UsageError(f"Expected {option} of 1 to {most:,}, got {value}; choose another.")
    draw(0, 0, arguments.size, arguments.channels)  # says what is wrong with either before processes start
    with STDERR.status("drawing") as status:
        begun = time.perf_counter()
        draw_range(
            "train",
            0,
            count,
            arguments.size,
            arguments.channels,
            workers=workers,
            progress=lambda done, wanted: status.update(f"drawing: {done:,} of {wanted:,}"),
        )
        seconds = time.perf_counter() - begun
    document = {
        "benchmark": "faces",
        "count": count,
        "size": arguments.size,
        "channels": arguments.channels,
        "workers": workers,
        "cores": cores,
        "seconds": seconds,
        "pictures_per_second": count / seconds,
    }
    if arguments.json:
        print_json(document)
    else:
        sys.stdout.write(
            f"{count:,} faces of {arguments.size} pixels in {seconds:.1f} s with {workers} processes on {cores} cores: "
            f"{count / seconds:.0f} pictures/s\n"
        )
    return 0
