"""What was read of built-in faces, face by face: the model's answer, and how well each map agrees with the evidence.

Readings grow. Each *task* (the answers with the gates, each method, the references on each grid) has read the first so
many faces of the split, and another run may take it further or add a task. So methods of very different cost share one
file, each with its own number of faces, and any two that have read a face can be compared on it.

The enrichment is not kept, for it follows from the mass and the evidence's area.

Readings of faces as one Parquet file beside the result: a row a face, three columns a map.

It is written anew after every batch, beside its place and then renamed, so that a run can be killed at any moment and
the next one goes on. A map that has read fewer faces than were answered has nulls for the others; NaN means a face
without evidence, or an empty map.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from engine.data.dataset import Int64
from engine.documents import BAD_VALUES, parse_document
from engine.errors import DataError
from engine.evidence.report import MapSource
from engine.evidence.scores import Bool, EvidenceScores, enrichment_of
from engine.explain.methods.registry import METHODS
from engine.records import Float32
from engine.statistics.maps import Float64
from engine.writing.whole import whole_file

ANSWERS: Final = "answers"
"""The task of answering the faces and reading the gates, which every other one follows."""

KEPT: Final = ("hit", "mass", "off_face")
"""The figures that are kept of each map of each face, the columns of :attr:`EvidenceReadings.figures`."""


def references_task(grid: tuple[int, int]) -> str:
    """Return the name of the task of judging the references on a grid."""
    return f"references {grid[0]}x{grid[1]}"


def task_of(source: MapSource) -> str:
    """Return the task that reads a map."""
    return {"method": source.name, "gate": ANSWERS, "reference": references_task(source.grid)}[source.kind]


@dataclass(frozen=True, eq=False)
class AnsweredFaces:
    """The first N faces of a split.

    Attributes:
        labels: int64 (N,), what each shows.
        answers: int64 (N,), what the model answered; -1 where there is no evidence, for those are not asked.
        cues: int64 (N,), the class of the planted mark, or None where none is planted.
        area: float64 (N,), the evidence's share of the picture; 0 without evidence.
    """

    labels: Int64
    answers: Int64
    cues: Int64 | None
    area: Float64

    def __post_init__(self) -> None:
        shapes = {values.shape for values in (self.labels, self.answers, self.cues, self.area) if values is not None}
        if len(shapes) != 1 or self.labels.ndim != 1:
            raise ValueError(f"expected one value a face in each, got {sorted(shapes)}")

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def evident(self) -> Bool:
        """Bool (N,): faces with evidence, the only ones that maps are judged on."""
        return np.asarray(self.area > 0.0)

    def join(self, more: AnsweredFaces) -> AnsweredFaces:
        """Return these faces and the next ones."""
        cues = None if self.cues is None or more.cues is None else np.concatenate([self.cues, more.cues])
        return AnsweredFaces(
            np.concatenate([self.labels, more.labels]),
            np.concatenate([self.answers, more.answers]),
            cues,
            np.concatenate([self.area, more.area]),
        )


class EvidenceReadings:
    """Readings that grow, task by task; not to be shared between threads while they do.

    Attributes:
        settings: what they depend on, JSON-ready: model, weights, split, variant, seed and the methods' set-up.
        faces: the first N faces; None before any was answered.
        done: task → of how many faces, the first of the split, it has read.
        figures: map → float32 (n, 3), n as its task has done, columns as :data:`KEPT`; NaN where the face has no
            evidence or the map is empty.
        refused: method → why this model cannot be explained so.
        not_scored: gates without a map over the picture.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = dict(settings)
        self.faces: AnsweredFaces | None = None
        self.done: dict[str, int] = {}
        self.figures: dict[MapSource, Float32] = {}
        self.refused: dict[str, str] = {}
        self.not_scored: tuple[str, ...] = ()

    def read(self, task: str) -> int:
        """Return how many faces a task has read."""
        return self.done.get(task, 0)

    def grids(self) -> dict[tuple[int, int], int]:
        """Return each grid that a method or gate has, and how many faces were read on it at most."""
        found: dict[tuple[int, int], int] = {}
        for source, figures in self.figures.items():
            if source.kind != "reference":
                found[source.grid] = max(found.get(source.grid, 0), len(figures))
        return found

    def answer(self, faces: AnsweredFaces) -> None:
        """Add the next faces with their answers; call it before anything is read of their maps."""
        self.faces = faces if self.faces is None else self.faces.join(faces)

    def add(self, task: str, start: int, stop: int, scores: Mapping[MapSource, EvidenceScores]) -> None:
        """Add what a task has read of the faces ``start`` to ``stop`` - 1, which were answered before.

        Args:
            task: whose maps these are.
            start: what the task has read so far, or more where the faces between have no evidence.
            stop: beyond the last.
            scores: for each map, those of the faces with evidence, in order; none where no face has any.

        Raises:
            ValueError: faces would be left out, read twice, or read before they are answered.
        """
        if self.faces is None or not self.read(task) <= start < stop <= len(self.faces):
            raise ValueError(
                f"expected faces from {self.read(task)} to {0 if self.faces is None else len(self.faces)} for {task}, "
                f"got {start} to {stop}"
            )
        evident = self.faces.evident
        if evident[self.read(task) : start].any():
            raise ValueError(f"expected {task} to go on at face {self.read(task)}, got {start}")
        own = {source: figures for source, figures in self.figures.items() if task_of(source) == task}
        for source in {**own, **scores}:
            grown = np.full((stop, len(KEPT)), np.nan, np.float32)
            if source in own:
                grown[: len(own[source])] = own[source]
            if source in scores:
                columns = [getattr(scores[source], name) for name in KEPT]
                grown[np.flatnonzero(evident[:stop] & (np.arange(stop) >= start))] = np.stack(columns, axis=1)
            self.figures[source] = grown
        self.done[task] = stop

    def scores(self, source: MapSource, first: int) -> EvidenceScores:
        """Return a map's scores of those of the ``first`` faces that have evidence, in order."""
        if self.faces is None or first > len(self.figures[source]):
            raise ValueError(f"expected at most {len(self.figures[source])} faces of {source}, got {first}")
        keep = self.faces.evident[:first]
        hit, mass, off_face = self.figures[source][:first][keep].astype(np.float64).T
        area: NDArray[np.float64] = self.faces.area[:first][keep]
        return EvidenceScores(hit, mass, enrichment_of(mass, area), off_face, np.isnan(hit))


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
    with whole_file(file) as part:
        pq.write_table(table, part, compression="zstd", use_dictionary=False, use_byte_stream_split=floats)


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
        said = parse_document(table.schema.metadata[_KEY])
        came = dict(said["settings"])
        readings = _readings(table, said)
    except FileNotFoundError:
        return None
    except (OSError, pa.ArrowException, *BAD_VALUES) as error:
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
