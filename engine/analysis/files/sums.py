"""The sha256 of an analysis's files: its report tells them, and they are compared before a file is used.

An analysis that is older than the sums opens without them; making it again brings them.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import Any, Final

from engine.analysis.files.places import REPORT
from engine.documents import read_document
from engine.errors import DataError
from engine.writing.whole import whole_file

KEY: Final = "sha256"
"""Of the report's entry: file name → hexadecimal digits."""
_KEPT: Final = 256

_known: OrderedDict[tuple[str, int, int], str] = OrderedDict()
_guard = Lock()


def sum_of(file: Path) -> str:
    """Return the sha256 of a file, as hexadecimal digits; of one that has kept its size and time, what it was."""
    found = file.stat()
    key = (str(file.absolute()), found.st_size, found.st_mtime_ns)
    with _guard:
        if key in _known:
            _known.move_to_end(key)
            return _known[key]
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    with _guard:
        _known[key] = digest
        if len(_known) > _KEPT:
            _known.popitem(last=False)
    return digest


def sums_of(folder: Path) -> dict[str, str]:
    """Return the sums of an analysis's files, all but the report's own and hidden ones."""
    files = (file for file in folder.iterdir() if file.is_file() and file.name != REPORT)
    return {file.name: sum_of(file) for file in sorted(files) if not file.name.startswith(".")}


def fits_sum(file: Path) -> bool:
    """Say whether a file is the one that the report beside it tells of; True where the report tells nothing of it.

    Raises:
        OSError: the file cannot be read.
    """
    told = _told(file.parent).get(file.name)
    return told is None or told == sum_of(file)


def check_sum(file: Path, rebuild: str, *, of: str = "") -> None:
    """Compare a file with its report.

    Args:
        file: of an analysis. rebuild: the command that makes it again.
        of: the model's name, for the message.

    Raises:
        DataError: it is another than the report tells of, or cannot be read.
    """
    try:
        fits = fits_sum(file)
    except OSError:
        fits = False
    if not fits:
        whose = f" of '{of}'" if of else ""
        raise DataError(
            f"'{file.parent.name}/{file.name}'{whose} is damaged: it is not the file that its report describes (sha256 "
            f"differs); make it again with: {rebuild}"
        )


def tell_sum(file: Path, *, known: bool = True) -> None:
    """Put the sum of a file into the report beside it, or with ``known`` False take it out: the file is to change.

    Nothing where there is no report, or one that is older than the sums.
    """
    report = file.parent / REPORT
    document = _report(report)
    if document is None or not isinstance(document.get(KEY), dict):
        return
    sums = {name: told for name, told in document[KEY].items() if name != file.name}
    if known:
        sums[file.name] = sum_of(file)
    document[KEY] = dict(sorted(sums.items()))
    with whole_file(report) as part:
        part.write_text(report_text(document), encoding="utf-8")


def report_text(document: dict[str, Any]) -> str:
    """Return a report as the file holds it."""
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _told(folder: Path) -> dict[str, Any]:
    told = (_report(folder / REPORT) or {}).get(KEY)
    return told if isinstance(told, dict) else {}


def _report(file: Path) -> dict[str, Any] | None:
    """Return the report; None where it cannot be read, which is said by those who need what is in it."""
    try:
        document = read_document(file)
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) else None
