"""The end of a pass: merge the parts in the order of their blocks, and write the files, complete or not at all."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from torch import nn

from engine.analysis.carried import carry_gate_use
from engine.analysis.embedding import Moments, Plane, fit_plane
from engine.analysis.files.attention import write_attention
from engine.analysis.files.places import ATTENTION, PREDICTIONS, REPORT
from engine.analysis.files.predictions import write_rows
from engine.analysis.near_copies import near_groups_of
from engine.analysis.suspicion import Suspicion, suspect
from engine.analysis.sweep.parts import PartsFolder
from engine.analysis.sweep.statistics import MapStatistics
from engine.data.dataset import FaceDataset, Int64
from engine.edit.face_template import REGIONS, template_map
from engine.errors import DataError, UsageError
from engine.evaluate.views import SINGLE
from engine.measure.split import measurement, predict_dataset
from engine.records import Float32, RunCard

FIRST: Final = ("id", "source", "label", "predicted", "correct", "confidence", "loss", "margin")
"""The columns that stand first; then the other columns of a picture, then those of gates."""


@dataclass(frozen=True)
class Timing:
    """How the pass went, for the throughput.

    Attributes:
        pictures: passed over in this run, by all processes. seconds: so long did it take.
        regions_seconds: of that, drawing exact regions. gradcam_seconds: of that, Grad-CAM and reading its maps.
        processes: how many shared the work.
        bare: pictures to time bare inference on.
    """

    pictures: int
    seconds: float
    regions_seconds: float
    gradcam_seconds: float
    processes: int
    bare: int


@dataclass(frozen=True, eq=False)
class _Whole:
    """All parts together."""

    statistics: dict[str, MapStatistics]
    plane: Plane
    probabilities: Float32


@dataclass(frozen=True, eq=False)
class _Found:
    """What only the whole data set gives of each picture."""

    suspicion: Suspicion
    near: Int64 | None


def refuse_existing(out: Path, *, overwrite: bool) -> None:
    """Raise UsageError where ``out`` is there and may not be replaced."""
    if out.exists() and not overwrite:
        raise UsageError(f"The analysis '{out.name}' exists already; replace it with --force, or choose another --out.")


def _merge(parts: PartsFolder, blocks: int) -> _Whole:
    statistics: dict[str, MapStatistics] = {}
    moments: Moments | None = None
    answers: list[Float32] = []
    for block in range(blocks):
        part = parts.read(block)
        statistics = {
            layer: statistics[layer].merge(found) if statistics else found for layer, found in part.statistics.items()
        }
        found = Moments.of(part.features)
        moments = found if moments is None else moments.merge(found)
        answers.append(part.probabilities)
    if moments is None:
        raise DataError("Expected one or more parts of an analysis, got none; run the command again.")
    return _Whole(statistics, fit_plane(moments), np.concatenate(answers))


def _tables(
    parts: PartsFolder, blocks: int, whole: _Whole, found: _Found, classes: tuple[str, ...]
) -> Iterator[pa.Table]:
    """Yield each block's rows with the columns that only the whole data set gives."""
    start = 0
    words = pa.array(classes)
    for block in range(blocks):
        rows = parts.rows(block)
        x, y = whole.plane.project(parts.read(block).features).astype(np.float32).T
        chosen = slice(start, start + len(rows))
        start += len(rows)
        suggested = found.suspicion.suggested[chosen]
        indices = pa.array(np.maximum(suggested, 0).astype(np.int8), mask=suggested < 0)
        rows = rows.append_column("x", pa.array(np.ascontiguousarray(x)))
        rows = rows.append_column("y", pa.array(np.ascontiguousarray(y)))
        rows = rows.append_column("suspicion", pa.array(found.suspicion.score[chosen].astype(np.float32)))
        rows = rows.append_column("suggested", pa.DictionaryArray.from_arrays(indices, words))
        near = pa.nulls(len(rows), pa.int64()) if found.near is None else pa.array(found.near[chosen])
        rows = rows.append_column("near_group", near)
        plain = [name for name in rows.column_names if "." not in name and name not in FIRST]
        gates = [name for name in rows.column_names if "." in name]
        yield rows.select([*FIRST, *plain, *gates]).unify_dictionaries()


def finish(
    model: nn.Module,
    card: RunCard,
    dataset: FaceDataset,
    out: Path,
    parts: PartsFolder,
    metadata: dict[str, Any],
    *,
    timing: Timing,
    overwrite: bool,
) -> dict[str, Any]:
    """Merge, write, put in place, drop the parts; return the document of ``report.json``.

    Raises:
        UsageError: ``out`` has come to be meanwhile. DataError: a part is damaged.
    """
    near = near_groups_of(dataset)  # a question about the pictures, which no model has a part in: not timed
    began = time.perf_counter()
    blocks = -(-len(dataset) // metadata["settings"]["block"])
    whole = _merge(parts, blocks)
    suspicion = suspect(whole.probabilities, dataset.labels)
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        tables = _tables(parts, blocks, whole, _Found(suspicion, near), dataset.classes)
        write_rows(temporary / PREDICTIONS, tables, metadata)
        write_attention(temporary / ATTENTION, whole.statistics, whole.plane, metadata)
        timing = replace(timing, seconds=timing.seconds + time.perf_counter() - began)
        document = {
            **measurement(card, dataset, whole.probabilities, views=SINGLE),
            **{key: metadata[key] for key in ("format", "weights_sha256", "data_fingerprint", "versions", "settings")},
            "layers": list(whole.statistics),
            "groups": _group_counts(whole.probabilities, dataset),
            "regions": {**metadata["regions"], "area": _areas(dataset)},
            "suspicion": {
                "thresholds": {
                    name: round(float(value), 5) if np.isfinite(value) else None
                    for name, value in zip(dataset.classes, suspicion.thresholds, strict=True)
                },
                "suspected": int((suspicion.suggested >= 0).sum()),
            },
            "embedding": {"method": "PCA", "explained": [round(float(v), 5) for v in whole.plane.explained]},
            "throughput": _throughput(model, card, dataset, timing),
        }
        if (carried := carry_gate_use(out, temporary, metadata)) is not None:
            document["replaced"] = [carried.as_dict()]
        text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        (temporary / REPORT).write_text(text, encoding="utf-8")
        temporary.chmod(0o755)
        for file in temporary.iterdir():
            file.chmod(0o644)
        _put_in_place(temporary, out, overwrite=overwrite)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    parts.remove()
    return document


def _put_in_place(temporary: Path, out: Path, *, overwrite: bool) -> None:
    refuse_existing(out, overwrite=overwrite)  # again: another process may have been quicker
    if out.exists():
        old = Path(tempfile.mkdtemp(prefix=f".{out.name}-old-", dir=out.parent))
        out.replace(old)
        temporary.replace(out)
        shutil.rmtree(old, ignore_errors=True)
    else:
        temporary.replace(out)


def _group_counts(probabilities: Float32, dataset: FaceDataset) -> dict[str, dict[str, int]]:
    right = probabilities.argmax(axis=1) == dataset.labels
    return {
        name: {"right": int((right & of).sum()), "wrong": int((~right & of).sum())}
        for name, of in ((name, dataset.labels == k) for k, name in enumerate(dataset.classes))
    }


def _areas(dataset: FaceDataset) -> dict[str, float] | None:
    """Return the template's area of each region, what an even map would have; None where each picture has its own."""
    if dataset.name == "synthetic":
        return None
    regions = template_map(dataset.images.shape[1])
    return {name: round(float((regions == index).mean()), 5) for index, name in enumerate(REGIONS)}


def _throughput(model: nn.Module, card: RunCard, dataset: FaceDataset, timing: Timing) -> dict[str, Any]:
    """Time bare inference and put it beside the pass, with and without Grad-CAM; drawing exact regions is left out."""
    sample = dataset.subset(range(min(timing.bare, len(dataset))))
    predict_dataset(model, card.input, sample.subset(range(min(64, len(sample)))))  # first calls are slow
    began = time.perf_counter()
    predict_dataset(model, card.input, sample)
    bare_rate = len(sample) / (time.perf_counter() - began)
    seconds = timing.seconds - timing.regions_seconds
    rate = timing.pictures / max(seconds, 1e-9)
    without = timing.pictures / max(seconds - timing.gradcam_seconds, 1e-9)
    return {
        "pictures": timing.pictures,
        "seconds": round(timing.seconds, 3),
        "regions_seconds": round(timing.regions_seconds, 3),
        "gradcam_seconds": round(timing.gradcam_seconds, 3),
        "processes": timing.processes,
        "pictures_per_second": round(rate, 2) if timing.pictures else None,
        "bare_pictures": len(sample),
        "bare_pictures_per_second": round(bare_rate, 2),
        "ratio": round(rate / bare_rate, 4) if timing.pictures else None,
        "pictures_per_second_without_gradcam": round(without, 2) if timing.pictures else None,
        "ratio_without_gradcam": round(without / bare_rate, 4) if timing.pictures else None,
    }
