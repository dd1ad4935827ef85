"""``python -m engine benchmark live``: time for a frame of the live pipeline, and how well it tracks."""

from __future__ import annotations

import argparse
import sys
from typing import Any, Final

from rich.progress import Progress, TaskID
from rich.table import Table

from engine.cli.common import STDERR, add_json_option, note, print_json
from engine.inference.live_frame import OVERLAYS

MODEL: Final = "synthetic-cbam"
"""The films show built-in faces, so the usual model is one that knows them."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--model", default=MODEL, help="checkpoint name or folder (default: %(default)s)")
    parser.add_argument("--overlay", default="gate", help=f"{', '.join(OVERLAYS)} (default: %(default)s)")
    parser.add_argument("--layer", help="of the overlay (default: the last)")
    parser.add_argument(
        "--films", default="one,four,crossing", metavar="NAME[,NAME...]", help="of which (default: %(default)s)"
    )
    parser.add_argument(
        "--every", type=int, default=8, metavar="N", help="detect every N frames (default: %(default)s)"
    )
    parser.add_argument("--seconds", type=float, metavar="S", help="only so much of each film")
    parser.add_argument("--device", default="cpu", help="auto, cuda, mps or cpu (default: %(default)s)")
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure and report."""
    from engine.evaluate.live_benchmark import live_benchmark
    from engine.inference.live import LiveSettings
    from engine.inference.predictor import EmotionPredictor

    settings = LiveSettings(overlay=arguments.overlay, layer=arguments.layer, detect_every=arguments.every)
    predictor = EmotionPredictor(arguments.model, device=arguments.device)
    films = tuple(name.strip() for name in arguments.films.split(",") if name.strip())
    with Progress(console=STDERR, disable=not sys.stderr.isatty(), transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def tell(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(f"film '{name}'", total=total)
            bar.update(tasks[name], completed=done)

        document = live_benchmark(predictor, settings=settings, films=films, seconds=arguments.seconds, progress=tell)
    if arguments.json:
        print_json(document)
    else:
        _print(document)
    return 0


def _print(document: dict[str, Any]) -> None:
    for name, film in document["films"].items():
        total = film["milliseconds"]["total"]
        limit = "" if film["limit_ms"] is None else f" (to stay under: {film['limit_ms']:.0f} ms)"
        sys.stdout.write(
            f"{name}: {film['faces']} face{'' if film['faces'] == 1 else 's'}, median {total['median']:.1f} ms, 95th "
            f"percentile {total['p95']:.1f} ms a frame{limit}\n"
        )
    times = Table("median / p95, ms", *document["films"])
    first = next(iter(document["films"].values()))
    for stage in first["milliseconds"]:
        cells = [film["milliseconds"][stage] for film in document["films"].values()]
        times.add_row(stage, *(f"{cell['median']:.1f} / {cell['p95']:.1f}" for cell in cells))
    tracking = Table("tracking", *document["films"])
    rows = [film["tracking"] for film in document["films"].values()]
    tracking.add_row("faces found", *(f"{100 * row['coverage']:.1f} %" for row in rows))
    tracking.add_row("identity switches", *(str(row["identity_switches"]) for row in rows))
    tracking.add_row("true changes a minute", *(f"{row['true_changes_per_minute']:.0f}" for row in rows))
    for kind, words in (("raw", "frame by frame"), ("smoothed", "smoothed"), ("shown", "and held")):
        cells = [row["labels"][kind] for row in rows]
        tracking.add_row(f"label flips a minute, {words}", *(f"{cell['flips_per_minute']:.0f}" for cell in cells))
        tracking.add_row(f"true label, {words}", *(f"{100 * cell['agreement']:.0f} %" for cell in cells))
    STDERR.print(times)
    STDERR.print(tracking)
    note("Times hold for this machine as busy as it was.")
