"""The table of a film: one row a face and frame, as CSV, complete up to the latest frame at any moment."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Self

from engine.errors import FilmError
from engine.live.frame import LiveFrame
from engine.media.film_writer import check_new


def table_columns(classes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns' names.

    ``frame`` counts from 0; times are in seconds, boxes in pixels of the upright frame; ``seen`` is 1 where the face
    was seen in the frame and 0 where its place is predicted. ``label`` and ``p_...`` are smoothed, ``raw_label`` is
    not.
    """
    places = ("frame", "time_seconds", "track", "seen", "left", "top", "width", "height")
    return (*places, "label", "confidence", "raw_label", *(f"p_{name}" for name in classes))


class TracksTable:
    """A CSV file being written; use it in a ``with`` block.

    Raises:
        FilmError: the file exists already, or cannot be written.
    """

    def __init__(self, path: Path, classes: tuple[str, ...]) -> None:
        check_new(path)
        self.path = path
        try:
            # Line by line, so that a broken-off run leaves whole rows.
            self._file = path.open("x", encoding="utf-8", newline="", buffering=1)
        except OSError as error:
            raise FilmError(f"'{path.name}' cannot be written ({error.strerror}); choose another name.") from error
        self._rows = csv.writer(self._file, lineterminator="\n")
        self._rows.writerow(table_columns(classes))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, live: LiveFrame) -> None:
        """Add a row for each face of the frame."""
        for face in live.faces:
            reading = face.reading
            self._rows.writerow(
                (
                    live.index,
                    f"{live.timestamp_seconds:.4f}",
                    face.track,
                    int(face.seen),
                    *face.box.as_list(),
                    reading.label,
                    f"{reading.confidence:.4f}",
                    reading.raw_label,
                    *(f"{value:.4f}" for value in reading.probabilities),
                )
            )
