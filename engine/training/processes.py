"""Several processes that share one training or one analysis, as ``torchrun --nproc-per-node N`` starts them.

One step shared by several processes: each takes its part of the batch, and their gradients are added up.

The batch, its augmentation and its loss are those of one process: every process draws the same random numbers and
varies its own part. So the same recipe gives the same loss curve with any number of processes, as far as dropout, whose
masks differ, and BatchNorm allow; ``--sync-batchnorm`` takes BatchNorm's statistics over the whole batch.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from engine.errors import UsageError
from engine.training.objective import Answer, Objective

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


class _Asked(nn.Module):
    """What DistributedDataParallel runs: the model as the objective asks it."""

    def __init__(self, model: nn.Module, objective: Objective) -> None:
        super().__init__()
        self.model = model
        self._objective = objective

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor | None, Tensor | None]:
        answer = self._objective.ask(self.model, x)
        return answer.logits, answer.emotion, answer.fusion


class Parallel:
    """A model asked by several processes, whose gradients DistributedDataParallel averages."""

    def __init__(self, model: nn.Module, objective: Objective, processes: Processes, device: torch.device) -> None:
        self._processes = processes
        asked = _Asked(model, objective)
        # Buffers stay each process's own while it trains; val and what is saved take those of the first.
        self._shared = DistributedDataParallel(
            asked,
            device_ids=[device.index] if device.type == "cuda" else None,
            broadcast_buffers=False,
            gradient_as_bucket_view=True,
        )

    def ask(self, x: Tensor) -> Answer:
        """Run the model on this process's part of a batch."""
        return Answer(*self._shared(x))

    def backward(self, loss: Tensor, *, last: bool) -> None:
        """Add the gradients of a part of the batch; with the ``last`` part exchange them."""
        # The average of the parts' shares times their number is their sum, the loss of the whole batch.
        scaled = loss * self._processes.total
        if last:
            scaled.backward()  # type: ignore[no-untyped-call]
            return
        with self._shared.no_sync():
            scaled.backward()  # type: ignore[no-untyped-call]


def same_buffers(model: nn.Module) -> None:
    """Give every process the first one's buffers (BatchNorm's running statistics)."""
    for buffer in model.buffers():
        dist.broadcast(buffer, 0)


def check_batch(batch: int, accumulate: int, processes: Processes) -> None:
    """Refuse a batch that cannot be shared evenly.

    Raises:
        UsageError: it cannot.
    """
    if batch % (processes.total * accumulate):
        parts = f"{processes.total} processes" + (f" and {accumulate} accumulated parts" if accumulate > 1 else "")
        raise UsageError(
            f"Expected a batch that {parts} share evenly, got {batch}; give a --batch-size that is a multiple of "
            f"{processes.total * accumulate}."
        )


class _Summed(torch.autograd.Function):
    """The sum over all processes, with its gradient: each one's part takes part in every one's loss."""

    @staticmethod
    def forward(_: Any, values: Tensor) -> Tensor:
        total = values.detach().clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(_: Any, gradient: Tensor) -> Tensor:
        total = gradient.contiguous().clone()
        dist.all_reduce(total)
        return total


class SharedBatchNorm2d(nn.BatchNorm2d):
    """BatchNorm over the whole batch of several processes, on a CPU, where PyTorch's SyncBatchNorm does not run.

    Weights, buffers and results are those of BatchNorm2d in one process with the whole batch.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the signature is BatchNorm2d's
        """Map (b, C, h, w), this process's part, to the same shape."""
        if not self.training or self.running_mean is None or self.running_var is None:
            return super().forward(input)
        x = input.float()
        sums = torch.cat([x.sum((0, 2, 3)), x.square().sum((0, 2, 3)), x.new_tensor([x.numel() / x.shape[1]])])
        sums = _Summed.apply(sums)
        count = sums[-1]
        mean, square = (sums[:-1] / count).chunk(2)
        variance = square - mean.square()
        with torch.no_grad():
            rate = self.momentum if self.momentum is not None else 0.1
            self.running_mean.lerp_(mean, rate)
            self.running_var.lerp_(variance * (count / (count - 1)), rate)
            if self.num_batches_tracked is not None:
                self.num_batches_tracked += 1
        scale = (variance + self.eps).rsqrt()
        if self.weight is not None:
            scale = scale * self.weight
        out = (x - mean[:, None, None]) * scale[:, None, None]
        shifted: Tensor = out if self.bias is None else out + self.bias[:, None, None]
        return shifted.to(input.dtype)


def sync_batchnorm(model: nn.Module, device: torch.device) -> nn.Module:
    """Return ``model`` with BatchNorm over all processes: PyTorch's on CUDA, :class:`SharedBatchNorm2d` on a CPU."""
    if device.type == "cuda":
        converted: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(model)  # type: ignore[no-untyped-call]
        return converted
    for module in model.modules():
        if type(module) is nn.BatchNorm2d:
            module.__class__ = SharedBatchNorm2d  # keeps weights, buffers and their names
    return model
