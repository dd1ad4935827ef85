"""One model's ``predictions.parquet``, looked at before it is used: is it there, whole, of this format?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from engine.analysis.files.places import FORMAT, PREDICTIONS, analysis_folder, analyze_command
from engine.analysis.files.predictions import METADATA_KEY
from engine.errors import DataError
from engine.models.checkpoint import find_checkpoint, read_card

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


def look_at(model: str, file: Path, rebuild: str) -> PredictionSource:
    """Read the file's schema and metadata.

    Raises:
        DataError: it is missing, damaged, or of another format.
    """
    if not file.is_file():
        raise DataError(f"There is no '{file.parent.name}/{file.name}' of '{model}'; make it with: {rebuild}")
    try:
        with pq.ParquetFile(file) as opened:
            schema, rows = opened.schema_arrow, opened.metadata.num_rows
        metadata = json.loads(schema.metadata[METADATA_KEY])
        classes = tuple(metadata["classes"])
        known = metadata["format"]
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError) as error:
        raise damaged(model, file, rebuild) from error
    if known != FORMAT:
        raise DataError(
            f"'{file.parent.name}/{file.name}' of '{model}' is of another version of FERLens; make it again with: "
            f"{rebuild}"
        )
    kinds = {field.name: _kind(field.type) for field in schema}
    missing = [name for name in (*NEEDED, *(f"p_{name}" for name in classes)) if name not in kinds]
    if missing or rows != metadata.get("pictures"):
        raise damaged(model, file, rebuild)
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
