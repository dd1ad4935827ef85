"""What commands share: data options, JSON on stdout, progress and notes on stderr.

A JSON document into a new file: refused before the work where it cannot be written, complete or absent after it.
"""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.progress import Progress

from engine.data.dataset import left_out_words
from engine.data.votes.file import VOTES_VARIABLE
from engine.errors import UsageError
from engine.measure.split import MIRROR, SINGLE, TTA
from engine.media.centerface import watching
from engine.media.faces import missing_detector
from engine.writing.whole import whole_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.data.dataset import FaceDataset, SkippedFile
    from engine.data.people import People
    from engine.media.faces import FaceDetector

STDERR = Console(stderr=True, highlight=False)

NO_FACE: Final = "no face found; of the whole picture: "
"""What stands before the answer to a scene."""
_MANY_LOOKS: Final = 4
"""Looks at a picture from which their progress is shown."""


def add_data_options(
    parser: argparse.ArgumentParser, *, dataset: str | None = "fer2013", several: bool = False
) -> None:
    """Add ``--dataset``, ``--data``, ``--codes`` and ``--drop-unknown``.

    With ``several`` the first two may be given again; they are then lists, or None.
    """
    action = "append" if several else "store"
    parser.add_argument(
        "--dataset",
        default=dataset,
        action=action,
        help="fer2013, ferplus, ckplus, affectnet, rafdb, samm, jaffe, kdef, synthetic or folder "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--data",
        type=Path,
        action=action,
        help="folder, .zip, .tar.* or .csv with the pictures (default: the variable FERLENS_DATA, else data/)",
    )
    parser.add_argument(
        "--codes",
        help="what class folders mean that are named by numbers: affectnet, rafdb, fer2013, alphabetical, or "
        "0=neutral,1=happy,...; DATASET:CODES;DATASET:CODES for several (default: the variable FERLENS_CODES, else as "
        "the dataset was published)",
    )
    parser.add_argument("--drop-unknown", action="store_true", help="leave out classes that the vocabulary lacks")


def add_votes_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--votes``."""
    parser.add_argument(
        "--votes",
        type=Path,
        metavar="CSV",
        help="FER+'s fer2013new.csv, what ten people saw in each picture of FER2013 (default: the variable "
        f"{VOTES_VARIABLE}, else beside the pictures; from github.com/microsoft/FERPlus)",
    )


def add_face_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--whole``, ``--require-face`` and ``--yunet``."""
    parser.add_argument("--whole", action="store_true", help="take the whole picture; look for no face")
    parser.add_argument(
        "--require-face",
        action="store_true",
        help="refuse a picture in which no face is found, instead of answering of the whole of it",
    )
    parser.add_argument("--yunet", type=Path, metavar="FILE", help="find faces with this YuNet .onnx file")


def check_face_options(arguments: argparse.Namespace) -> None:
    """Refuse options that exclude each other.

    Raises:
        UsageError: --whole and --require-face.
    """
    if arguments.whole and arguments.require_face:
        raise UsageError("Expected --whole or --require-face, got both; leave one away.")


def note_missing_detector(detector: FaceDetector, arguments: argparse.Namespace) -> None:
    """Say how more faces could be found, where faces were looked for without the best detector."""
    sentence = missing_detector(detector)
    if sentence and not arguments.whole:
        note(sentence)


@contextmanager
def shown_search(bar: Progress) -> Iterator[None]:
    """Show on ``bar`` how far the search for faces in a large picture is; a small one is searched in a moment."""
    task = bar.add_task("looking for faces", total=None, visible=False)

    def show(done: int, total: int) -> None:
        bar.update(task, completed=done, total=total, visible=_MANY_LOOKS < total > done)

    with watching(show):
        yield


def add_enhancers_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--enhancers``."""
    parser.add_argument(
        "--enhancers",
        type=Path,
        metavar="FOLDER",
        help="holds the network files by which the model's training pictures were enhanced, if they were (default: the "
        "variable FERLENS_ENHANCERS)",
    )


def add_views_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--tta`` and ``--mirror``, of which one may be given; ``views`` is a key of ``VIEWS``."""
    parser.set_defaults(views=SINGLE)
    one = parser.add_mutually_exclusive_group()
    one.add_argument(
        "--tta",
        dest="views",
        action="store_const",
        const=TTA,
        help="ten crops (corners and centre, mirrored too) instead of a single view",
    )
    one.add_argument(
        "--mirror",
        dest="views",
        action="store_const",
        const=MIRROR,
        help="the picture and its mirror image instead of a single view",
    )


def add_device_option(parser: argparse.ArgumentParser, default: str | None = "cpu", *, words: str = "") -> None:
    """Add ``--device``.

    Args:
        parser: gets it.
        default: ``auto``, ``cpu``, or None where the command has a default of its own, which ``words`` say.
        words: what it is for, before the choices.
    """
    said = {"cpu": " (default: cpu)", "auto": " (default: the first that is there)"}.get(default or "", "")
    parser.add_argument("--device", default=default, help=f"{words}auto, cuda, mps or cpu{said}")


def add_trust_option(parser: argparse.ArgumentParser, *, words: str = "") -> None:
    """Add ``--trust-code``; ``words`` say more."""
    parser.add_argument(
        "--trust-code",
        metavar="NAME",
        action="append",
        default=[],
        help="a live network (import --live) whose code may run, as NAME or NAME@SHA256; may be repeated" + words,
    )


def add_json_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--json``."""
    parser.add_argument("--json", action="store_true", help="print one JSON document on stdout, all else on stderr")


def print_json(document: Any) -> None:
    """Print one JSON document on stdout."""
    sys.stdout.write(json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def note(text: str) -> None:
    """Say something on stderr."""
    STDERR.print(text, soft_wrap=True, markup=False)


def note_skipped(skipped: Sequence[SkippedFile]) -> None:
    """Say on stderr what of a dataset is left out, and why; nothing where all of it is there."""
    if skipped:
        note(left_out_words(skipped))


def note_people(dataset: FaceDataset, people: People | None = None) -> None:
    """Say on stderr whether a split keeps people apart; ``people`` where the model's card says more."""
    note(f"{dataset.name} {dataset.split}: {(people or dataset.people).in_words()}.")


def check_new_file(out: Path | None, *, overwrite: bool = False) -> None:
    """Refuse what could not be written after the work.

    Raises:
        UsageError: the file is there already (and ``overwrite`` does not allow it), or its folder is not.
    """
    if out is None:
        return
    if out.exists() and not overwrite:
        raise UsageError(f"'{out.name}' exists already; choose another --out, or remove it first.")
    if not out.parent.is_dir():
        raise UsageError(f"The folder '{out.parent.name}' for --out does not exist; make it, or choose another --out.")


def write_document(out: Path, document: dict[str, Any], *, overwrite: bool = False) -> None:
    """Write the document beside its place and rename it, so that it is complete or absent."""
    with whole_file(out) as part:
        text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
        part.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")
        check_new_file(out, overwrite=overwrite)  # again: another run may have been quicker
