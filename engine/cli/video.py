"""``python -m engine video``: follow the faces of a film and their emotions; write them onto it and into a table."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rich.progress import Progress

from engine.cli.common import STDERR, add_device_option, add_json_option, note, print_json
from engine.errors import UsageError
from engine.live.annotate import Drawing
from engine.live.frame import OVERLAYS
from engine.live.pipeline import LiveSettings
from engine.live.smoothing import NO_SMOOTHING, Smoothing
from engine.live.video import FILM_SETTINGS, VideoSummary, process_film
from engine.media.faces import film_detector, missing_detector
from engine.media.film_writer import CODECS, check_new
from engine.models.checkpoint import DEFAULT_MODEL
from engine.predictor import EmotionPredictor
from engine.writing.held import held

SMALL_FACES_SIDE: Final = 1920
"""Longer side in pixels of the frames that are searched for small faces."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    usual = Smoothing()
    parser.add_argument("source", metavar="IN", help="a film, a stream's URL, or a camera's index")
    parser.add_argument("--out", type=Path, metavar="FILE", help=f"write the annotated film ({', '.join(CODECS)})")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write a row for each face and frame")
    parser.add_argument("--model", default=DEFAULT_MODEL, help="checkpoint name or folder (default: %(default)s)")
    overlays = "; ".join(f"{name}: {words}" for name, words in OVERLAYS.items())
    parser.add_argument("--overlay", default="none", help=f"{overlays} (default: %(default)s)")
    parser.add_argument("--layer", help="of the overlay (default: the last)")
    parser.add_argument("--opacity", type=float, default=0.55, help="of the overlay, 0 to 1 (default: %(default)s)")
    parser.add_argument(
        "--every",
        type=int,
        default=FILM_SETTINGS.detect_every,
        metavar="N",
        help="look for faces anew every N frames and follow them in between (default: %(default)s)",
    )
    parser.add_argument(
        "--smoothing",
        type=float,
        default=usual.half_life_seconds,
        metavar="S",
        help="half-life of an answer in seconds; 0 shows each frame's own answer (default: %(default)s)",
    )
    parser.add_argument("--seconds", type=float, metavar="S", help="stop after so much of it (a camera has no end)")
    parser.add_argument("--yunet", type=Path, metavar="FILE", help="find faces with this YuNet .onnx file")
    parser.add_argument(
        "--small-faces",
        action="store_true",
        help="look for faces from 24 pixels up, turned ones too, in whole frames; slow, and needs CenterFace",
    )
    add_device_option(parser)
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Process and report."""
    if arguments.out is None and arguments.csv is None and not arguments.json:
        raise UsageError("Expected --out, --csv or --json, got none of them; name what to write.")
    smoothing = NO_SMOOTHING if arguments.smoothing == 0.0 else Smoothing(half_life_seconds=arguments.smoothing)
    settings = LiveSettings(
        overlay=arguments.overlay,
        layer=arguments.layer,
        smoothing=smoothing,
        detect_every=arguments.every,
        detect_side=SMALL_FACES_SIDE if arguments.small_faces else FILM_SETTINGS.detect_side,
        largest_number_of_faces=64 if arguments.small_faces else FILM_SETTINGS.largest_number_of_faces,
    )
    drawing = Drawing(opacity=arguments.opacity)
    detector = film_detector(arguments.yunet, small_faces=arguments.small_faces)
    with (
        _finished_when_killed(),
        held(arguments.out, parents=False),
        held(arguments.csv, parents=False),
        Progress(console=STDERR, disable=not sys.stderr.isatty(), transient=True) as bar,
    ):
        for file in filter(None, (arguments.out, arguments.csv)):
            check_new(file)
        predictor = EmotionPredictor(arguments.model, device=arguments.device, detector=detector)
        whole = predictor.card.domain == "pictures"
        task = bar.add_task("film", total=None)
        summary = process_film(
            predictor,
            predictor.detector,
            arguments.source,
            output=arguments.out,
            table=arguments.csv,
            settings=settings,
            drawing=drawing,
            limit_seconds=arguments.seconds,
            progress=lambda done, expected: bar.update(task, completed=done, total=expected),
        )
    if arguments.json:
        files = [path.name for path in (arguments.out, arguments.csv) if path is not None]
        print_json({**summary.as_dict(), "files": files})
    else:
        sys.stdout.write(_sentence(summary, whole=whole) + "\n")
    for sentence in (*summary.notes, None if whole else missing_detector(detector)):
        if sentence:
            note(sentence)
    return 0


@contextmanager
def _finished_when_killed() -> Iterator[None]:
    """Let SIGTERM end the run as Ctrl-C does, so that the film is finished before the program goes."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _sentence(summary: VideoSummary, *, whole: bool) -> str:
    """Say what was read; ``whole``: the model is not about faces, so that each frame was one picture."""
    if whole:
        return f"{summary.source}: {summary.frames:,} frames, {summary.seconds:.1f} s, each read as one picture"
    faces = f"{summary.tracks} face" + ("" if summary.tracks == 1 else "s")
    share = 100 * summary.frames_with_faces / max(1, summary.frames)
    return (
        f"{summary.source}: {summary.frames:,} frames, {summary.seconds:.1f} s, {faces}; "
        f"{share:.0f} % of the frames show one or more"
    )
