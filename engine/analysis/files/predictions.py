"""``predictions.parquet``: one row a picture, its columns and how blocks of rows become one file.

Columns (K classes; every map is a spatial gate or a Grad-CAM, every gate a tap's name):

- ``id``, ``source``, ``label``, ``predicted`` (class names), ``correct``, ``duplicate_group`` (equal numbers: equal
  pixels), ``in_train`` (an exact copy is in the training set; null where that is not known);
- ``near_group``: equal numbers look alike (:mod:`engine.analysis.sweep.finish`); null where that is not looked for, and
  older files do not have the column;
- ``p_<class>`` in [0, 1]; ``confidence``, the predicted class's; ``loss`` = -log p(label), nats; ``margin`` = p(label)
  - the largest other p, from -1 to 1;
- ``x``, ``y``: the features' first two principal components; ``suspicion`` in [0, 1] and ``suggested`` (class or null),
  see :mod:`engine.analysis.sweep.finish`;
- per channel gate ``<gate>.entropy`` (nats) and ``<gate>.peak`` (channel);
- per map ``<map>.entropy`` (nats), ``<map>.peak_row``, ``<map>.peak_column`` (cells of the native grid),
  ``<map>.centre_x``, ``<map>.centre_y`` (fractions of the picture), ``<map>.mass.<region>`` (shares that sum to 1).
  They are null where a map has nothing positive, as a Grad-CAM without evidence.

One model's ``predictions.parquet``, looked at before it is used: is it there, whole, of this format?
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from engine.analysis.files.places import FORMAT, PREDICTIONS, analysis_folder, analyze_command, check_format
from engine.analysis.files.sums import check_sum, sum_of
from engine.analysis.sweep.statistics import entropy_and_places, entropy_nats, peak_channel
from engine.documents import BAD_VALUES, parse_document
from engine.edit.face_template import REGIONS, PictureRegions
from engine.errors import DataError
from engine.models.checkpoint import find_checkpoint, read_card

Columns = dict[str, Any]
"""Column name → pyarrow array."""

ROW_GROUP: Final = 16_384
"""Rows to a row group of the finished file: held in memory at a time, and read to show one picture."""

METADATA_KEY: Final = b"ferlens"


def answer_columns(
    probabilities: NDArray[np.float32], log_loss: NDArray[np.float64], labels: NDArray[np.int64], names: tuple[str, ...]
) -> Columns:
    """Return the columns that come from the answers: probabilities (B, K), -log p(label) (B,), labels (B,)."""
    rows = np.arange(len(labels))
    predicted = probabilities.argmax(axis=1)
    others = probabilities.copy()
    others[rows, labels] = -1.0
    words = pa.array(names)

    def named(indices: NDArray[np.int64]) -> Any:
        return pa.DictionaryArray.from_arrays(pa.array(indices.astype(np.int16)), words)

    return {
        "label": named(labels),
        "predicted": named(predicted),
        "correct": pa.array(predicted == labels),
        "confidence": pa.array(probabilities[rows, predicted]),
        "loss": pa.array(log_loss.astype(np.float32)),
        "margin": pa.array(probabilities[rows, labels] - others.max(axis=1)),
        **{f"p_{name}": pa.array(np.ascontiguousarray(probabilities[:, k])) for k, name in enumerate(names)},
    }


def _or_null(values: NDArray[np.floating], kind: Any) -> Any:
    missing = ~np.isfinite(values)
    return pa.array(np.where(missing, 0, values), mask=missing).cast(kind)


def map_columns(name: str, maps: NDArray[np.float32], regions: PictureRegions) -> Columns:
    """Return the columns of one map: (B, h, w) and the pictures' regions."""
    entropy, where = entropy_and_places(maps)
    masses = regions.masses(maps)
    return {
        f"{name}.entropy": _or_null(entropy, pa.float32()),
        f"{name}.peak_row": _or_null(where.peak_row, pa.int16()),
        f"{name}.peak_column": _or_null(where.peak_column, pa.int16()),
        f"{name}.centre_x": _or_null(where.centre_x, pa.float32()),
        f"{name}.centre_y": _or_null(where.centre_y, pa.float32()),
        **{f"{name}.mass.{region}": _or_null(masses[:, k], pa.float32()) for k, region in enumerate(REGIONS)},
    }


def channel_columns(name: str, gates: NDArray[np.float32]) -> Columns:
    """Return the columns of one channel gate (B, C)."""
    return {
        f"{name}.entropy": _or_null(entropy_nats(gates), pa.float32()),
        f"{name}.peak": pa.array(peak_channel(gates).astype(np.int16)),
    }


def write_rows(file: Path, tables: Iterable[pa.Table], metadata: Mapping[str, Any]) -> int:
    """Write tables of one schema into one file of large row groups; return how many rows there are."""
    written = waiting = 0
    held: list[pa.Table] = []
    writer: pq.ParquetWriter | None = None
    try:
        for table in tables:
            if writer is None:
                said = {METADATA_KEY: json.dumps(dict(metadata), sort_keys=True).encode()}
                floats = [field.name for field in table.schema if pa.types.is_floating(field.type)]
                writer = pq.ParquetWriter(
                    file,
                    table.schema.with_metadata(said),
                    compression="zstd",
                    use_dictionary=[name for name in table.column_names if name not in floats],
                    use_byte_stream_split=floats,
                )
            held.append(table)
            waiting += len(table)
            if waiting >= ROW_GROUP:
                writer.write_table(pa.concat_tables(held), row_group_size=waiting)
                written, waiting, held = written + waiting, 0, []
        if writer is None:
            raise ValueError("expected one or more tables to write, got none")
        if held:
            writer.write_table(pa.concat_tables(held), row_group_size=max(waiting, 1))
    finally:
        if writer is not None:
            writer.close()
    return written + waiting


NEEDED: Final = (
    "id", "source", "label", "predicted", "correct", "confidence", "loss", "margin", "duplicate_group", "in_train", "x",
    "y", "suspicion", "suggested",
)  # fmt: skip
"""What every file has, beside a probability for each class."""

LATER: Final = ("near_group",)
"""What files have that were made since it exists; older ones are read, too."""


@dataclass(frozen=True, eq=False)
class PredictionSource:
    """A file of predictions.

    Attributes:
        model: the model's name. file: where it lies.
        classes: K names. rows: how many pictures.
        kinds: column → ``number``, ``text`` or ``flag``.
        metadata: what the file says it was made with.
        rebuild: the command that makes it again.
    """

    model: str
    file: Path
    classes: tuple[str, ...]
    rows: int
    kinds: dict[str, str]
    metadata: dict[str, Any]
    rebuild: str

    def damaged(self) -> DataError:
        """Return the error that says which file and how to make it again."""
        return damaged(self.model, self.file, self.rebuild)

    @property
    def core(self) -> tuple[str, ...]:
        """The columns that do not belong to a gate."""
        later = (name for name in LATER if name in self.kinds)
        return (*NEEDED, *later, *(f"p_{name}" for name in self.classes))

    def row(self, number: int) -> dict[str, Any]:
        """Return every column of row ``number``, reading one row group.

        Raises:
            DataError: the file is damaged.
        """
        try:
            with pq.ParquetFile(self.file) as opened:
                for group in range(opened.num_row_groups):
                    length = opened.metadata.row_group(group).num_rows
                    if number < length:
                        found: dict[str, Any] = opened.read_row_group(group).slice(number, 1).to_pylist()[0]
                        return found
                    number -= length
        except (OSError, pa.ArrowException) as error:
            raise self.damaged() from error
        raise self.damaged()


def damaged(model: str, file: Path, rebuild: str) -> DataError:
    """Return the error that says which file is damaged and how to make it again."""
    return DataError(f"'{file.parent.name}/{file.name}' of '{model}' is damaged; make it again with: {rebuild}")


def _kind(of: pa.DataType) -> str:
    if pa.types.is_boolean(of):
        return "flag"
    return "number" if pa.types.is_floating(of) or pa.types.is_integer(of) else "text"


_MAY_BE_NULL: Final = ("in_train", "near_group", "suggested")
_OF_KIND: Final = {
    "text": ("id", "source", "label", "predicted", "suggested"),
    "flag": ("correct", "in_train"),
    "number": ("confidence", "loss", "margin", "duplicate_group", "x", "y", "suspicion"),
}
_CLASS_NAMES: Final = ("label", "predicted", "suggested")
_SHOWN: Final = 40
"""Characters of a foreign value, in a message."""


@lru_cache(maxsize=64)
def _wrong_value(file: Path, digest: str, classes: tuple[str, ...]) -> str:  # noqa: ARG001  # the digest is the cache's key
    """Say what in a file's columns nothing of ours wrote; empty where all is well.

    Columns of gates may hold nulls and are not looked at.
    """
    answers = tuple(f"p_{name}" for name in classes)
    kinds = {name: kind for kind, names in _OF_KIND.items() for name in names} | dict.fromkeys(answers, "number")
    try:
        with pq.ParquetFile(file) as opened:
            later = [name for name in LATER if name in opened.schema_arrow.names]
            table = opened.read(columns=[*kinds, *later])
        table.validate(full=True)
    except (OSError, pa.ArrowException) as error:
        return f"it cannot be read: {type(error).__name__}"
    found = (*_wrong_kinds(table, kinds), *_missing(table), *_foreign(table, classes), *_no_numbers(table, answers))
    return next(iter(found), "")


def _wrong_kinds(table: pa.Table, kinds: Mapping[str, str]) -> Iterator[str]:
    for name, kind in kinds.items():
        came = table.schema.field(name).type
        if _kind(came) != kind:
            yield f"expected a {kind} in '{name}', got {came}"


def _missing(table: pa.Table) -> Iterator[str]:
    for name in table.column_names:
        if name not in _MAY_BE_NULL and table.column(name).null_count:
            yield f"'{name}' has values that are missing"
    if len(table.column("id").unique()) != len(table):
        yield "a picture is in it twice"


def _foreign(table: pa.Table, classes: tuple[str, ...]) -> Iterator[str]:
    for name in _CLASS_NAMES:
        foreign = set(table.column(name).unique().to_pylist()) - {*classes, None}
        if foreign:
            yield f"'{name}' holds {ascii(min(foreign, key=str))[:_SHOWN]}, which is none of its classes"


def _no_numbers(table: pa.Table, answers: tuple[str, ...]) -> Iterator[str]:
    for name in ("confidence", *answers):
        column = table.column(name)
        if _kind(column.type) == "number" and not np.isfinite(column.to_numpy()).all():
            yield f"'{name}' holds what is no number"


def look_at(model: str, file: Path, rebuild: str) -> PredictionSource:
    """Read the file's schema and metadata.

    Raises:
        DataError: it is missing, damaged, or of another format.
    """
    if not file.is_file():
        raise DataError(f"There is no '{file.parent.name}/{file.name}' of '{model}'; make it with: {rebuild}")
    check_sum(file, rebuild, of=model)
    try:
        with pq.ParquetFile(file) as opened:
            schema, rows = opened.schema_arrow, opened.metadata.num_rows
        metadata = parse_document(schema.metadata[METADATA_KEY])
        known = metadata.get("format")
        check_format(f"'{file.parent.name}/{file.name}' of '{model}'", known, FORMAT, rebuild)
        classes = tuple(metadata["classes"])
    except (OSError, pa.ArrowException, *BAD_VALUES) as error:
        raise damaged(model, file, rebuild) from error
    kinds = {field.name: _kind(field.type) for field in schema}
    missing = [name for name in (*NEEDED, *(f"p_{name}" for name in classes)) if name not in kinds]
    if missing or rows != metadata.get("pictures"):
        raise damaged(model, file, rebuild)
    wrong = _wrong_value(file, sum_of(file), classes)
    if wrong:
        raise DataError(
            f"'{file.parent.name}/{file.name}' of '{model}' is damaged ({wrong}); make it again with: {rebuild}"
        )
    return PredictionSource(model, file, classes, rows, kinds, metadata, rebuild)


def find_predictions(
    models: Sequence[str], dataset: str, split: str, *, folder: Path | None = None
) -> tuple[PredictionSource, ...]:
    """Find the analyses of checkpoints, by name or path, on a split.

    Args:
        folder: where names are looked up; default the checkpoints' folder.

    Raises:
        UnknownNameError: no such model. DataError: an analysis is missing, damaged, or of other weights.
    """
    found = []
    for name in models:
        checkpoint = find_checkpoint(name, folder)
        place = analysis_folder(checkpoint, dataset, split)
        rebuild = analyze_command(checkpoint.name, dataset, split, force=place.exists())
        source = look_at(checkpoint.name, place / PREDICTIONS, rebuild)
        if source.metadata.get("weights_sha256") != read_card(checkpoint).weights_sha256:
            raise DataError(
                f"The analysis '{dataset}-{split}' of '{checkpoint.name}' was made with other weights than the "
                f"checkpoint has now; make it again with: {rebuild}"
            )
        found.append(source)
    return tuple(found)
