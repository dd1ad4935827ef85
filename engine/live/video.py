"""A film through the live pipeline: an annotated film, a table of the tracks, and a summary.

The table of a film: one row a face and frame, as CSV, which has its name once it is finished.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self, get_args

from engine.errors import FilmError, StorageError, UsageError
from engine.live.annotate import Drawing, annotate
from engine.live.frame import LiveFrame
from engine.live.pipeline import LivePipeline, LiveSettings
from engine.media.faces import FaceDetector
from engine.media.film import Film, FilmFrame, FilmSource, open_film
from engine.media.film_writer import FilmWriter, check_new
from engine.predict.face_model import FaceModel
from engine.records import UInt8
from engine.writing.whole import says_full, whole_file


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
        self._place = ExitStack()
        try:
            # Line by line, so that a full disk is noticed at once.
            part = self._place.enter_context(whole_file(path))
            self._file = part.open("x", encoding="utf-8", newline="", buffering=1)
        except OSError as error:
            raise FilmError(f"'{path.name}' cannot be written ({error.strerror}); choose another name.") from error
        self._rows = csv.writer(self._file, lineterminator="\n")
        self._begun = False
        try:
            self._add(table_columns(classes))
        except StorageError as error:
            self.__exit__(type(error), error, error.__traceback__)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A full disk, here or for what is written beside it; or nothing was tabled before something else went wrong.
        if isinstance(error, StorageError) or (error is not None and not self._begun):
            with suppress(OSError):
                self._file.close()
            self._place.__exit__(kind, error, trace)
            return
        with self._place, says_full(self.path):  # whatever else broke it off, its rows are whole
            self._file.close()

    def write(self, live: LiveFrame) -> None:
        """Add a row for each face of the frame. Raises StorageError where the disk is full."""
        self._begun = True
        for face in live.faces:
            reading = face.reading
            self._add(
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

    def _add(self, cells: Sequence[object]) -> None:
        with says_full(self.path):
            self._rows.writerow(cells)


FILM_SETTINGS: Final = LiveSettings(detect_side=640)
"""A film need not keep up with a camera, so that smaller faces can be looked for."""

OnFrame = Callable[[LiveFrame, UInt8], object]
"""Called with each frame's faces and its annotated picture (H, W, 3) uint8 RGB; False stops the film there."""
Progress = Callable[[int, int | None], None]
"""Called with the frames done and those expected (None: not known)."""
End = Literal["end", "stopped", "limit", "cut short"]


@dataclass(frozen=True)
class VideoSummary:
    """What became of a film.

    Attributes:
        source: its name, without any folder.
        model: the checkpoint's name.
        frames: how many were processed.
        seconds: time of the last of them, from the first.
        width, height: of a frame, in pixels.
        frames_per_second: as the film says; None where it does not.
        frames_with_faces: frames that show one face or more.
        tracks: how many different faces were told apart.
        ended: ``end`` of the film, ``stopped`` by the caller, at the caller's ``limit``, or ``cut short``: the film has
            fewer frames than it says.
        codec: of the annotated film; None where none was written.
        notes: plain sentences about it.
    """

    source: str
    model: str
    frames: int
    seconds: float
    width: int
    height: int
    frames_per_second: float | None
    frames_with_faces: int
    tracks: int
    ended: End
    codec: str | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.ended not in get_args(End) or not 0 <= self.frames_with_faces <= self.frames:
            raise ValueError(
                f"expected an end among {get_args(End)} and no more frames with faces than frames, got {self.ended}, "
                f"{self.frames_with_faces} of {self.frames}"
            )

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON-ready document."""
        return {
            "source": self.source,
            "model": self.model,
            "frames": self.frames,
            "seconds": round(self.seconds, 3),
            "width": self.width,
            "height": self.height,
            "frames_per_second": None if self.frames_per_second is None else round(self.frames_per_second, 3),
            "frames_with_faces": self.frames_with_faces,
            "tracks": self.tracks,
            "ended": self.ended,
            "codec": self.codec,
            "notes": list(self.notes),
        }


def process_film(  # noqa: PLR0913 - all but two are options, given by name
    model: FaceModel,
    detector: FaceDetector,
    source: FilmSource,
    *,
    output: str | Path | None = None,
    table: str | Path | None = None,
    on_frame: OnFrame | None = None,
    settings: LiveSettings = FILM_SETTINGS,
    drawing: Drawing | None = None,
    limit_seconds: float | None = None,
    progress: Progress | None = None,
) -> VideoSummary:
    """Find, follow and read the faces of a film, frame by frame.

    Args:
        model: reads the faces. detector: finds them.
        source: a path, a stream's URL, or a camera's index.
        output: a new file for the annotated film (.mp4, .webm or .avi), or None. Whatever interrupts the work, what was
            written by then can be played; after ``kill -9``, or where the disk is full, there is nothing.
        table: a new CSV file for the tracks, or None; see :func:`engine.live.video.table_columns`.
        on_frame: see :data:`OnFrame`.
        settings: of the pipeline.
        drawing: how to annotate.
        limit_seconds: stop after so much of the film; a camera has no end of its own.
        progress: see :data:`Progress`.

    Raises:
        FilmError: the film cannot be read, or a file not be written.
        UsageError: an option makes no sense.
    """
    if limit_seconds is not None and not limit_seconds > 0.0:
        raise UsageError(f"Expected a limit of more than 0 seconds, got {limit_seconds}; choose another.")
    for file in (output, table):
        if file is not None:
            check_new(Path(file))
    pipeline = LivePipeline(model, detector, settings=settings)
    with ExitStack() as stack:
        film = stack.enter_context(open_film(source))
        outputs = _Outputs(on_frame, drawing)
        if table is not None:  # first, so that it is finished last, right after the film, which takes longer
            outputs.rows = stack.enter_context(TracksTable(Path(table), model.classes))
        if output is not None:
            rate = film.frames_per_second
            outputs.writer = stack.enter_context(FilmWriter(Path(output), film.width, film.height, rate))
        tally = _Tally()
        for frame in film.frames():
            if limit_seconds is not None and frame.seconds >= limit_seconds:
                tally.ended = "limit"
                break
            live = pipeline.process(frame.pixels, frame.seconds)
            tally.add(live)
            if progress is not None:
                progress(tally.frames, film.expected_frames)
            if not outputs.take(frame, live):
                tally.ended = "stopped"
                break
        return tally.summary(film, model.card.name, outputs.writer)


@dataclass
class _Outputs:
    """Where each frame goes."""

    on_frame: OnFrame | None
    drawing: Drawing | None
    writer: FilmWriter | None = None
    rows: TracksTable | None = None

    def take(self, frame: FilmFrame, live: LiveFrame) -> bool:
        """Hand the frame on; return whether to go on."""
        if self.rows is not None:
            self.rows.write(live)
        if self.writer is None and self.on_frame is None:
            return True
        picture = annotate(frame.pixels, live, self.drawing)
        if self.writer is not None:
            self.writer.write(picture, frame.seconds)
        return self.on_frame is None or self.on_frame(live, picture) is not False


class _Tally:
    """Counts of a running film."""

    def __init__(self) -> None:
        self.frames = self.with_faces = 0
        self.seconds = 0.0
        self.tracks: set[int] = set()
        self.ended: End = "end"

    def add(self, live: LiveFrame) -> None:
        self.frames += 1
        self.seconds = live.timestamp_seconds
        self.with_faces += bool(live.faces)
        self.tracks.update(face.track for face in live.faces)

    def summary(self, film: Film, model: str, writer: FilmWriter | None) -> VideoSummary:
        notes = []
        if self.ended == "end" and film.damaged:
            self.ended = "cut short"
            notes.append(
                f"Not all of '{film.name}' can be decoded: it is cut short or damaged. The {self.frames} frames that "
                "can are kept."
            )
        if self.frames and not self.tracks:
            notes.append("No face was found in any frame.")
        codec = None if writer is None else writer.codec
        return VideoSummary(
            film.name, model, self.frames, self.seconds, film.width, film.height, film.frames_per_second,
            self.with_faces, len(self.tracks), self.ended, codec, tuple(notes),
        )  # fmt: skip
