"""A disk that takes no more, and another process that works in a folder."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.made import ROOT

HOLDS = """
import sys, time
from pathlib import Path
from engine.writing.held import held
from engine.writing.whole import whole_folder

with held(Path(sys.argv[1])), whole_folder(Path(sys.argv[1])) as part:
    (part / "half").write_text("")
    print("held", flush=True)
    sys.stdin.read()
"""


def holding(place: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(place)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


@contextmanager
def disk_of(size: int) -> Iterator[None]:
    """Let no file grow beyond ``size`` bytes: the system refuses, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
