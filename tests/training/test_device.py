from __future__ import annotations

import pytest
import torch

from engine.errors import UsageError
from engine.training.device import autocast, choose_device, half_precision_helps, keep_freed_memory


def test_auto_takes_the_first_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device("auto").type == "cpu"
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_device("auto").type == "mps"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto").type == "cuda"
    assert choose_device("cpu").type == "cpu"


def test_a_device_that_is_not_there_names_those_that_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(UsageError, match="Device 'cuda:1' is not on this machine; it has: cpu"):
        choose_device("cuda:1")
    with pytest.raises(UsageError, match="Device 'abacus' is not on this machine"):
        choose_device("abacus")
    with pytest.raises(UsageError, match="Device 'cpu:x' is no device"):
        choose_device("cpu:x")


def test_autocast_is_bf16_or_nothing() -> None:
    layer, x = torch.nn.Linear(2, 2), torch.ones(1, 2)
    with autocast(torch.device("cpu"), enabled=True):
        assert layer(x).dtype == torch.bfloat16
    with autocast(torch.device("cpu"), enabled=False):
        assert layer(x).dtype == torch.float32


def test_half_precision_is_a_plain_answer() -> None:
    assert half_precision_helps(torch.device("cpu")) in (True, False)
    assert half_precision_helps(torch.device("meta")) is False


def test_keeping_memory_does_no_harm_without_glibc(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_freed_memory()

    def no_library(name: str) -> None:
        raise OSError(name)

    monkeypatch.setattr("ctypes.CDLL", no_library)
    keep_freed_memory()
