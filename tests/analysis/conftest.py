"""Checkpoints whose analyses may be damaged by a test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from engine.analysis.files.places import analysis_folder
from engine.analysis.sweep.block import SweepSettings
from engine.analysis.sweep.sweep import sweep
from engine.data.registry import load_dataset
from engine.models.checkpoint import load_checkpoint


@pytest.fixture(scope="session")
def analysed_store(tmp_path_factory: pytest.TempPathFactory, seeded_store: Path, patterns: Path) -> Path:
    """``baseline`` and ``cbam`` with analyses of the 14 private patterns; read only."""
    folder = tmp_path_factory.mktemp("analysed") / "checkpoints"
    shutil.copytree(seeded_store, folder)
    dataset = load_dataset("fer2013", "private", data=patterns)
    for name in ("baseline", "cbam"):
        loaded = load_checkpoint(name, folder=folder)
        out = analysis_folder(folder / name, "fer2013", "private")
        sweep(loaded.model, loaded.card, dataset, out, settings=SweepSettings(batch_size=4, block=8), bare=4)
    return folder


@pytest.fixture
def analysed(analysed_store: Path, tmp_path: Path) -> Path:
    """A copy of :func:`analysed_store` to do with as one likes."""
    return Path(shutil.copytree(analysed_store, tmp_path / "checkpoints"))
