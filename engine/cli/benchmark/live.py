"""``python -m engine benchmark live``: time for a frame of the live pipeline, how well it tracks, how it lasts."""

from __future__ import annotations

import argparse
import sys
from typing import Any, Final

from rich.progress import Progress, TaskID
from rich.table import Table

from engine.cli.common import STDERR, add_device_option, add_json_option, note, print_json
from engine.errors import UsageError
from engine.live.frame import OVERLAYS

MODEL: Final = "synthetic-cbam"
"""The films show built-in faces, so the usual model is one that knows them."""
FILMS: Final = "one,four,crossing"
ENDURANCE_FILMS: Final = "one"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--model", default=MODEL, help="checkpoint name or folder (default: %(default)s)")
    parser.add_argument("--overlay", default="gate", help=f"{', '.join(OVERLAYS)} (default: %(default)s)")
    parser.add_argument("--layer", help="of the overlay (default: the last)")
    parser.add_argument(
        "--films",
        metavar="NAME[,NAME...]",
        help=f"of which (default: {FILMS}; with --minutes: {ENDURANCE_FILMS})",
    )
    parser.add_argument(
        "--every", type=int, default=8, metavar="N", help="detect every N frames (default: %(default)s)"
    )
    parser.add_argument("--seconds", type=float, metavar="S", help="only so much of each film")
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="other people, expressions and sway (default: %(default)s)"
    )
    parser.add_argument(
        "--minutes",
        type=float,
        metavar="M",
        help="repeat each film for so long instead, at a camera's pace: do time and memory grow?",
    )
    parser.add_argument("--fast", action="store_true", help="with --minutes: as fast as it goes")
    add_device_option(parser)
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure and report."""
    from engine.benchmarks.live import live_benchmark, live_endurance
    from engine.live.pipeline import LiveSettings
    from engine.predictor import EmotionPredictor

    minutes: float | None = arguments.minutes
    if minutes is None and arguments.fast:
        raise UsageError("Expected --fast together with --minutes, got it alone; add --minutes 10, or leave it out.")
    if minutes is not None and (arguments.seconds is not None or arguments.seed):
        raise UsageError("Expected --minutes without --seconds and --seed, got both; leave one out.")
    settings = LiveSettings(overlay=arguments.overlay, layer=arguments.layer, detect_every=arguments.every)
    predictor = EmotionPredictor(arguments.model, device=arguments.device)
    named = (FILMS if minutes is None else ENDURANCE_FILMS) if arguments.films is None else arguments.films
    films = tuple(name.strip() for name in named.split(",") if name.strip())
    with Progress(console=STDERR, disable=not sys.stderr.isatty(), transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def tell(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(f"film '{name}'", total=total)
            bar.update(tasks[name], completed=done)

        if minutes is None:
            document = live_benchmark(
                predictor,
                settings=settings,
                films=films,
                seconds=arguments.seconds,
                seed=arguments.seed,
                progress=tell,
            )
        else:
            document = live_endurance(
                predictor,
                settings=settings,
                films=films,
                minutes=minutes,
                at_camera_pace=not arguments.fast,
                progress=tell,
            )
    if arguments.json:
        print_json(document)
    elif minutes is None:
        _print(document)
    else:
        _print_endurance(document)
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


def _print_endurance(document: dict[str, Any]) -> None:
    for name, film in document["films"].items():
        pace = film["frames_per_second"]
        first, last = film["first_minute"], film["last_minute"]
        time, memory = film["milliseconds_slope"], film["memory_mib_slope"]
        sys.stdout.write(
            f"{name}: {film['seconds'] / 60:.1f} minutes "
            + ("as fast as it goes" if pace is None else f"at {pace:g} frames a second")
            + f", {film['frames']:,} frames, {film['dropped']:,} dropped\n"
            f"  first minute: median {first['median_ms']:.1f} ms, 95th percentile {first['p95_ms']:.1f} ms, "
            f"{first['memory_mib']:.0f} MiB\n"
            f"  last minute:  median {last['median_ms']:.1f} ms, 95th percentile {last['p95_ms']:.1f} ms, "
            f"{last['memory_mib']:.0f} MiB\n"
            f"  a minute adds {_change(time)} ms and {_change(memory)} MiB ({document['memory']}), 95 % interval over "
            f"{time['windows']} windows\n"
        )
    note("Times hold for this machine as busy as it was.")


def _change(slope: dict[str, Any]) -> str:
    low, high = slope["interval"]
    return f"{slope['per_minute']:+.3f} ({low:+.3f} to {high:+.3f})"
