"""One lock a model. Captum's hooks sit on the shared model while they work, so inference in another thread would be
caught by them; whoever runs a shared model, for inference or explanation, holds its lock.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary

import torch
from torch import nn

_locks: WeakKeyDictionary[nn.Module, threading.RLock] = WeakKeyDictionary()
_guard = threading.Lock()


def _after_fork() -> None:
    """Make a forked process able to compute: it has none of the threads that its parent computed with.

    One thread is then what PyTorch and OpenCV use; a lock that another thread held would never be let go.
    """
    global _guard  # noqa: PLW0603 - the old one may be held by a thread that is not here
    _guard = threading.Lock()
    _locks.clear()
    torch.set_num_threads(1)
    if opencv := sys.modules.get("cv2"):  # training machines may lack it
        opencv.setNumThreads(0)


if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    os.register_at_fork(after_in_child=_after_fork)


def model_lock(model: nn.Module) -> threading.RLock:
    """Return the model's lock, the same one for every caller; a thread may take it again while it holds it."""
    with _guard:
        return _locks.setdefault(model, threading.RLock())


@contextmanager
def holding(model: nn.Module) -> Iterator[None]:
    """Hold the model's lock, with the model in eval mode; the mode of each of its parts is restored in the end."""
    with model_lock(model):
        # Each its own: a part may be in another mode than the whole.
        training = [module for module in model.modules() if module.training]
        if training:
            model.eval()
        try:
            yield
        finally:
            for module in training:
                module.training = True
