"""Films on the Video page: read through the engine in a temporary folder that is gone afterwards, held in memory."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard.doors.own_folder import own_folder
from dashboard.live.choices import Choices
from dashboard.shell import loaders
from dashboard.shell.costs import Work
from dashboard.shell.long_work import Tell
from dashboard.views.video.figures.timeline import FaceTimeline, timelines
from engine.draw.overlay import png_bytes
from engine.errors import FilmError, UsageError
from engine.live.pipeline import overlay_layers
from engine.media.film import frame_at, open_film
from engine.media.film_writer import FilmWriter
from engine.records import RunCard, UInt8

if TYPE_CHECKING:
    from engine.live.video import VideoSummary

FILMS: Final = "FERLENS_VIDEO_FILMS"
SECONDS: Final = "FERLENS_VIDEO_SECONDS"
SETTINGS: Final[dict[str, tuple[int, int]]] = {FILMS: (2, 64), SECONDS: (120, 36_000)}
"""Variable of the environment → default and largest: films read at the same time, and seconds read of each."""
EXAMPLE: Final = "example.webm"
PREFIX: Final = "ferlens-film-"
"""Of the folders that hold a film while it is read."""
_FILM, _TABLE = "annotated.webm", "tracks.csv"


@dataclass(frozen=True)
class NamedFilm:
    """A film file as it came: its name, never a path, its bytes, and their sha256."""

    name: str
    data: bytes = field(repr=False)
    digest: str


@dataclass(frozen=True, eq=False)
class ReadFilm:
    """A film that was read.

    Attributes:
        source: as it came. choices: how it was read. summary: what became of it.
        annotated: the annotated film, a WebM file. table: the tracks, a CSV file.
        faces: a timeline for each face, the one shown longest first.
    """

    source: NamedFilm
    choices: Choices
    summary: VideoSummary
    annotated: bytes = field(repr=False)
    table: bytes = field(repr=False)
    faces: tuple[FaceTimeline, ...]


def limit(name: str) -> int:
    """Return a setting of :data:`SETTINGS`. Raises UsageError where the environment gives no number in range."""
    usual, largest = SETTINGS[name]
    text = os.environ.get(name, str(usual))
    if not text.isdecimal() or not 1 <= int(text) <= largest:
        raise UsageError(f"Expected {name} as a whole number from 1 to {largest}, got '{text}'; choose another.")
    return int(text)


@st.cache_resource(show_spinner=False, max_entries=4)
def _places(count: int) -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(count)


@contextmanager
def _place() -> Iterator[None]:
    """Hold one of the places for films that are read at the same time, by all visitors together."""
    count = limit(FILMS)
    places = _places(count)
    if not places.acquire(blocking=False):
        raise FilmError(
            f"Expected a free place, but this server reads {count} film{'s' if count > 1 else ''} at a time and is "
            "busy; try again in a minute."
        )
    try:
        yield
    finally:
        places.release()


@contextmanager
def _on_disk(film: NamedFilm) -> Iterator[Path]:
    """Lay a film into a temporary folder, as OpenCV reads films from files alone; the folder goes at the end."""
    with own_folder(PREFIX) as folder:
        # Its own folder: what is written beside it cannot have the same name.
        path = folder / "in" / _plain(film.name)
        path.parent.mkdir()
        path.write_bytes(film.data)
        yield path


def _plain(name: str) -> str:
    """Return a name that any file system takes, and that errors can show."""
    return re.sub(r"[^\w. -]", "_", name)[-60:].strip(". ") or "film"


@st.cache_data(show_spinner=False, max_entries=64)
def _layers(name: str, sha256: str, overlay: str) -> tuple[str, ...]:  # noqa: ARG001  # the digest is the cache's key
    return overlay_layers(loaders.predictor(loaders.shelf().card(name)), overlay)


def layers(card: RunCard, overlay: str) -> tuple[str, ...]:
    """Return the layers at which a model's overlay can be taken, from the picture towards the answer."""
    return _layers(card.name, card.weights_sha256, overlay)


def read_film(film: NamedFilm, card: RunCard, choices: Choices, told: Callable[[int, int | None], None]) -> ReadFilm:
    """Read a film with a model; nothing of it stays on the disk, however this ends.

    Args:
        film: the file.
        card: of the model.
        choices: its overlay, layer, opacity and smoothing.
        told: called with the frames done and those expected (None: not known); what it raises ends the work.

    Raises:
        FilmError: it cannot be read, or no place is free.
        UsageError: the choices make no sense, or a setting of the server.
    """
    from engine.live.video import FILM_SETTINGS, process_film  # brings torch: not before it is needed

    settings = replace(choices.settings(), detect_side=FILM_SETTINGS.detect_side)
    longest = limit(SECONDS)
    with _place(), _on_disk(film) as path:
        annotated, table = path.parents[1] / _FILM, path.parents[1] / _TABLE
        predictor = loaders.predictor(card)
        summary = process_film(
            predictor,
            predictor.film_detector,
            path,
            output=annotated,
            table=table,
            settings=settings,
            drawing=replace(choices.drawing(), status=True),
            limit_seconds=longest,
            progress=told,
        )
        rows = table.read_bytes()
        return ReadFilm(film, choices, summary, annotated.read_bytes(), rows, timelines(rows, card.classes))


def read_told(film: NamedFilm, card: RunCard, choices: Choices, tell: Tell) -> ReadFilm:
    """Read a film as work beside the page; see :func:`read_film`."""
    return read_film(film, card, choices, lambda done, expected: tell(done, expected, "frames"))


@st.cache_data(show_spinner=False, max_entries=32)
def _frames(digest: str, name: str, _data: bytes, seconds: int) -> int | None:
    try:
        with _on_disk(NamedFilm(name, _data, digest)) as path, open_film(path) as film:
            expected, rate = film.expected_frames, film.frames_per_second
    except FilmError:
        return None
    return min(expected, round(rate * seconds)) if expected and rate else None


def reading_work(film: NamedFilm, card: RunCard, choices: Choices) -> Work | None:
    """Return what reading a film costs, in frames; None where the film does not say how many it has, or is none."""
    frames = _frames(film.digest, film.name, film.data, limit(SECONDS))
    if not frames:
        return None
    return Work(card.weights_sha256, f"frame of a film, {choices.overlay}", float(frames))


@st.cache_data(show_spinner=False, max_entries=32)
def _frame(digest: str, name: str, _data: bytes, milliseconds: int) -> UInt8:
    with _on_disk(NamedFilm(name, _data, digest)) as path:
        return frame_at(path, milliseconds / 1000).pixels


def frame(film: NamedFilm, seconds: float) -> UInt8:
    """Return the film's own frame at ``seconds``, (H, W, 3) uint8 RGB. Raises FilmError."""
    # Times in the table have four decimals: half a millisecond later is still the same frame.
    return _frame(film.digest, film.name, film.data, int(1000 * seconds) + 1)


def frame_png(film: NamedFilm, seconds: float) -> bytes:
    """Return the same frame as a PNG file, without loss."""
    return png_bytes(frame(film, seconds))


@st.cache_data(show_spinner=False, max_entries=1)
def example_film() -> bytes:
    """Return a short film of two built-in faces as a WebM file; drawing it takes some seconds, once."""
    from engine.benchmarks.scripted_film import Actor, Place, Script, ScriptedFilm

    script = Script(
        "example",
        (
            Actor(
                3, (Place(0, 150, 170, 170), Place(5, 165, 180, 185)), ((0, "neutral"), (1.6, "happy"), (3.4, "sad"))
            ),
            Actor(8, (Place(0, 350, 175, 170), Place(5, 335, 185, 160)), ((0, "surprise"), (2.5, "angry"))),
        ),
        5.0,
        width=480,
        height=360,
        frames_per_second=12.0,
    )
    with own_folder(PREFIX) as folder:
        path = folder / EXAMPLE
        with FilmWriter(path, script.width, script.height, script.frames_per_second) as writer:
            for seconds, picture, _ in ScriptedFilm(script).frames():
                writer.write(picture, seconds)
        return path.read_bytes()
