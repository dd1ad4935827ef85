"""How quickly a store answers what the dashboard asks: a generated store, every query timed many times.

The rows are random, with every column that a CBAM model of four blocks has; no model and no picture is involved.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from engine.analysis.files.places import FORMAT
from engine.analysis.files.predictions import ROW_GROUP, answer_columns, look_at, write_rows
from engine.analysis.store.query import Column, Filter, Range, Sort
from engine.analysis.store.store import AnalysisStore
from engine.edit.face_template import REGIONS
from engine.labels import EMOTIONS

LIMIT_MS: Final = 150.0
"""What the 95th percentile of every query shall stay under at a million rows on two cores."""

MAPS: Final = (*(f"block{n}.spatial" for n in range(1, 5)), "gradcam.predicted", "gradcam.true")
MODELS: Final = ("one", "two")

Query = Callable[[AnalysisStore, np.random.Generator], Any]


@dataclass(frozen=True)
class QueryTime:
    """Median and 95th percentile of one query, in milliseconds."""

    p50_ms: float
    p95_ms: float


def _tables(rows: int, model: int, seed: int) -> Iterator[pa.Table]:
    """Yield random rows; the pictures are the same for each model, the answers are its own."""
    pictures = np.random.default_rng([seed, 0])
    answers = np.random.default_rng([seed, 1, model])
    words = pa.array(EMOTIONS)
    for start in range(0, rows, ROW_GROUP):
        count = min(ROW_GROUP, rows - start)
        labels = pictures.integers(len(EMOTIONS), size=count)
        groups = np.where(pictures.random(count) < 0.05, pictures.integers(max(rows, 1), size=count), start)
        groups = np.where(groups == start, start + np.arange(count), groups)
        logits = 2.0 * answers.normal(size=(count, len(EMOTIONS)))
        logits[np.arange(count), labels] += 2.5
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        p = (p / p.sum(axis=1, keepdims=True)).astype(np.float32)
        loss = -np.log(np.maximum(p[np.arange(count), labels].astype(np.float64), 1e-30))
        suspicion = np.where(answers.random(count) < 0.1, answers.random(count), 0.0).astype(np.float32)
        suggested = pa.array(answers.integers(len(EMOTIONS), size=count).astype(np.int8), mask=suspicion == 0.0)

        def drawn(length: int = count) -> Any:
            return pa.array(answers.random(length, dtype=np.float32))

        columns: dict[str, Any] = {
            "id": pa.array([f"test/{EMOTIONS[k]}/{start + n:08d}.png" for n, k in enumerate(labels.tolist())]),
            "source": pa.array(["generated"] * count).dictionary_encode(),
            **answer_columns(p, loss, labels, EMOTIONS),
            "duplicate_group": pa.array(groups),
            "in_train": pa.array(pictures.random(count) < 0.05),
            "near_group": pa.array(groups + (groups % 16 == 0)),
            "x": drawn(),
            "y": drawn(),
            "suspicion": pa.array(suspicion),
            "suggested": pa.DictionaryArray.from_arrays(suggested, words),
        }
        for name in (f"block{n}.channel" for n in range(1, 5)):
            columns |= {f"{name}.entropy": drawn(), f"{name}.peak": pa.array(answers.integers(64, size=count))}
        for name in MAPS:
            for part in ("entropy", "centre_x", "centre_y", *(f"mass.{region}" for region in REGIONS)):
                columns[f"{name}.{part}"] = drawn()
            for part in ("peak_row", "peak_column"):
                columns[f"{name}.{part}"] = pa.array(answers.integers(48, size=count).astype(np.int16))
        yield pa.table(columns)


def generate_store(folder: Path, rows: int, *, seed: int = 0) -> AnalysisStore:
    """Write two models' random analyses of the same ``rows`` pictures into ``folder`` and open them."""
    sources = []
    for index, model in enumerate(MODELS):
        file = folder / f"{model}.parquet"
        metadata = {"format": FORMAT, "classes": list(EMOTIONS), "pictures": rows, "model": model}
        write_rows(file, _tables(rows, index, seed), metadata)
        sources.append(look_at(model, file, "python -m engine benchmark store"))
    return AnalysisStore(sources)


def _cell(rng: np.random.Generator) -> Filter:
    true, answer = rng.choice(EMOTIONS, size=2, replace=False)
    return Filter(labels=(str(true),), predicted=(str(answer),))


def _between(name: str, rng: np.random.Generator) -> Range:
    low = float(rng.uniform(0.0, 0.5))
    return Range(Column(name), low, low + 0.3)


def _one_class(rng: np.random.Generator) -> str:
    return str(rng.choice(EMOTIONS))


QUERIES: Final[dict[str, Query]] = {
    "confusion of everything": lambda store, _: store.confusion(),
    "confusion in a range of confidence": lambda store, rng: store.confusion(
        Filter(ranges=(_between("confidence", rng),)), model="two"
    ),
    "confusion where the models disagree": lambda store, _: store.confusion(Filter(agree=False)),
    "page of a cell, least sure first": lambda store, rng: store.rows(_cell(rng), sort=Sort(Column("confidence"))),
    "page of all, largest loss first": lambda store, _: store.rows(sort=Sort(Column("loss"), descending=True)),
    "page far into the wrong answers": lambda store, rng: store.rows(
        Filter(correct=False), sort=Sort(Column("margin")), offset=int(rng.integers(0, 5_000))
    ),
    "page of what one model gets right and the other wrong": lambda store, rng: store.rows(
        Filter(correct=True, agree=False, labels=(_one_class(rng),)),
        columns=[Column("id"), Column("label"), Column("predicted"), Column("predicted", "two")],
    ),
    "page of ids that contain a text": lambda store, rng: store.rows(Filter(text=str(rng.integers(100, 999)))),
    "page of copies": lambda store, rng: store.rows(Filter(copies="only", labels=(_one_class(rng),))),
    "page of near copies": lambda store, rng: store.rows(Filter(near="only", labels=(_one_class(rng),))),
    "page of suspect labels": lambda store, rng: store.rows(
        Filter(suspicious=True, labels=(_one_class(rng),)), sort=Sort(Column("suspicion"), descending=True)
    ),
    "count without copies and copies of training pictures": lambda store, _: store.count(
        Filter(copies="first", in_train=False)
    ),
    "region masses by class": lambda store, _: store.class_means(
        [Column(f"block4.spatial.mass.{region}") for region in REGIONS]
    ),
    "entropy by class of wrong answers": lambda store, _: store.class_means(
        [Column(f"block{n}.spatial.entropy") for n in range(1, 5)], Filter(correct=False)
    ),
    "page by a gate's entropy in a range": lambda store, rng: store.rows(
        Filter(ranges=(_between("block4.spatial.entropy", rng),)), sort=Sort(Column("block4.spatial.entropy"))
    ),
    "everything about one picture": lambda store, rng: store.picture(
        str(store.rows(limit=1, offset=int(rng.integers(0, 50)), columns=[Column("id")]).table["id"][0].as_py())
    ),
}
"""What the pages ask, each with parameters drawn anew."""


def time_queries(
    store: AnalysisStore, *, repeats: int, seed: int = 0, progress: Callable[[str], None] | None = None
) -> dict[str, QueryTime]:
    """Time each query ``repeats`` times, after one call that is not counted (it adds the gates' columns)."""
    found = {}
    for name, query in QUERIES.items():
        if progress is not None:
            progress(name)
        rng = np.random.default_rng([seed, 2])
        query(store, rng)
        times = []
        for _ in range(repeats):
            began = time.perf_counter()
            query(store, rng)
            times.append(1000.0 * (time.perf_counter() - began))
        p50, p95 = np.percentile(times, [50, 95])
        found[name] = QueryTime(round(float(p50), 2), round(float(p95), 2))
    return found


def store_benchmark(
    folder: Path, *, rows: int, repeats: int, seed: int = 0, progress: Callable[[str], None] | None = None
) -> dict[str, Any]:
    """Generate a store in ``folder``, time it, and return a JSON-ready document."""
    began = time.perf_counter()
    if progress is not None:
        progress(f"generating {rows:,} rows")
    store = generate_store(folder, rows, seed=seed)
    generated = time.perf_counter() - began
    try:
        times = time_queries(store, repeats=repeats, seed=seed, progress=progress)
    finally:
        store.close()
    slowest = max(times.values(), key=lambda t: t.p95_ms)
    return {
        "benchmark": "store",
        "rows": rows,
        "models": len(MODELS),
        "repeats": repeats,
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "generate_and_open_seconds": round(generated, 1),
        "limit_ms": LIMIT_MS,
        "within_limit": slowest.p95_ms <= LIMIT_MS,
        "queries": {name: {"p50_ms": t.p50_ms, "p95_ms": t.p95_ms} for name, t in times.items()},
    }
