"""Readings of faces as one Parquet file beside the result: a row a face, three columns a map.

It is written anew after every batch, beside its place and then renamed, so that a run can be killed at any moment and
the next one goes on. A map that has read fewer faces than were answered has nulls for the others; NaN means a face
without evidence, or an empty map.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engine.data.dataset import Int64
from engine.errors import DataError
from engine.evidence.readings import ANSWERS, KEPT, AnsweredFaces, EvidenceReadings, task_of
from engine.evidence.report import MapSource
from engine.explain.methods.registry import METHODS
from engine.statistics.maps import Float64

_KEY: Final = b"ferlens"
_KINDS: Final = ("method", "gate", "reference")


def readings_file(out: Path) -> Path:
    """Return where the readings of the result ``out`` lie: ``evidence-plain.readings.parquet`` beside it."""
    return out.with_name(f"{out.stem}.readings.parquet")


def _column(source: MapSource, figure: str) -> str:
    height, width = source.grid
    return "|".join((source.kind, source.name, source.layer, f"{height}x{width}", figure))


def _padded(values: Float64 | np.ndarray[Any, np.dtype[np.float32]], rows: int) -> pa.Array:
    """Return a column of ``rows``, null after the last value; NaN stays NaN."""
    filled = np.full(rows, np.nan, values.dtype)
    filled[: len(values)] = values
    return pa.array(filled, mask=np.arange(rows) >= len(values), from_pandas=False)


def write_readings(file: Path, readings: EvidenceReadings) -> None:
    """Write or replace the file; nothing where no face was answered."""
    faces = readings.faces
    if faces is None:
        return
    rows = len(faces)
    columns: dict[str, pa.Array] = {
        "label": pa.array(faces.labels.astype(np.int8)),
        "answer": pa.array(faces.answers.astype(np.int8)),
        "cue": pa.nulls(rows, pa.int8()) if faces.cues is None else pa.array(faces.cues.astype(np.int8)),
        "area": pa.array(faces.area),
    }
    for source, figures in readings.figures.items():
        columns |= {_column(source, name): _padded(figures[:, at], rows) for at, name in enumerate(KEPT)}
    said = {
        "settings": readings.settings,
        "done": readings.done,
        "refused": readings.refused,
        "not_scored": list(readings.not_scored),
        "maps": [[source.kind, source.name, source.layer, *source.grid] for source in readings.figures],
    }
    table = pa.table(columns).replace_schema_metadata({_KEY: json.dumps(said).encode()})
    floats = [field.name for field in table.schema if pa.types.is_floating(field.type)]
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=f".{file.name}-") as folder:
        partial = Path(folder) / file.name
        pq.write_table(table, partial, compression="zstd", use_dictionary=False, use_byte_stream_split=floats)
        partial.replace(file)


def read_readings(file: Path, settings: Mapping[str, Any]) -> EvidenceReadings | None:
    """Read the file; None where there is none.

    Args:
        file: as :func:`readings_file` says.
        settings: what the readings must have been made with.

    Raises:
        DataError: the file is damaged, or was made with other settings.
    """
    try:
        table = pq.read_table(file)
        said = json.loads(table.schema.metadata[_KEY])
        came = dict(said["settings"])
        readings = _readings(table, said)
    except FileNotFoundError:
        return None
    except (OSError, pa.ArrowException, AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"Expected readings of faces in '{file.name}', but it is damaged; remove it, and the same command measures "
            "anew."
        ) from error
    differing = sorted(name for name in {**came, **settings} if came.get(name) != settings.get(name))
    if differing:
        raise DataError(
            f"'{file.name}' holds readings of another {' and '.join(differing)} than are asked for; remove it to "
            "measure anew, or choose another --out."
        )
    return readings


def _int64(table: pa.Table, name: str) -> Int64:
    return np.asarray(table[name].to_numpy(), np.int64)


def _readings(table: pa.Table, said: Mapping[str, Any]) -> EvidenceReadings:
    readings = EvidenceReadings(said["settings"])
    marked = table["cue"].null_count == 0
    readings.faces = AnsweredFaces(
        _int64(table, "label"),
        _int64(table, "answer"),
        _int64(table, "cue") if marked else None,
        np.asarray(table["area"].to_numpy(), np.float64),
    )
    readings.done = {str(task): int(count) for task, count in said["done"].items()}
    readings.refused = {str(name): str(why) for name, why in said["refused"].items()}
    readings.not_scored = tuple(str(name) for name in said["not_scored"])
    for kind, name, layer, height, width in said["maps"]:
        if kind not in _KINDS or (kind == "method" and name not in METHODS):
            raise ValueError(f"expected a map of this version, got {kind} {name}")
        source = MapSource(kind, name, layer, (int(height), int(width)))
        done = readings.done[task_of(source)]
        figures = [table[_column(source, figure)].slice(0, done).to_numpy() for figure in KEPT]
        readings.figures[source] = np.stack(figures, axis=1).astype(np.float32)
    if readings.read(ANSWERS) != len(table) or max(readings.done.values()) > len(table):
        raise ValueError(f"expected {readings.read(ANSWERS)} faces, got {len(table)}")
    return readings
