"""Which device, and what runs faster on it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import threading
from typing import Any, Final

import torch

from engine.errors import UsageError
from engine.places import DEVICE_VARIABLE

DEVICES: Final = ("auto", "cuda", "mps", "cpu")
"""What a device is asked for by; ``cuda:1`` and the like name one of several."""

_guard = threading.Lock()
_chosen: list[str] = []


def preferred_device() -> str:
    """Return the device that this process' models go to where nobody names one: the one chosen, or the variable's.

    Raises:
        UsageError: the variable names none that is here.
    """
    with _guard:
        if not _chosen:
            _chosen.append(str(choose_device(os.environ.get(DEVICE_VARIABLE) or "cpu")))
        return _chosen[0]


def prefer_device(wanted: str) -> None:
    """Choose that device, for models that are asked for from now on.

    Raises:
        UsageError: it is not on this machine; the one before stays.
    """
    device = str(choose_device(wanted))
    with _guard:
        _chosen[:] = [device]


def devices_here() -> tuple[str, ...]:
    """Return the kinds of device of this machine, the quickest first."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    return tuple(name for name, present in there.items() if present)


def choose_device(wanted: str = "auto") -> torch.device:
    """Return cuda, mps or cpu: the one asked for, or the first of them that is there.

    Raises:
        UsageError: the device asked for is not on this machine.
    """
    there = devices_here()
    if wanted == "auto":
        return torch.device(there[0])
    if wanted.partition(":")[0] not in there:
        raise UsageError(f"Device '{wanted}' is not on this machine; it has: {', '.join(there)}.")
    try:
        return torch.device(wanted)
    except RuntimeError as error:
        raise UsageError(f"Device '{wanted}' is no device; write auto, cuda, cuda:0, mps or cpu.") from error


def half_precision_helps(device: torch.device) -> bool:
    """Whether bf16 autocast is faster here: on CUDA of compute capability 8 on, on CPUs with bf16 instructions."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        mkldnn = torch.ops.mkldnn
        available = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
        # The only place where PyTorch says whether its CPU kernels have bf16 instructions to use.
        return bool(available and mkldnn._is_mkldnn_bf16_supported())  # noqa: SLF001
    return False


def autocast(device: torch.device, *, enabled: bool) -> contextlib.AbstractContextManager[Any]:
    """bf16 autocast on ``device``, or nothing."""
    return torch.autocast(device.type, torch.bfloat16) if enabled else contextlib.nullcontext()


def keep_freed_memory() -> None:
    """Tell glibc to keep large freed blocks instead of returning them to the system after each operation.

    A training step frees and takes blocks of tens of megabytes all the time; giving them back costs a page fault for
    each page of each block. Elsewhere than on glibc this does nothing.
    """
    try:
        libc = ctypes.CDLL("libc.so.6")
    except OSError:
        return
    m_trim_threshold, m_mmap_threshold = -1, -3  # from malloc.h
    libc.mallopt(m_mmap_threshold, 1 << 30)
    libc.mallopt(m_trim_threshold, (1 << 31) - 1)
