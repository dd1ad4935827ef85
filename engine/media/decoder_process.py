"""The process in which large and suspicious pictures are decoded, and the messages between it and its owner.

It does one picture after another until its input ends. A picture that takes too long ends it, one that takes too much
memory it notices itself. Nothing is pickled: a request is the file's bytes, a reply the pixels' bytes, each behind a
header of fixed size.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import struct
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
from PIL import AvifImagePlugin

from engine.errors import PictureError
from engine.media.budget import Budget
from engine.media.decoding import FORMS, Decoded

READY: Final = b"ready"
_REQUEST: Final = struct.Struct("<16sQIQdQ")  # form, file bytes, bytes of its name, and the budget that is spent here
_REPLY: Final = struct.Struct("<BBIIII")  # kind, bands, height, width, many, bytes of the text that follows
_PIXELS, _REFUSED, _NO_MEMORY = 0, 1, 2
_HEADROOM: Final = 32_000_000  # bytes below the limit where a failure may have been an allocation's


@dataclass(frozen=True)
class Request:
    """A picture to be decoded: the file's bytes, one of :data:`FORMS`, the name for messages and the budget."""

    data: bytes
    form: str
    shown: str
    budget: Budget

    def write(self, stream: BinaryIO) -> None:
        """Write what :meth:`read` takes. Raises OSError where nobody reads any more."""
        name, budget = self.shown.encode(errors="replace"), self.budget
        head = self.form.encode(), len(self.data), len(name), budget.pixels, budget.seconds, budget.memory
        stream.write(_REQUEST.pack(*head) + name)
        stream.write(self.data)
        stream.flush()

    @classmethod
    def read(cls, stream: BinaryIO) -> Request | None:
        """Return the next request, or None where the owner has gone."""
        head = stream.read(_REQUEST.size)
        if len(head) < _REQUEST.size:
            return None
        form, size, name_size, pixels, seconds, memory = _REQUEST.unpack(head)
        name, data = stream.read(name_size), stream.read(size)
        if len(data) < size:
            return None
        budget = Budget(pixels=pixels, seconds=seconds, memory=memory)
        return cls(data, form.rstrip(b"\0").decode(), name.decode(), budget)


class OutOfMemoryError(Exception):
    """The decoding asked for more memory than its budget has."""


def write_reply(stream: BinaryIO, decoded: Decoded) -> None:
    """Write pixels (H, W) or (H, W, 3) and notes."""
    text = json.dumps(decoded.notes).encode()
    height, width = decoded.pixels.shape[:2]
    bands = 1 if decoded.pixels.ndim == 2 else 3
    stream.write(_REPLY.pack(_PIXELS, bands, height, width, decoded.many, len(text)) + text)
    stream.write(decoded.pixels.data)
    stream.flush()


def write_refusal(stream: BinaryIO, sentence: str, *, memory: bool = False) -> None:
    """Write the sentence that says why there are no pixels; ``memory`` where they would have needed too much."""
    text = sentence.encode()
    stream.write(_REPLY.pack(_NO_MEMORY if memory else _REFUSED, 0, 0, 0, 0, len(text)) + text)
    stream.flush()


def read_reply(stream: BinaryIO, budget: Budget) -> Decoded:
    """Read what the other side wrote.

    Raises:
        PictureError: the other side's sentence.
        OutOfMemoryError: decoding needed too much memory.
        EOFError: the other side ended, or wrote what it should not.
    """
    kind, bands, height, width, many, text_size = _REPLY.unpack(_read(stream, _REPLY.size))
    if text_size > 100_000 or width * height > budget.pixels:
        raise EOFError
    text = _read(stream, text_size).decode()
    if kind == _NO_MEMORY:
        raise OutOfMemoryError
    if kind == _REFUSED:
        raise PictureError(text)
    pixels = np.empty((height, width) if bands == 1 else (height, width, 3), dtype=np.uint8)
    rest = pixels.data.cast("B")
    while rest:
        count = stream.readinto(rest)  # type: ignore[attr-defined]  # what a pipe gives has it
        if not count:
            raise EOFError
        rest = rest[count:]
    return Decoded(pixels, tuple(str(note) for note in json.loads(text)), bool(many))


def _read(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


def main() -> None:
    """Serve the owner at standard input and output until the input ends."""
    requests = sys.stdin.buffer
    # What a library prints must not come between the replies.
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches the whole group; the owner ends this process
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # each thread would reserve memory of its own
    base = _address_space()
    replies.write(READY)
    replies.flush()
    with contextlib.suppress(BrokenPipeError):
        while (request := Request.read(requests)) is not None:
            if not _answer(request, replies, base):
                return


def _answer(request: Request, replies: BinaryIO, base: int | None) -> bool:
    """Decode and reply; say whether this process is fit for another picture."""
    budget = request.budget
    # The owner receives the result and holds the file as well.
    growth = max(1, budget.memory - 2 * len(request.data) - 3 * budget.pixels)
    _limit_address_space(base, growth)
    _end_after(budget.seconds)
    refusal, decoded = "", None
    try:
        decoded = FORMS[request.form].decode(request.data, request.shown, budget)
    except PictureError as error:
        refusal = str(error)
    _end_after(0)
    # Libraries call it damage when they get no memory. The peak is never reset, so this process has come to its end.
    hungry = base is not None and (_address_space("VmPeak") or 0) > base + growth - _HEADROOM
    if decoded is not None:
        write_reply(replies, decoded)
    else:
        write_refusal(replies, refusal, memory=hungry)
    return not hungry


def _end_after(seconds: float) -> None:
    """Let the system end this process once it has computed for ``seconds``, wherever it is then; 0 for never."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _address_space(which: str = "VmSize") -> int | None:
    """Return the bytes of address space of this process, now (VmSize) or at most (VmPeak); None where untold."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith(which))
    except (OSError, StopIteration, ValueError, IndexError):
        return None


def _limit_address_space(base: int | None, growth: int) -> None:
    """Let this process grow to ``growth`` bytes above ``base``, where the system keeps such limits (Linux does)."""
    if base is None:
        return
    import resource  # Unix only

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (base + max(growth, 1), hard))
