"""Seeded, untrained checkpoints and records: what the pages show does not depend on how good a model is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard.shell import cost_loaders, long_work, report_button
from dashboard.shell.costs import Costs
from engine.records import FaceExplanation
from tests.dashboard.made import ROOT, make_gate, make_map, make_prediction, write_seeded
from tests.dashboard.made_analysis import write_analysed
from tests.dashboard.made_report import Caught
from tests.dashboard.made_votes import write_seen, write_voted_store

PATIENCE_SECONDS = 180
"""For a page to be drawn: the first one imports torch, which takes a busy machine a minute."""


@pytest.fixture(autouse=True)
def patient(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run waits for what it has begun, so that a test need not; nothing is known of what work cost before.

    What is drawn meanwhile has tests of its own, which take the patience away.
    """
    monkeypatch.setattr(long_work, "PATIENCE_SECONDS", PATIENCE_SECONDS)
    monkeypatch.setattr("dashboard.views.explain.asked.QUICK_SECONDS", float("inf"))  # however busy the machine is
    record = Costs(tmp_path_factory.mktemp("costs"))
    monkeypatch.setattr(cost_loaders, "_costs", lambda _folder: record)


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
    return AppTest.from_file(str(ROOT / "dashboard" / "Home.py"), default_timeout=PATIENCE_SECONDS)


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small analysed store, read only, for the pages that study one; see :func:`write_analysed`."""
    folder: Path = tmp_path_factory.mktemp("analysed")
    write_analysed(folder, absent=True)
    return folder


@pytest.fixture
def page(store: Path, home: AppTest, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The app over that store, with FER2013's pictures nowhere; not yet run."""
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(store))
    monkeypatch.setenv("FERLENS_DATA", "nowhere")
    return home


@pytest.fixture(scope="session")
def voted_store(tmp_path_factory: pytest.TempPathFactory, patterns: Path) -> Path:
    """Answers to the private patterns, read only; see :func:`write_voted_store`."""
    folder: Path = tmp_path_factory.mktemp("voted")
    write_voted_store(folder, patterns)
    return folder


@pytest.fixture
def seen_file(tmp_path: Path, pattern_table: None) -> Path:
    """What people saw in the patterns."""
    return write_seen(tmp_path / "fer2013new.csv")


@pytest.fixture
def voted_page(
    voted_store: Path, patterns: Path, seen_file: Path, home: AppTest, monkeypatch: pytest.MonkeyPatch
) -> AppTest:
    """The app over that store, with the pictures and what people saw in them; not yet run."""
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(voted_store))
    monkeypatch.setenv("FERLENS_DATA", str(patterns))
    monkeypatch.setenv("FERLENS_VOTES", str(seen_file))
    return home


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


@pytest.fixture
def quick_trust(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, list[str]]]:
    """Trust with 2 draws and one imputer, nothing known before; which targets and maps were checked is noted."""
    from dashboard.shared import face_loaders
    from engine.trust import faithfulness, gate_use

    asked: dict[str, list[str]] = {"gates": [], "maps": []}
    of_gates, of_map = gate_use.gate_use, faithfulness.faithfulness

    def quick_gates(*given: Any, **named: Any) -> Any:
        asked["gates"].append(named["target"].label)
        return of_gates(*given, **{**named, "draws": 2})

    def quick_map(*given: Any, **named: Any) -> Any:
        asked["maps"].append(given[2].method)
        return of_map(*given, **{**named, "draws": 2, "imputers": ["blur"]})

    monkeypatch.setattr(gate_use, "gate_use", quick_gates)
    monkeypatch.setattr(gate_use, "DRAWS", 2)
    monkeypatch.setattr(faithfulness, "faithfulness", quick_map)
    face_loaders._book.clear()
    yield asked
    face_loaders._book.clear()


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> Caught:
    """The report that a page offers, when it is drawn."""
    caught = Caught()
    original = st.download_button

    def noted(label: str, data: Any, file_name: str, *rest: Any, **named: Any) -> Any:
        if named.get("key") == report_button.BUTTON:
            caught.data, caught.file_name = data, file_name
        return original(label, data, file_name, *rest, **named)

    monkeypatch.setattr(st, "download_button", noted)
    return caught
