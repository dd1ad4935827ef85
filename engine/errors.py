"""Errors that are a person's to mend: one sentence that says what was expected, what came and what to do.

Everything here derives from :class:`FerLensError`; the command line and the pages print its message and never a
traceback. A message names files by their name alone, never by a machine path.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # a line's end, what colours a terminal
LONGEST: Final = 200
"""Characters of a text that came from outside, in a message."""


def shown(text: str) -> str:
    """Return a text from outside as a message bears it: of a long one the beginning and the end."""
    return text if len(text) <= LONGEST else f"{text[: 3 * LONGEST // 4]} … {text[-LONGEST // 4 :]}"


def printable(name: str) -> str:
    r"""Return a file's name as text for one line: bytes that are no UTF-8 as ``\xb5``, a line's end as ``\n``.

    Names out of an old archive are in another encoding; Python keeps their bytes as halves of characters, by which the
    file is opened and which nothing can write.
    """
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), _encodable(name))


def _encodable(name: str) -> str:
    try:
        return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # a half that stands for no byte
        return name.encode("utf-8", "backslashreplace").decode()


class FerLensError(Exception):
    """Base of every error whose message is meant for the person using FERLens; it can always be printed."""

    def __init__(self, message: str = "") -> None:
        super().__init__(_encodable(message))


class UsageError(FerLensError):
    """The request itself makes no sense (exit status 2): an unknown option value, a contradictory pair of options."""


class UnknownNameError(UsageError):
    """A name that is not in a list of choices; the message lists the valid ones."""

    def __init__(self, what: str, name: str, choices: Iterable[str]) -> None:
        self.choices = tuple(choices)
        listed = ", ".join(self.choices) if self.choices else "none"
        super().__init__(f"Unknown {what} '{shown(name)}'; valid: {listed}.")


class PictureError(FerLensError):
    """A picture that cannot be used: not a picture, truncated, empty, too small, too large."""


class NoFaceError(PictureError):
    """A picture in which no face was found, where one is required."""

    def __init__(self, source: str) -> None:
        super().__init__(
            f"No face was found in '{source}', and one is required; choose a picture that shows one larger, or take "
            "the whole picture if it is cut to a face already."
        )


class DataError(FerLensError):
    """A dataset that cannot be read as one: missing folder, unknown class names, no pictures."""


class CheckpointError(FerLensError):
    """A checkpoint that is missing, incomplete, changed since it was written, or does not fit its card."""


class RecipeError(UsageError):
    """A training recipe with an unknown or contradictory entry; the message names the line."""


class FilmError(FerLensError):
    """A film, camera or stream that cannot be read, or a film that cannot be written."""


class StorageError(FerLensError):
    """Something that could not be written because the disk is full; nothing half-written is left of it."""


class BusyError(FerLensError):
    """Another run works in the same folder; ``holder`` says which, as does the message."""

    def __init__(self, holder: str, place: str) -> None:
        self.holder = holder
        super().__init__(f"{holder} works in '{place}'; wait for it to end, or write elsewhere.")


class NetworkFileError(FerLensError):
    """A user's file of a network for enhancing pictures: missing, damaged, or of another architecture than expected."""


class NetworkError(FerLensError):
    """A user's own network that cannot be opened, followed or stored."""


class MissingExtraError(FerLensError):
    """A library of requirements-extras.txt that is not installed; the message says what needs it and how to get it."""

    def __init__(self, library: str, what_for: str) -> None:
        super().__init__(
            f"{what_for} needs {library}, which is not installed; get it with: pip install -r requirements-extras.txt."
        )
