from __future__ import annotations

import mmap

from engine.benchmarks.endurance import resident_mib


def test_memory_that_is_taken_is_seen() -> None:
    before = resident_mib()
    # Straight from the system: an array may be given memory that earlier tests left in the process.
    with mmap.mmap(-1, 64 * 2**20) as taken:
        for page in range(0, len(taken), mmap.PAGESIZE):
            taken[page] = 1
        after = resident_mib()
    assert 1 < before < after
    assert after - before > 48
