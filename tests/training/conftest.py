from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, narrow: None, patterns: Path) -> Path:
    """A working folder where runs/ is made; narrow nets; FERLENS_DATA names the drawn patterns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FERLENS_DATA", str(patterns))
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(tmp_path / "checkpoints"))
    return tmp_path
