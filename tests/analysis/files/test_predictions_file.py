from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.analysis.files.predictions import answer_columns, channel_columns, map_columns, write_rows
from engine.edit.face_template import REGIONS, PictureRegions, template_map

P = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]], np.float32)


def test_answers_by_hand() -> None:
    labels = np.array([0, 1])
    found = answer_columns(P, -np.log([0.7, 0.3]), labels, ("happy", "sad", "fear"))
    table = pa.table(found).to_pandas()
    assert table["label"].tolist() == ["happy", "sad"]
    assert table["predicted"].tolist() == ["happy", "fear"]
    assert table["correct"].tolist() == [True, False]
    assert table["confidence"].tolist() == pytest.approx([0.7, 0.6])
    assert table["margin"].tolist() == pytest.approx([0.5, -0.3])
    assert table["loss"].tolist() == pytest.approx([-math.log(0.7), -math.log(0.3)])
    assert table[["p_happy", "p_sad", "p_fear"]].to_numpy() == pytest.approx(P)


def test_a_map_without_evidence_has_nulls() -> None:
    maps = np.zeros((2, 6, 6), np.float32)
    maps[1, 0, 5] = 2.0
    found = map_columns("gradcam.true", maps, PictureRegions(template_map(48)[None]))
    assert len(found) == 5 + len(REGIONS)
    for column in found.values():
        assert column[0].as_py() is None
        assert column[1].as_py() is not None
    assert found["gradcam.true.peak_row"].to_pylist() == [None, 0]
    assert found["gradcam.true.peak_column"].to_pylist() == [None, 5]
    assert found["gradcam.true.entropy"][1].as_py() == 0.0
    assert found["gradcam.true.mass.off_face"][1].as_py() > 0.8


def test_channels() -> None:
    found = channel_columns("block1.channel", np.array([[0.2, 0.8], [0.5, 0.5]], np.float32))
    assert found["block1.channel.peak"].to_pylist() == [1, 0]
    assert found["block1.channel.entropy"][1].as_py() == pytest.approx(math.log(2))


def test_rows_are_gathered_into_row_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.analysis.files.predictions.ROW_GROUP", 5)
    blocks = [pa.table({"id": [f"{k}/{n}" for n in range(2)], "p": np.full(2, k, np.float32)}) for k in range(4)]
    assert write_rows(tmp_path / "a.parquet", blocks, {"classes": ["x"]}) == 8
    with pq.ParquetFile(tmp_path / "a.parquet") as opened:
        assert [opened.metadata.row_group(k).num_rows for k in range(opened.num_row_groups)] == [6, 2]
        assert json.loads(opened.schema_arrow.metadata[b"ferlens"]) == {"classes": ["x"]}
        assert opened.read().to_pydict() == pa.concat_tables(blocks).to_pydict()
    with pytest.raises(ValueError, match="none"):
        write_rows(tmp_path / "b.parquet", [], {})
