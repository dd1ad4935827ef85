"""``python -m engine predict``: classify the faces of pictures or folders."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
    print_json,
    shown_search,
)
from engine.errors import FerLensError, printable
from engine.media.faces import default_detector
from engine.media.pictures import pictures_in
from engine.models.checkpoint import DEFAULT_MODEL
from engine.predictor import EmotionPredictor
from engine.records import PicturePrediction
from engine.writing.whole import whole_file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="pictures, or folders of pictures")
    parser.add_argument("--model", default=DEFAULT_MODEL, help="checkpoint name or folder (default: %(default)s)")
    add_face_options(parser)
    add_enhancers_option(parser)
    add_device_option(parser)
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the JSON document there")
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Classify; status 1 if no picture at all could be read."""
    check_face_options(arguments)
    predictor = EmotionPredictor(
        arguments.model,
        device=arguments.device,
        detector=default_detector(arguments.yunet),
        enhancers=arguments.enhancers,
        require_face=arguments.require_face,
    )
    arguments.whole = arguments.whole or predictor.card.domain == "pictures"
    named = list(_files(arguments.paths))
    with Progress(console=STDERR, transient=True, disable=not sys.stderr.isatty()) as bar, shown_search(bar):
        results = [
            (shown, _one(predictor, path, shown, whole=arguments.whole))
            for path, shown in bar.track(named, description="predicting")
        ]
    document = {
        "model": predictor.card.name,
        "results": [_as_dict(shown, result) for shown, result in results],
    }
    if arguments.output is not None:
        try:
            with whole_file(arguments.output) as part:
                part.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        except OSError as error:
            raise FerLensError(
                f"'{arguments.output.name}' cannot be written ({error.strerror}); choose another --output."
            ) from error
    if arguments.json:
        print_json(document)
    else:
        for shown, result in results:
            sys.stdout.write(_sentence(shown, result, whole=arguments.whole) + "\n")
    for shown, result in results:
        for sentence in result.notes:
            note(f"{shown}: {sentence}")
    note_missing_detector(predictor.detector, arguments)
    if not results:
        note("There was no picture in what was given.")
    return 0 if any(result.error is None for _, result in results) else 1


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


def _one(predictor: EmotionPredictor, path: Path, shown: str, *, whole: bool) -> PicturePrediction:
    try:
        return predictor.predict(path, whole=whole, name=shown)
    except FerLensError as error:
        return PicturePrediction(shown, (), str(error))


def _as_dict(shown: str, result: PicturePrediction) -> dict[str, Any]:
    return {
        "source": shown,
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


def _sentence(shown: str, result: PicturePrediction, *, whole: bool) -> str:
    if result.error is not None:
        return f"{shown}: {result.error}"
    words = [
        (NO_FACE if face.box is None and not whole else "")
        + f"{face.prediction.label} {100 * face.prediction.confidence:.0f} %"
        for face in result.faces
    ]
    return f"{shown}: {', '.join(words)}"
