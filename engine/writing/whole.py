"""Files and folders that are complete or absent, whatever ends the work: written beside their place, then renamed.

What is being written is called ``.<name>.part``, and locked meanwhile. So what has that name and is not locked was left
by a run that was killed, and goes when the same thing is written, or begun, again.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from engine.errors import StorageError
from engine.writing.lock import HeldError, taken

_PART: Final = ".part"
_LOCK: Final = ".lock"
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NUMBER: Final = re.compile(r"os error (\d+)")
"""How libraries written in Rust say which error of the system it was."""
_SHORT: Final = re.compile(r"\d+ requested and \d+ written")
"""What NumPy says when the disk took no more, without the system's reason."""


def part_of(path: Path) -> Path:
    """Return where ``path`` is written at first: beside it, hidden, with the same ending."""
    return path.with_name(f".{path.stem}{_PART}{path.suffix}")


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield where to write a file that then takes the place of ``path``; where the block raises, ``path`` stays.

    Raises:
        StorageError: the disk is full. OSError: another reason of the system.
    """
    if path.exists() and not path.is_file():  # a device or a pipe, which has no place to take
        yield path
        return
    path = path.resolve() if path.is_symlink() else path
    part = part_of(path)
    with says_full(path), taken(_lock_of(part), wait=True):
        _remove(part)
        try:
            yield part
            part.replace(path)
        finally:
            _remove(part)


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files of a folder, which is made where it is not there: all of them whole, or none is touched.

    Raises:
        StorageError: the disk is full. OSError: another reason of the system.
    """
    made = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with ExitStack() as stack:
            parts = {name: stack.enter_context(whole_file(folder / name)) for name in files}
            for name, data in files.items():
                with says_full(folder / name):
                    parts[name].write_bytes(data)
    except BaseException:
        if made:
            shutil.rmtree(folder, ignore_errors=True)
        raise


@contextmanager
def whole_folder(out: Path, *, replace: bool = False) -> Iterator[Path]:
    """Yield a new folder that then takes the name ``out``; where the block raises, all is as it was.

    Args:
        out: beside it there must be room for another folder.
        replace: put it in the place of a folder that is there; else that is an OSError.

    Raises:
        StorageError: the disk is full. OSError: another reason of the system.
    """
    part = part_of(out)
    with says_full(out), taken(_lock_of(part), wait=True):
        _clear(out)
        part.mkdir()
        try:
            yield part
            if replace and out.exists():
                out.replace(_old(out))
            part.replace(out)
        finally:
            _clear(out)


def remove_folder(folder: Path) -> None:
    """Remove a folder: it is gone under its name at once, and what a kill leaves of it goes when it is written again.

    Raises:
        StorageError, OSError: it cannot be; it is then whole.
    """
    part = part_of(folder)
    with says_full(folder), taken(_lock_of(part), wait=True):
        _remove(part)
        folder.replace(part)
        _remove(part)


def clear_left(path: Path) -> None:
    """Remove what a killed run left of ``path``, and of what lies in it; nothing of what another one is writing now."""
    _clear_unless_written(path)
    # What a run that goes on need not write again, such as its last state, would else stay.
    for lock in path.glob(f".*{_PART}*{_LOCK}"):
        stem, _, suffix = lock.name.removesuffix(_LOCK)[1:].rpartition(_PART)
        _clear_unless_written(path / f"{stem}{suffix}")


def _clear_unless_written(path: Path) -> None:
    part = part_of(path)
    if os.path.lexists(part) or os.path.lexists(_old(path)) or os.path.lexists(_lock_of(part)):
        with suppress(HeldError), taken(_lock_of(part), wait=False):
            _clear(path)


@contextmanager
def says_full(path: Path) -> Iterator[None]:
    """Turn a full disk, however the writing library tells of it, into one sentence.

    Raises:
        StorageError: it is full.
    """
    try:
        yield
    except StorageError:
        raise
    except Exception as error:
        full = disk_full(path, error)
        if full is None:
            raise
        raise full from error


def disk_full(path: Path, error: BaseException) -> StorageError | None:
    """Return the sentence where ``error`` says that the disk took no more of ``path``; None where it is another."""
    reason = _reason(error)
    if reason is None:
        return None
    return StorageError(
        f"'{path.name}' could not be written ({reason}), and nothing half-written is left of it; make room on the disk "
        "and run the command again."
    )


def _reason(error: BaseException) -> str | None:
    """Say why the disk took no more; None where the error is another."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return os.strerror(error.errno)
    text = str(error)
    found = _NUMBER.search(text)
    if found is not None and int(found[1]) in _FULL:
        return os.strerror(int(found[1]))
    if _SHORT.search(text) is not None:
        return "the disk took no more"
    return next((os.strerror(number) for number in _FULL if os.strerror(number) in text), None)


def _lock_of(part: Path) -> Path:
    return part.with_name(f"{part.name}{_LOCK}")


def _old(out: Path) -> Path:
    return out.with_name(f".{out.name}.old")


def _clear(path: Path) -> None:
    """Remove what was being written, and of a folder what it was to replace, or put that back."""
    _remove(part_of(path))
    old = _old(path)
    if os.path.lexists(old):
        if os.path.lexists(path):
            _remove(old)
        else:  # killed between the two renamings
            old.replace(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
