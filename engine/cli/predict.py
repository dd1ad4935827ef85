"""``python -m engine predict``: classify the faces of pictures or folders."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

from rich.progress import Progress

from engine.cli.common import (
    NO_FACE,
    STDERR,
    add_device_option,
    add_enhancers_option,
    add_face_options,
    add_json_option,
    check_face_options,
    note,
    note_missing_detector,
    shown_search,
)
from engine.errors import FerLensError, UsageError, printable
from engine.media.faces import default_detector
from engine.media.pictures import pictures_in
from engine.models.checkpoint import DEFAULT_MODEL
from engine.predictor import EmotionPredictor
from engine.records import PicturePrediction
from engine.writing.whole import whole_file

Tell = Callable[[PicturePrediction], None]
"""Hands one result on."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="pictures, or folders of pictures")
    parser.add_argument("--model", default=DEFAULT_MODEL, help="checkpoint name or folder (default: %(default)s)")
    add_face_options(parser)
    add_enhancers_option(parser)
    add_device_option(parser)
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the JSON document there")
    add_json_option(parser)
    parser.add_argument(
        "--json-lines", action="store_true", help="print one JSON object a picture, each on a line, as they come"
    )


def run(arguments: argparse.Namespace) -> int:
    """Classify; status 1 if no picture at all could be read."""
    check_face_options(arguments)
    if arguments.json and arguments.json_lines:
        raise UsageError("Expected --json or --json-lines, got both; leave one away.")
    predictor = EmotionPredictor(
        arguments.model,
        device=arguments.device,
        detector=default_detector(arguments.yunet),
        enhancers=arguments.enhancers,
        require_face=arguments.require_face,
    )
    arguments.whole = arguments.whole or predictor.card.domain == "pictures"
    named = list(_files(arguments.paths))
    with ExitStack() as stack:
        told: list[Tell] = []
        if arguments.output is not None:
            told.append(_document(predictor.card.name, _opened(arguments.output, stack), stack))
        told.append(_teller(arguments, predictor.card.name, stack))
        read = _tell(predictor, named, told, whole=arguments.whole)
    note_missing_detector(predictor.detector, arguments)
    if not named:
        note("There was no picture in what was given.")
    return 0 if read else 1


def _tell(predictor: EmotionPredictor, named: Sequence[tuple[Path, str]], told: Sequence[Tell], *, whole: bool) -> int:
    """Hand each result on as it comes; return how many pictures could be read."""
    read = 0
    # Lines on a terminal say themselves how far the work is, and a bar would stand in their midst.
    hidden = not sys.stderr.isatty() or sys.stdout.isatty()
    with (
        Progress(console=STDERR, transient=True, disable=hidden, redirect_stdout=False) as bar,
        shown_search(bar),
    ):
        results = predictor.predict_stream(((path, shown) for path, shown in named), whole=whole)
        for result in bar.track(results, total=len(named), description="predicting"):
            for tell in told:
                tell(result)
            for sentence in result.notes:
                note(f"{result.source}: {sentence}")
            read += result.error is None
    return read


def _teller(arguments: argparse.Namespace, model: str, stack: ExitStack) -> Tell:
    """Return what prints a result on stdout: as an item of the document, as a line of JSON, or as a sentence."""
    if arguments.json:
        return _document(model, sys.stdout, stack)

    def line(result: PicturePrediction) -> None:
        said = (
            json.dumps({"model": model, **_as_dict(result)}, ensure_ascii=False, allow_nan=False)
            if arguments.json_lines
            else _sentence(result, whole=arguments.whole)
        )
        sys.stdout.write(said + "\n")
        sys.stdout.flush()

    return line


def _document(model: str, file: TextIO, stack: ExitStack) -> Tell:
    """Begin a JSON document that is written as results come, and ends with ``stack``; return what adds a result."""
    file.write(f'{{\n "model": {json.dumps(model, ensure_ascii=False)},\n "results": [')
    written = 0

    def add(result: PicturePrediction) -> None:
        nonlocal written
        item = json.dumps(_as_dict(result), indent=1, ensure_ascii=False, allow_nan=False)
        file.write(("," if written else "") + "\n  " + item.replace("\n", "\n  "))
        written += 1

    def end(kind: object, *_: object) -> None:
        if kind is None:  # else it stays visibly unfinished
            file.write(("\n " if written else "") + "]\n}\n")

    stack.push(end)
    return add


def _opened(output: Path, stack: ExitStack) -> TextIO:
    """Return a file to write, which takes the place of ``output`` when ``stack`` ends.

    Raises:
        FerLensError: it cannot be written.
    """
    try:
        part = stack.enter_context(whole_file(output))
        return stack.enter_context(part.open("w", encoding="utf-8"))
    except OSError as error:
        raise FerLensError(f"'{output.name}' cannot be written ({error.strerror}); choose another --output.") from error


def _files(paths: list[Path]) -> Iterator[tuple[Path, str]]:
    """Yield (file, shown name) in input order, a folder's pictures sorted and named relative to it."""
    for path in paths:
        if path.is_dir():
            files, others = pictures_in(path)
            for file in files:
                yield file, printable((Path(path.name) / file.relative_to(path)).as_posix())
            if others:
                listed = ", ".join(printable((Path(path.name) / file.relative_to(path)).as_posix()) for file in others)
                note(f"Left out, no pictures ({len(others):,}): {listed}.")
        else:
            yield path, printable(path.name)


def _as_dict(result: PicturePrediction) -> dict[str, Any]:
    return {
        "source": result.source,
        "error": result.error,
        "notes": list(result.notes),
        "faces": [
            {
                "box": None if face.box is None else face.box.as_list(),
                "label": face.prediction.label,
                "confidence": round(face.prediction.confidence, 5),
                "probabilities": {
                    name: round(float(value), 5)
                    for name, value in zip(face.prediction.classes, face.prediction.probabilities, strict=True)
                },
            }
            for face in result.faces
        ],
    }


def _sentence(result: PicturePrediction, *, whole: bool) -> str:
    if result.error is not None:
        return f"{result.source}: {result.error}"
    words = [
        (NO_FACE if face.box is None and not whole else "")
        + f"{face.prediction.label} {100 * face.prediction.confidence:.0f} %"
        for face in result.faces
    ]
    return f"{result.source}: {', '.join(words)}"
