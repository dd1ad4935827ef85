"""What libraries make at their import is taken out of what the garbage collector looks through.

Streamlit collects all garbage after every run, a fragment's too. With PyTorch, Captum and Plotly there are half a
million objects that never go, and looking through them takes .4 s (measured, two cores) in which no thread computes: a
bar that looks twice a second would stop the very work that it follows.
"""

from __future__ import annotations

import gc
import sys
import threading
from typing import Final

from streamlit import runtime

MODULES: Final = 50
"""So many modules imported since, and it is worth doing again."""
_lock = threading.Lock()
_known = 0


def settle() -> None:
    """Freeze what is there, where many modules came since the last time; called by each run, of a server alone.

    What goes in between is counted by its references as ever; only circles that were there at that moment stay, and it
    happens a few times in a process.
    """
    global _known  # noqa: PLW0603 - of the process, as the collector is
    if not runtime.exists() or len(sys.modules) - _known < MODULES or not _lock.acquire(blocking=False):
        return
    try:
        gc.collect()
        gc.freeze()
        _known = len(sys.modules)
    finally:
        _lock.release()
