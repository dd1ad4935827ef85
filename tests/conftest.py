"""What every room's tests share. Nothing here is a photograph: the pictures are drawn."""

from __future__ import annotations

import os

# Set before torch starts its threads: the nets here are too small to gain from them, one thread gives the same bits on
# every machine, and child processes inherit both.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from tests.made import write_patterns, write_seeded
from tests.made_votes import write_pattern_table


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Count what reads the whole of FER2013 among the slow tests."""
    for item in items:
        if item.get_closest_marker("fer2013") is not None:
            item.add_marker("slow")


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """Put the environment back after each test: servers that are started within the process write into it."""
    with mock.patch.dict(os.environ):
        yield


@pytest.fixture(scope="session")
def patterns(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in FER2013's layout: 12 train, 2 public and 2 private drawn patterns of each of the seven classes."""
    folder = tmp_path_factory.mktemp("patterns")
    write_patterns(folder)
    return folder


@pytest.fixture
def pattern_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which rows of votes the patterns are, in place of the table of FER2013's files."""
    monkeypatch.setattr("engine.data.votes.table.TABLE", write_pattern_table(tmp_path / "pattern_table.npz"))


@pytest.fixture(scope="session")
def seeded_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Untrained ``baseline`` and ``cbam``; read only."""
    folder = tmp_path_factory.mktemp("store")
    for name in ("baseline", "cbam"):
        write_seeded(folder / name, name)
    return folder


@pytest.fixture
def checkpoints(seeded_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of :func:`seeded_store`, where names are looked up meanwhile."""
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(seeded_store))
    return seeded_store


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the four-block nets narrow, so that training one takes a second."""
    monkeypatch.setattr("engine.models.plain.WIDTHS", (4, 8, 16, 32))


@pytest.fixture(scope="session")
def fer2013() -> Path:
    """The real FER2013, which is never in the repository."""
    place = os.environ.get("FERLENS_FER2013")
    if not place:
        pytest.skip("FERLENS_FER2013 names no data")
    return Path(place)
