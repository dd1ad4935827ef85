"""``explain PICTURES... --methods a,b --sheet out.pdf``: a few pictures through methods on a sheet for a paper."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from rich.progress import Progress

from engine.cli.common import STDERR, note, print_json, shown_search
from engine.data.read.samm import FRAMES
from engine.errors import UnknownNameError, UsageError, printable
from engine.explain.methods.method import Setup
from engine.explain.target import Target
from engine.predict.bundle import describe
from engine.predict.paper_sheet import (
    FORMATS,
    MOST_PICTURES,
    SHEET_SCALES,
    PaperSheet,
    caption,
    check_count,
    sheet_bytes,
)
from engine.predictor import EmotionPredictor
from engine.writing.whole import write_files


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of a sheet."""
    parser.add_argument(
        "--sheet",
        type=Path,
        metavar="FILE",
        help=f"instead of a folder, one sheet for a paper of 1 to {MOST_PICTURES} pictures through every method: "
        f".{', .'.join(FORMATS)} (300 dots an inch), its caption beside it as .txt",
    )
    parser.add_argument(
        "--sheet-scale",
        default=SHEET_SCALES[0],
        metavar="SCALE",
        help="of a sheet: shared (one range a method) or own (one a map) (default: %(default)s)",
    )


def check_options(arguments: argparse.Namespace) -> None:
    """Raise where the options of a sheet make no sense, before anything is loaded."""
    if arguments.sheet is None:
        return
    form = arguments.sheet.suffix.lower().removeprefix(".")
    if form not in FORMATS:
        raise UsageError(
            f"Expected --sheet as a file that ends with .{', .'.join(FORMATS)}, got "
            f"'{printable(arguments.sheet.name)}'; name another."
        )
    if arguments.sheet_scale not in SHEET_SCALES:
        raise UnknownNameError("scale", arguments.sheet_scale, SHEET_SCALES)
    check_count(len(arguments.images))
    for given, name in ((arguments.trust, "--trust"), (arguments.sanity, "--sanity"), (arguments.out, "--out")):
        if given:
            raise UsageError(f"A sheet has no place for {name}; leave it out, or --sheet.")
    if arguments.clips != FRAMES:
        raise UsageError("A sheet takes single pictures; leave --clips out, or --sheet.")


def write_sheet(
    predictor: EmotionPredictor,
    arguments: argparse.Namespace,
    methods: tuple[str, ...],
    setups: Mapping[str, Setup],
    target: Target,
) -> int:
    """Explain every picture, write the sheet and its caption, print."""
    pictures = []
    with Progress(console=STDERR, transient=True, disable=not sys.stderr.isatty()) as bar, shown_search(bar):
        task = bar.add_task("explaining", total=len(arguments.images))
        for image in arguments.images:
            explained = predictor.explain(
                image,
                layer=arguments.layer,
                target=target,
                truth=arguments.true,
                method=methods,
                setup=setups,
                face=arguments.face,
                whole=arguments.whole,
            )
            pictures.append((printable(image.name), explained))
            bar.advance(task)
    sheet = PaperSheet(tuple(pictures), arguments.sheet_scale)
    file: Path = arguments.sheet
    said, form = caption(sheet), file.suffix.lower().removeprefix(".")
    files = {file.name: sheet_bytes(sheet, form), f"{file.stem}.txt": f"{said}\n".encode()}
    try:
        write_files(file.parent, files)
    except OSError as error:
        raise UsageError(
            f"'{printable(file.name)}' cannot be written ({error.strerror}); choose another --sheet."
        ) from error
    if arguments.json:
        print_json(
            {
                "files": list(files),
                "caption": said,
                "scale": sheet.scale,
                "pictures": [{"source": name, **describe(explained)} for name, explained in pictures],
            }
        )
        return 0
    sys.stdout.write(f"{said}\n")
    note(f"{file.name} and its caption, {file.stem}.txt")
    return 0
