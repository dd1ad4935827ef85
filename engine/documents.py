"""JSON documents that others may have written: of bounded size and depth, or a ValueError that says what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

Record = TypeVar("Record")

MAX_BYTES: Final = 64 * 2**20
MAX_DEPTH: Final = 64
"""Levels of lists and objects; our own have eight. Deeper ones parse, and then end the recursion of who copies them."""

BAD_VALUES: Final = (AttributeError, LookupError, TypeError, ValueError, ArithmeticError, RecursionError)
"""What taking a document's values raises where one is missing, of another kind or out of range."""


class DocumentError(ValueError):
    """A document that cannot be read; the message is the reason alone, and names no file."""


def read_document(path: Path) -> Any:
    """Return the JSON value in the file ``path``.

    Raises:
        FileNotFoundError: there is no such file.
        DocumentError: it cannot be read, is too large, or is no JSON of bearable depth.
    """
    try:
        if not path.is_file():  # a pipe would be waited for
            path.stat()  # raises where there is nothing
            raise DocumentError("it is no ordinary file")
        if path.stat().st_size > MAX_BYTES:
            raise DocumentError(f"it is larger than {MAX_BYTES // 2**20} MB")
        data = path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise DocumentError(f"it cannot be read ({(error.strerror or 'the system refused').lower()})") from error
    return parse_document(data)


def parse_document(text: str | bytes) -> Any:
    """Return the JSON value that ``text`` holds. Raises DocumentError."""
    try:
        document = json.loads(text.decode("utf-8") if isinstance(text, bytes) else text)
    except RecursionError as error:
        raise DocumentError("it is nested too deeply") from error
    except ValueError as error:  # of UTF-8, of JSON, or of a number with thousands of digits
        raise DocumentError("it is no whole JSON document") from error
    level = [document]
    for _ in range(MAX_DEPTH):
        level = [inner for value in level if isinstance(value, dict | list) for inner in _inside(value)]
        if not level:
            return document
    raise DocumentError("it is nested too deeply")


def _inside(value: dict[str, Any] | list[Any]) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value


def read_stored(
    path: Path, read: Callable[[Any], Record], fault: Callable[[Record], str], broken: Callable[[str], Exception]
) -> Record | None:
    """Return the record that the file ``path`` holds; None where there is no such file.

    Args:
        path: a JSON file.
        read: makes the record; whatever a damaged document makes it raise is one sentence here.
        fault: says what else is wrong with the record (it is another model's, say), or nothing.
        broken: makes the error of what is wrong.

    Raises:
        Exception: ``broken``, with what is wrong.
    """
    try:
        record = read(read_document(path))
    except FileNotFoundError:
        return None
    except DocumentError as error:
        raise broken(str(error)) from error
    except BAD_VALUES as error:
        raise broken(f"it is damaged ({type(error).__name__}: {error})") from error
    if wrong := fault(record):
        raise broken(wrong)
    return record
