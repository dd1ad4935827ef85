"""What ``import ferlens`` offers."""

from __future__ import annotations

import builtins

import ferlens
from engine.lens.lens import open_network


def test_a_star_import_hides_nothing_of_pythons() -> None:
    names: dict[str, object] = {}
    exec("from ferlens import *", names)  # noqa: S102 - the form that is tested
    assert not {name for name in names if hasattr(builtins, name)} - {"__builtins__", "__doc__", "__name__"}
    assert names["Input"] is ferlens.Input
    assert ferlens.open is open_network
    assert "open" in dir(ferlens)
