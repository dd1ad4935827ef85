from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from engine.analysis.sweep.parts import BlockSeconds, Part, PartsFolder
from engine.analysis.sweep.statistics import MapStatistics
from engine.errors import DataError

ROWS = pa.table({"id": ["a", "b"]})


def part() -> Part:
    statistics = {
        name: MapStatistics.of(np.random.default_rng(0).random((2, 3, 3)), np.array([0, 1]), 4)
        for name in ("block2.spatial", "block1.spatial")
    }
    return Part(
        statistics, np.ones((2, 5), np.float32), np.full((2, 2), 0.5, np.float32), BlockSeconds(1.5, 0.25, 0.125)
    )


def test_a_part_comes_back_as_it_was(tmp_path: Path) -> None:
    parts = PartsFolder(tmp_path / "p", {"batch": 1})
    parts.prepare()
    assert not parts.has(7)
    parts.write(7, ROWS, part())
    assert parts.has(7)
    found = parts.read(7)
    assert list(found.statistics) == ["block2.spatial", "block1.spatial"]  # the order that was given
    for name, statistics in part().statistics.items():
        for field in ("count", "mean", "m2"):
            assert (getattr(found.statistics[name], field) == getattr(statistics, field)).all()
    assert (found.features == 1).all()
    assert found.seconds == BlockSeconds(1.5, 0.25, 0.125)
    assert parts.rows(7).equals(ROWS)
    parts.remove()
    assert not parts.folder.exists()


def test_parts_of_the_same_settings_are_kept_and_others_dropped(tmp_path: Path) -> None:
    for settings, kept in (({"batch": 1}, False), ({"batch": 1}, True), ({"batch": 2}, False)):
        parts = PartsFolder(tmp_path / "p", settings)
        parts.prepare()
        assert parts.has(0) is kept
        parts.write(0, ROWS, part())


def test_rows_without_their_statistics_are_no_part(tmp_path: Path) -> None:
    parts = PartsFolder(tmp_path / "p", {})
    parts.prepare()
    parts.write(0, ROWS, part())
    (parts.folder / "block-000000.safetensors").unlink()
    assert not parts.has(0)


@pytest.mark.parametrize("suffix", [".safetensors", ".parquet"])
def test_a_damaged_part_is_removed_and_said(tmp_path: Path, suffix: str) -> None:
    parts = PartsFolder(tmp_path / "p", {})
    parts.prepare()
    parts.write(3, ROWS, part())
    file = parts.folder / f"block-000003{suffix}"
    file.write_bytes(file.read_bytes()[:40])
    with pytest.raises(DataError, match=r"Part 3 .* run the same command again"):
        parts.read(3) if suffix == ".safetensors" else parts.rows(3)
    assert not parts.has(3)
