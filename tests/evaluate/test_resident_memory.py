from __future__ import annotations

import numpy as np

from engine.evaluate.resident_memory import resident_mib


def test_memory_that_is_taken_is_seen() -> None:
    before = resident_mib()
    taken = np.ones(64 * 2**20, dtype=np.uint8)
    after = resident_mib()
    assert 1 < before < after
    assert after - before > 32  # of the 64 MiB; what was free in the process before does not count
    assert taken[-1] == 1
