"""Keep some lines of native libraries off stderr, which write to it past Python and past their own log levels."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_STDERR: Final = 2
_lock = threading.Lock()


@contextmanager
def without_lines(start: bytes) -> Iterator[None]:
    """Drop the lines that begin with ``start`` from what this process writes to stderr meanwhile.

    All other lines, those of other threads among them, come out at the end. One caller at a time; keep it short.
    """
    with _lock:
        try:
            outside = os.dup(_STDERR)
        except OSError:  # started without a stderr: nothing to keep off it
            yield
            return
        with tempfile.TemporaryFile() as caught:
            os.dup2(caught.fileno(), _STDERR)
            try:
                yield
            finally:
                os.dup2(outside, _STDERR)
                os.close(outside)
                caught.seek(0)
                others = b"".join(line for line in caught if not line.startswith(start))
                if others:
                    os.write(_STDERR, others)
