"""The files that this server's own upload route took, under names nobody guesses; no other file is ever read.

A client gets a token, never a path, so that there is no way to say which file of the server is meant. What is behind a
token is a regular file, made here, in a folder that is this server's alone, and it is opened as such or not at all.
Files go when they are old, with the server, or, after ``kill -9``, when the next one starts.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dashboard.doors.own_folder import make_folder, remove_folder, sweep_folders
from engine.errors import PictureError, UsageError
from engine.media.pictures import Picture, open_picture

KEPT_SECONDS: Final = 120.0
"""How long an upload is kept, for calls that wait; then the next sweep deletes it."""
SWEEP_SECONDS: Final = 30.0
MOST_FILES: Final = 2_000
"""At the same time, however small."""
PREFIX: Final = "ferlens-uploads-"
"""Of the folders that hold uploads."""
_TOKEN: Final = re.compile(r"upload-[\w-]{32}")
_LONGEST_NAME: Final = 100


@dataclass(frozen=True)
class Upload:
    """An uploaded file: where it lies for the moment, and what its sender called it."""

    path: Path
    name: str

    def read(self, *, largest_bytes: int) -> Picture:
        """Decode the picture.

        The file stays for the sweep: a client may name the same upload in several calls.

        Raises:
            PictureError: one sentence, without any path.
        """
        try:
            data = _regular_bytes(self.path, largest_bytes + 1)
        except OSError as error:
            raise PictureError(
                f"Expected an uploaded picture, but '{self.name}' is no longer there; upload it again."
            ) from error
        if len(data) > largest_bytes:
            raise PictureError(
                f"Expected a picture file of at most {largest_bytes / 2**20:.0f} MB, but '{self.name}' is larger; "
                "shrink it or save it as JPEG."
            )
        return open_picture(data, name=self.name)


@dataclass(frozen=True)
class _Held:
    size: int
    came: float


class Uploads:
    """Files by token; safe to share between threads.

    Args:
        parent: where the folder for them is made, when the first one comes.
        most_bytes: that all files may have together, those included that are on their way.
        clock: seconds that never run backwards.
    """

    def __init__(self, parent: Path, most_bytes: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.most_bytes = most_bytes
        self._parent, self._clock = parent, clock
        self._folder: Path | None = None
        self._held: OrderedDict[str, _Held] = OrderedDict()  # the oldest first
        self._coming = 0
        self._lock = threading.Lock()
        self._closed = threading.Event()
        sweep_folders(parent, PREFIX)

    def __len__(self) -> int:
        return len(self._held)

    @contextmanager
    def room(self, size: int) -> Iterator[None]:
        """Hold room for a file of ``size`` bytes while it comes. Raises UsageError where there is none."""
        self.sweep()
        with self._lock:
            taken = self._coming + sum(held.size for held in self._held.values())
            if taken + size > self.most_bytes or len(self._held) >= MOST_FILES:
                raise UsageError(
                    f"Expected room for another picture, but this server holds as many as it may "
                    f"({self.most_bytes / 2**20:.0f} MB); try again in {KEPT_SECONDS:.0f} seconds."
                )
            self._coming += size
        try:
            yield
        finally:
            with self._lock:
                self._coming -= size

    def keep(self, data: bytes) -> str:
        """Store a file; return its token."""
        token = f"upload-{secrets.token_urlsafe(24)}"
        path = self._made() / token
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
        with self._lock:
            self._held[token] = _Held(len(data), self._clock())
        return token

    def place(self, token: object) -> Path | None:
        """Return where the file of ``token`` lies, or None where it is no token of a file that is still here."""
        if not (isinstance(token, str) and _TOKEN.fullmatch(token) and self._folder is not None):
            return None
        path = self._folder / token
        return path if self.holds(path) else None

    def none(self, name: str) -> Path:
        """Return a path in the folder that holds no file, for what is refused: Gradio wants one."""
        return (self._folder or self._parent) / name

    def holds(self, path: Path) -> bool:
        """Return whether ``path`` is exactly a file that was stored here and still is one; nothing is opened."""
        if path.name not in self._held or path.parent != self._folder:
            return False
        try:
            return stat.S_ISREG(path.lstat().st_mode)
        except OSError:
            return False

    def upload(self, path: Path, name: object) -> Upload:
        """Return the upload that lies at ``path``. Raises PictureError where none does."""
        shown = str(name or "the picture")[:_LONGEST_NAME]
        if not self.holds(path):
            raise PictureError(
                f"Expected an uploaded picture, but '{shown}' is none that this server holds; upload it again."
            )
        return Upload(path, shown)

    def sweep(self) -> None:
        """Delete what is older than :data:`KEPT_SECONDS`."""
        with self._lock:
            now = self._clock()
            while self._held and now - next(iter(self._held.values())).came > KEPT_SECONDS:
                token, _ = self._held.popitem(last=False)
                if self._folder is not None:
                    (self._folder / token).unlink(missing_ok=True)

    def close(self) -> None:
        """Delete everything; the server ends."""
        self._closed.set()
        with self._lock:
            self._held.clear()
            folder, self._folder = self._folder, None
        if folder is not None:
            remove_folder(folder)

    def _made(self) -> Path:
        """Return the folder; from the first time on files are swept."""
        with self._lock:
            if self._folder is None:
                self._folder = make_folder(self._parent, PREFIX)
                threading.Thread(target=self._sweep_for_ever, name="sweep of uploads", daemon=True).start()
            return self._folder

    def _sweep_for_ever(self) -> None:
        while not self._closed.wait(SWEEP_SECONDS):
            self.sweep()


def _regular_bytes(path: Path, most: int) -> bytes:
    """Return the first ``most`` bytes of a regular file; a device, a pipe or a link is an OSError and never read."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("not a regular file")
        return file.read(most)
