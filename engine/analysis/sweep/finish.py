"""The end of a pass: merge the parts in the order of their blocks, and write the files, complete or not at all.

What stands beside an analysis and outlives its replacement: how the model's gates are used on the same pictures.

``gate_use.json`` is measured by another command, and takes long. A new analysis of the same weights and pictures leaves
it as true as it was, so it is taken over; of other weights or pictures it would be stale, so it is dropped, and said.

Which pictures of a split look alike: the column ``near_group``.

As the audit finds them (:mod:`engine.data.audit.groups`), but within the analysed split alone and at the model's input
size: two perceptual hashes agree. A few different pictures may come together; mirrored, turned or cropped copies are
missed. Built-in faces are drawn one by one, so hashes would find mere look-alikes: they get no groups.

Which labels may be wrong, by what the model answers: confident learning.

[1] C. G. Northcutt, L. Jiang, I. L. Chuang. Confident Learning: Estimating Uncertainty in Dataset Labels. JAIR 70,
    2021, arXiv:1911.00068, section 3.1: the threshold of class j is the mean probability of j over the pictures
    labelled j; a picture is counted to the most probable of the classes whose threshold it reaches.

Departures: [1] wants probabilities from cross-validation. Here they are those of one model over one split, and the
thresholds come from that same split; on a split that the model was trained on they are therefore too high and fewer
labels are suspected. The score is [1]'s self-confidence turned round.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from torch import nn

from engine.analysis.files.attention import write_attention
from engine.analysis.files.gate_use import GATE_USE, gate_use_command
from engine.analysis.files.places import ATTENTION, PREDICTIONS, REPORT
from engine.analysis.files.predictions import write_rows
from engine.analysis.files.sums import KEY, fits_sum, report_text, sums_of
from engine.analysis.sweep.parts import PartsFolder
from engine.analysis.sweep.statistics import MapStatistics, Moments, Plane, fit_plane
from engine.data.audit.audit import blanks
from engine.data.audit.groups import near_numbers
from engine.data.dataset import FaceDataset, Int64
from engine.documents import read_document
from engine.edit.face_template import REGIONS, template_map
from engine.errors import DataError, UsageError
from engine.measure.split import SINGLE, measurement, predict_dataset
from engine.records import Float32, RunCard, UInt8
from engine.statistics.maps import area_average
from engine.writing.whole import whole_folder


@dataclass(frozen=True)
class Carried:
    """What became of a file of the analysis that is replaced.

    Attributes:
        file: its name.
        kept: whether it was taken over.
        reason: why, in words that end a sentence.
        remedy: the command that makes it anew, where it was dropped; else empty.
    """

    file: str
    kept: bool
    reason: str
    remedy: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {"file": self.file, "kept": self.kept, "reason": self.reason, "remedy": self.remedy}


def carry_gate_use(old: Path, new: Path, metadata: dict[str, Any]) -> Carried | None:
    """Copy ``gate_use.json`` of the analysis ``old`` into the folder ``new`` where it still holds.

    Args:
        old: the folder that will be replaced; it need not be there.
        new: the folder that will stand in its place.
        metadata: of the new analysis: its model, dataset, split, weights_sha256 and data_fingerprint.

    Returns:
        What became of it; None where there is none.
    """
    file = old / GATE_USE
    if not file.is_file():
        return None
    reason = _stale(file, old / REPORT, metadata)
    if reason:
        command = gate_use_command(metadata["model"], metadata["dataset"], metadata["split"])
        return Carried(GATE_USE, kept=False, reason=reason, remedy=command)
    shutil.copyfile(file, new / GATE_USE)
    return Carried(GATE_USE, kept=True, reason="the weights and the pictures are the same")


def _stale(file: Path, report: Path, metadata: dict[str, Any]) -> str:
    """Say why the file no longer holds; empty where it does."""
    use = _document(file)
    if use is None or not fits_sum(file):
        return "it is damaged"
    if use.get("weights_sha256") != metadata["weights_sha256"]:
        return "it was measured with other weights"
    before = _document(report) or {}
    # A report that cannot be read says nothing of the pictures; those of a named split hardly ever change.
    if before.get("data_fingerprint", metadata["data_fingerprint"]) != metadata["data_fingerprint"]:
        return "it was measured on other pictures"
    return ""


def _document(file: Path) -> dict[str, Any] | None:
    try:
        found = read_document(file)
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


SIDE: Final = 48
"""Larger pictures are averaged to this side first: the hashes look at low frequencies alone."""
_BLOCK: Final = 512
"""Pictures made small at a time; bounds the memory."""


def near_groups_of(dataset: FaceDataset) -> Int64 | None:
    """Return int64 (N,): equal numbers are near or exact copies of each other; None where they are not looked for."""
    if dataset.name == "synthetic":
        return None
    grey = _grey(dataset.images)
    return near_numbers(grey, dataset.duplicate_group, blanks(grey))


def _grey(images: UInt8) -> UInt8:
    """Return uint8 (N, s, s), s at most :data:`SIDE`, of grey or RGB pictures."""
    if images.ndim == 3 and images.shape[1] <= SIDE:
        return images
    parts = []
    for start in range(0, len(images), _BLOCK):
        block = images[start : start + _BLOCK].astype(np.float64)
        flat = block if block.ndim == 3 else block.mean(axis=3)
        small = flat if flat.shape[1] <= SIDE else area_average(flat, (SIDE, SIDE))
        parts.append(np.rint(small).astype(np.uint8))
    return np.concatenate(parts)


Float64 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Suspicion:
    """How suspect N labels are.

    Attributes:
        thresholds: float64 (K,), infinite for a class without pictures.
        score: float64 (N,) in [0, 1]: 1 - p(label) where the picture is counted to another class, else 0.
        suggested: int64 (N,), that other class, or -1.
    """

    thresholds: Float64
    score: Float64
    suggested: Int64


def suspect(probabilities: NDArray[np.floating], labels: Int64) -> Suspicion:
    """Judge labels (N,) by probabilities (N, K)."""
    p = probabilities.astype(np.float64)
    own = p[np.arange(len(p)), labels]
    classes = p.shape[1]
    count = np.bincount(labels, minlength=classes)
    total = np.bincount(labels, weights=own, minlength=classes)
    thresholds = np.where(count > 0, total / np.maximum(count, 1), np.inf)
    confident = np.where(p >= thresholds, p, -1.0)
    counted = confident.argmax(axis=1)
    elsewhere = (confident.max(axis=1) >= 0.0) & (counted != labels)
    return Suspicion(
        thresholds=thresholds,
        score=np.where(elsewhere, np.clip(1.0 - own, 0.0, 1.0), 0.0),
        suggested=np.where(elsewhere, counted, -1).astype(np.int64),
    )


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
        indices = pa.array(np.maximum(suggested, 0).astype(np.int16), mask=suggested < 0)
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
    with whole_folder(out, replace=overwrite) as temporary:
        tables = _tables(parts, blocks, whole, _Found(suspicion, near), dataset.classes)
        write_rows(temporary / PREDICTIONS, tables, metadata)
        write_attention(temporary / ATTENTION, whole.statistics, whole.plane, metadata)
        timing = replace(timing, seconds=timing.seconds + time.perf_counter() - began)
        document = {
            **measurement(card, dataset, whole.probabilities, views=SINGLE),
            **{key: metadata[key] for key in ("format", "weights_sha256", "data_fingerprint", "versions", "settings")},
            "layers": list(whole.statistics),
            "groups": _group_counts(whole.probabilities, dataset),
            "regions": {**metadata["regions"], "area": _areas(dataset) if card.domain == "faces" else None},
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
        document[KEY] = sums_of(temporary)
        (temporary / REPORT).write_text(report_text(document), encoding="utf-8")
        for file in temporary.iterdir():
            file.chmod(0o644)
        refuse_existing(out, overwrite=overwrite)  # again: another process may have been quicker
    parts.remove()
    return document


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
