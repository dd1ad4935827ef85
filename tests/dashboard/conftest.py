"""Seeded, untrained checkpoints and records: what the pages show does not depend on how good a model is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from engine.records import FaceExplanation
from tests.dashboard.made import ROOT, make_gate, make_map, make_prediction, write_seeded


@pytest.fixture(scope="session")
def seeded_checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoints")
    for name in ("baseline", "cbam"):
        write_seeded(folder, name)
    return folder


@pytest.fixture
def home(seeded_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The app at Home, not yet run."""
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(seeded_checkpoints))
    monkeypatch.chdir(ROOT)
    return AppTest.from_file(str(ROOT / "dashboard" / "Home.py"), default_timeout=60)


@pytest.fixture
def explained() -> FaceExplanation:
    """A face that is happy at .93, with one spatial and one channel gate and a Grad-CAM in the lower half."""
    face = np.linspace(0, 255, 48 * 48).reshape(48, 48).astype(np.uint8)
    gates = (
        make_gate("block1.channel", "channel", [0.2, 0.9, 0.5]),
        make_gate("block1.spatial", "spatial", [[0.41, 0.5], [0.6, 0.63]]),
    )
    prediction = make_prediction(0.01, 0.01, 0.01, 0.93, 0.02, 0.01, 0.01)
    return FaceExplanation("cbam", prediction, gates, (make_map([[0.0, 1.0], [1.0, 2.0]]),), face, None, 0.02)
