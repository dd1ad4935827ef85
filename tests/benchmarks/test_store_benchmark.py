from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from engine.benchmarks.store import QUERIES, generate_store, store_benchmark


def test_it_times_every_query(tmp_path: Path) -> None:
    said: list[str] = []
    document = store_benchmark(tmp_path, rows=1_200, repeats=2, progress=said.append)
    assert document["rows"] == 1_200
    assert set(document["queries"]) == set(QUERIES) == set(said[1:])
    assert all(0 < row["p50_ms"] <= row["p95_ms"] for row in document["queries"].values())


def test_the_generated_rows_are_like_real_ones(tmp_path: Path) -> None:
    store = generate_store(tmp_path, 2_000, seed=1)
    one, two = (pq.read_table(source.file).to_pandas() for source in store.sources)
    assert one["id"].is_unique
    assert one["id"].tolist() == two["id"].tolist()
    assert one["label"].tolist() == two["label"].tolist()
    assert 0.4 < one["correct"].mean() < 0.95
    assert 0 < (one["predicted"].astype(str) != two["predicted"].astype(str)).mean() < 0.9
    p = one[[name for name in one if name.startswith("p_")]].to_numpy()
    np.testing.assert_allclose(p.sum(axis=1), 1.0, atol=1e-5)
    assert one["duplicate_group"].duplicated().any()
    # The same columns as an analysis of a CBAM model writes.
    assert "block4.spatial.mass.mouth" in one
    assert "gradcam.predicted.peak_row" in one
    assert "block1.channel.peak" in one
