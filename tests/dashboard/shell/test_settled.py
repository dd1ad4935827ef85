"""What imports made is frozen, a few times, and never outside of a server."""

from __future__ import annotations

import gc
import sys
from types import ModuleType

import pytest

from dashboard.shell import settled


def test_it_is_done_once_for_many_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    frozen: list[int] = []
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(len(sys.modules)))
    monkeypatch.setattr(settled, "_known", 0)
    settled.settle()
    assert not frozen, "without a server"
    monkeypatch.setattr(settled.runtime, "exists", lambda: True)
    settled.settle()
    settled.settle()
    assert len(frozen) == 1
    for number in range(settled.MODULES):
        monkeypatch.setitem(sys.modules, f"a_module_of_this_test_{number}", ModuleType("none"))
    settled.settle()
    settled.settle()
    assert len(frozen) == 2


def test_what_is_frozen_is_looked_through_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settled.runtime, "exists", lambda: True)
    monkeypatch.setattr(settled, "_known", 0)
    before = gc.get_freeze_count()
    try:
        settled.settle()
        assert gc.get_freeze_count() > before
    finally:
        gc.unfreeze()
