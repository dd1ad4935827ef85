"""One run at a time in a work folder, or at an output file: the second one says who holds it.

The lock is ``.<name>.lock`` beside the folder, which need not be there yet.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from engine.documents import BAD_VALUES, read_document
from engine.errors import BusyError, FerLensError
from engine.writing.lock import HeldError, taken
from engine.writing.whole import clear_left

_LONGEST: Final = 120
"""Of a command, in characters, in a message."""


@contextmanager
def held(out: Path | None, *, parents: bool = True) -> Iterator[None]:
    """Be the only run that works at ``out``, and remove what a killed one left there; nothing where it is None.

    Args:
        out: a folder or file, there or not. Take it before it is looked whether ``out`` is there.
        parents: the folders above it are made where they are not there, and go again where nothing came into them; else
            nothing is held without them, and it is the caller's to say that they are missing.

    Raises:
        BusyError: another run holds it. FerLensError: nothing can be written there.
    """
    if out is None:
        yield
        return
    place = out.resolve()  # two names of one folder are one folder
    if not (parents or place.parent.is_dir()):
        yield
        return
    lock = place.with_name(f".{place.name}.lock")
    with _parents(place) as make, contextlib.ExitStack() as stack:
        try:
            try:
                stack.enter_context(taken(lock, wait=False, says=json.dumps(_ourselves())))
            except FileNotFoundError:  # another run, whose it was, has removed the folder meanwhile
                make()
                stack.enter_context(taken(lock, wait=False, says=json.dumps(_ourselves())))
        except HeldError as error:
            raise BusyError(_holder(lock), place.name) from error
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise FerLensError(
                f"Nothing can be written beside '{place.name}' ({reason}); mend that, or write elsewhere."
            ) from error
        clear_left(place)
        yield


@contextmanager
def _parents(place: Path) -> Iterator[Callable[[], None]]:
    missing = [folder for folder in place.parents if not folder.exists()]

    def make() -> None:
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FerLensError(
                f"The folder '{place.parent.name}' for '{place.name}' cannot be made ({error.strerror}); write "
                "elsewhere."
            ) from error

    make()
    try:
        yield make
    finally:
        for folder in missing:  # the innermost first
            with contextlib.suppress(OSError):  # something came into it, or another run removed it
                folder.rmdir()


def _ourselves() -> dict[str, str | int]:
    now = datetime.now().astimezone()
    return {"pid": os.getpid(), "command": _command(), "since": now.isoformat(" ", "seconds")}


def _command() -> str:
    """Return the command line without the folders of any path in it."""
    program, *words = sys.argv or ["python"]
    name = Path(program).parent.name if Path(program).name == "__main__.py" else Path(program).name
    shown = " ".join([name, *(Path(word).name if os.sep in word else word for word in words)])
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."


def _holder(lock: Path) -> str:
    """Say who holds a lock: Process 17 (engine train --recipe cbam, since 2026-11-30 05:45:00+00:00)."""
    try:
        said = read_document(lock)
        command = "".join(c for c in str(said["command"]) if c.isprintable())[: _LONGEST + 3]
        return f"Process {int(said['pid'])} ({command}, since {str(said['since'])[:40]})"
    except (OSError, *BAD_VALUES):  # it has only just begun, or could not write
        return "Another run"
