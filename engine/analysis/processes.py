"""Several processes that share one analysis, as ``torchrun --nproc-per-node N`` starts them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import torch
import torch.distributed as dist

PATIENCE: Final = timedelta(days=1)
"""How long a process waits for the others: as long as a large data set may take."""


@dataclass(frozen=True)
class Processes:
    """Which of how many processes this is; ``rank`` 0 writes the result."""

    rank: int = 0
    total: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process writes."""
        return self.rank == 0

    def wait(self) -> None:
        """Wait until every process has come here."""
        if self.total > 1:
            dist.barrier()

    def share(self, blocks: list[int]) -> list[int]:
        """Return this process's blocks out of those of all."""
        return blocks[self.rank :: self.total]

    def device(self, wanted: torch.device) -> torch.device:
        """Return this process's device: with several processes on CUDA each takes its own."""
        if self.total > 1 and str(wanted) == "cuda":
            return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")) % torch.cuda.device_count())
        return wanted


@contextmanager
def joined_processes() -> Iterator[Processes]:
    """Join the processes that torchrun started (over gloo, they exchange nothing but signals), or be alone."""
    total = int(os.environ.get("WORLD_SIZE", "1"))
    if total > 1:
        dist.init_process_group("gloo", timeout=PATIENCE)
    try:
        yield Processes(dist.get_rank(), total) if total > 1 else Processes()
    finally:
        if total > 1:
            dist.destroy_process_group()
