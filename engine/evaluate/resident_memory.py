"""How much memory this process holds."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

MIB: Final = 2**20
IS_PEAK: Final = sys.platform != "linux"
"""Other systems tell the largest so far alone: it shows growth as well, but never falls."""


def resident_mib() -> float:
    """Return the resident memory of this process in MiB; the largest so far where :data:`IS_PEAK`."""
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / MIB
    else:  # noqa: RET505 - mypy leaves out another system's branch, but not what stands after one
        import resource

        largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return largest / MIB if sys.platform == "darwin" else largest / 1024
