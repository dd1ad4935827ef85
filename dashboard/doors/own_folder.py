"""Temporary folders of this process, which go with it: at its end, and after ``kill -9`` when the next one looks.

Each holds a lock for as long as its process lives. Whoever can take the lock of one knows that its process is gone,
also where two containers share a folder and know nothing of each other's processes.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

LOCK: Final = ".lock"
_UNLOCKED_SECONDS: Final = 3_600.0
"""A folder without a lock is one that is being made, or older than locks: that old it is the latter."""

_ours: dict[Path, int] = {}
_guard = threading.Lock()


def make_folder(parent: Path, prefix: str) -> Path:
    """Return a fresh folder in ``parent``, for this user alone; those whose process is gone are removed.

    ``prefix`` must be one that nothing else in ``parent`` begins with.
    """
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    sweep_folders(parent, prefix)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    lock = os.open(folder / LOCK, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with _guard:
        _ours[folder] = lock
    return folder


def remove_folder(folder: Path) -> None:
    """Remove one that :func:`make_folder` made, with what is in it; nothing where it is gone already."""
    with _guard:
        lock = _ours.pop(folder, None)
    if lock is not None:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def remove_folders() -> None:
    """Remove every folder of this process: it ends."""
    for folder in list(_ours):
        remove_folder(folder)


atexit.register(remove_folders)


@contextmanager
def own_folder(prefix: str) -> Iterator[Path]:
    """Yield a folder among the temporary ones that goes however this ends."""
    folder = make_folder(Path(tempfile.gettempdir()), prefix)
    try:
        yield folder
    finally:
        remove_folder(folder)


def sweep_folders(parent: Path, prefix: str) -> None:
    """Remove the folders of that prefix in ``parent`` which are this user's and whose process is gone."""
    for folder in parent.glob(f"{prefix}*"):
        try:
            if folder.is_symlink() or not folder.is_dir() or folder.lstat().st_uid != os.geteuid():
                continue
            if _is_left(folder):
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # another process was quicker
            continue


def _is_left(folder: Path) -> bool:
    try:
        lock = os.open(folder / LOCK, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return time.time() - folder.lstat().st_mtime > _UNLOCKED_SECONDS
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(lock)
