"""Several processes that share one training or one analysis, as ``torchrun --nproc-per-node N`` starts them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import torch
import torch.distributed as dist
from torch import Tensor

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

    def part(self, count: int) -> slice:
        """Return which of ``count`` items in a row are this process's; together the parts hold each item once."""
        return slice(count * self.rank // self.total, count * (self.rank + 1) // self.total)

    def summed(self, value: float, device: torch.device) -> float:
        """Return the sum of every process's ``value``; all of them must ask."""
        return self._reduced(value, device, dist.ReduceOp.SUM)

    def any(self, flag: bool, device: torch.device) -> bool:
        """Return whether any process says yes; all of them must ask."""
        return self._reduced(float(flag), device, dist.ReduceOp.MAX) > 0.0

    def _reduced(self, value: float, device: torch.device, how: dist.ReduceOp.RedOpType) -> float:
        if self.total == 1:
            return value
        shared: Tensor = torch.tensor(value, dtype=torch.float64, device=device)
        dist.all_reduce(shared, how)
        return float(shared)

    def device(self, wanted: torch.device) -> torch.device:
        """Return this process's device: with several processes on CUDA each takes its own."""
        if self.total > 1 and str(wanted) == "cuda":
            return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")) % torch.cuda.device_count())
        return wanted


ALONE: Final = Processes()


@contextmanager
def joined_processes() -> Iterator[Processes]:
    """Join the processes that torchrun started, or be alone: over gloo, and over NCCL what lies on CUDA devices."""
    total = int(os.environ.get("WORLD_SIZE", "1"))
    if total > 1:
        dist.init_process_group(
            "cpu:gloo,cuda:nccl" if dist.is_nccl_available() and torch.cuda.is_available() else "gloo", timeout=PATIENCE
        )
    try:
        yield Processes(dist.get_rank(), total) if total > 1 else ALONE
    finally:
        if total > 1:
            dist.destroy_process_group()
