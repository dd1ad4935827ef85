"""The system's lock on a file: it goes with whoever holds it, however that one ends.

The file lies there while the lock is held, and may stay after ``kill -9``; it then locks nothing, and the next to take
it takes it away at the end.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

_LOG = logging.getLogger(__name__)
_NO_LOCKS: Final = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS})
_ours: set[int] = set()


class HeldError(Exception):
    """Somebody else holds the lock."""


@contextmanager
def taken(file: Path, *, wait: bool, says: str = "") -> Iterator[None]:
    """Hold the lock of ``file``, which is made for it and removed again; its folder must be there.

    Args:
        file: nothing else may have its name.
        wait: for another holder to let go; else that is an error.
        says: what the file says meanwhile.

    Raises:
        HeldError: somebody holds it, another thread of this process included. OSError: no file can be made there.
    """
    descriptor = _take(file, wait=wait)
    _ours.add(descriptor)
    try:
        with contextlib.suppress(OSError):  # the disk may be full; who holds it is for a message alone
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, says.encode(), 0)
        yield
    finally:
        with contextlib.suppress(OSError):
            file.unlink(missing_ok=True)  # before it is let go: the next one looks whether its file is still there
        _ours.discard(descriptor)
        os.close(descriptor)


def _take(file: Path, *, wait: bool) -> int:
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o644)
        try:
            _flock(descriptor, file, wait=wait)
            if _is_still(descriptor, file):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # its last holder has removed it meanwhile: there may be a new one


def _flock(descriptor: int, file: Path, *, wait: bool) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError as error:
        raise HeldError from error
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        _LOG.warning("The file system of '%s' has no locks; let no other run write there.", file.parent.name)


def _is_still(descriptor: int, file: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), file.lstat())
    except FileNotFoundError:
        return False


def _let_go() -> None:
    """Close in a forked child what would hold the locks for as long as the child lives."""
    for descriptor in _ours:
        os.close(descriptor)
    _ours.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)
