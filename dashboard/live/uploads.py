"""The files that this server's own upload route took, under names nobody guesses; no other file is ever read.

A client gets a token, never a path, so that there is no way to say which file of the server is meant. What is behind a
token is a regular file, made here, in a folder that is this server's alone, and it is opened as such or not at all.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from engine.errors import PictureError
from engine.media.pictures import Picture, open_picture

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


class Uploads:
    """Files by token; safe to share between threads.

    Args:
        folder: made when the first file comes, for this user alone.

    Attributes:
        paths: of every file that may lie here, for the page's sweep.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.paths: set[str] = set()

    @classmethod
    def below(cls, parent: Path) -> Self:
        """Return one with a fresh folder of its own in ``parent``."""
        return cls(parent / f"ferlens-{secrets.token_hex(8)}")

    def keep(self, data: bytes) -> str:
        """Store a file; return its token."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        token = f"upload-{secrets.token_urlsafe(24)}"
        path = self.folder / token
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
        self.paths.add(str(path))
        return token

    def path(self, token: object) -> Path | None:
        """Return where the file of ``token`` lies, or None where it is no token of a file that is still here."""
        if not (isinstance(token, str) and _TOKEN.fullmatch(token)):
            return None
        path = self.folder / token
        return path if self.holds(path) else None

    def holds(self, path: Path) -> bool:
        """Return whether ``path`` is exactly a file that was stored here and still is one; nothing is opened."""
        if str(path) not in self.paths:
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


def _regular_bytes(path: Path, most: int) -> bytes:
    """Return the first ``most`` bytes of a regular file; a device, a pipe or a link is an OSError and never read."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("not a regular file")
        return file.read(most)
