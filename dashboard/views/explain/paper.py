"""A sheet for a paper: a few pictures through the methods that are shown, as PDF, SVG or PNG, with its caption."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard.report.text import plain
from dashboard.shared import face_loaders
from dashboard.shell import loaders, long_work, map_loaders, sources
from dashboard.shell.cost_loaders import costs
from dashboard.shell.costs import time_words
from dashboard.shell.in_address import in_address
from dashboard.shell.long_work import LongWork, Tell
from dashboard.shell.map_loaders import FaceKey
from dashboard.shell.state import NamedPicture
from engine.errors import PictureError
from engine.explain.methods.registry import METHODS
from engine.explain.methods.settings import Values
from engine.predict.paper_sheet import FORMATS, MOST_PICTURES, SHEET_SCALES, PaperSheet, caption, sheet_bytes
from engine.records import RunCard

if TYPE_CHECKING:
    from engine.records import FaceExplanation

SCALE_WORDS: Final[dict[str, str]] = {"shared": "one range a method", "own": "one range a map"}
_WORK: Final = "sheet"
_MADE: Final = "sheet_made"


@dataclass(frozen=True)
class Wanted:
    """What is to be on the sheet.

    Attributes:
        card: the model's. layer: where methods that need one look. target: as ``asked.targets`` words it: a class, a
            contrast, or ``predicted``. methods: method → the values of its settings. scale: of SHEET_SCALES.
        colors, opacity: of the maps.
    """

    card: RunCard
    layer: str
    target: str
    methods: tuple[tuple[str, Values], ...]
    scale: str
    colors: str
    opacity: float


def show_paper(wanted: Wanted, pictures: Sequence[NamedPicture], *, whole: bool) -> None:
    """Draw the choice of pictures and scale, the button with its price, and the files when they are made.

    Args:
        wanted: what is on it; its scale is chosen here. pictures: those chosen on the page. whole: no face is looked
            for.
    """
    with st.expander("A sheet for a paper", icon=":material/picture_as_pdf:", key="paper", bind="query-params"):
        titles = ", ".join(METHODS[name].title for name, _ in wanted.methods)
        st.markdown(
            plain(
                f"Each picture is a row, each method a column: {titles}. In PDF and SVG words are words; "
                "the PNG has 300 dots an inch. The caption below says model, layer, methods, scale and n."
            )
        )
        offered = _offered(pictures)
        usual = tuple(one.name for one in pictures)[:MOST_PICTURES]
        names = st.multiselect(
            f"Pictures, {MOST_PICTURES} at most",
            list(offered),
            default=usual,
            max_selections=MOST_PICTURES,
            key=f"sheet_pictures.{hash(usual)}",
        )
        with in_address("sheet_scale", "sheet_scale", SHEET_SCALES, SHEET_SCALES[0], "scale"):
            scale = st.segmented_control(
                "Scale of the sheet",
                SHEET_SCALES,
                default=SHEET_SCALES[0],
                required=True,
                format_func=SCALE_WORDS.__getitem__,
                key="sheet_scale",
            )
        chosen = [offered[name] for name in names]
        if not chosen:
            st.caption("Choose one picture or more.")
            return
        _make(replace(wanted, scale=scale), chosen, whole=whole)


def _offered(pictures: Sequence[NamedPicture]) -> Mapping[str, NamedPicture]:
    """Return name → picture: those chosen on the page, then the samples."""
    found = {one.name: one for one in pictures}
    for sample in loaders.samples():
        named = sources.named_sample(sample.key)
        found.setdefault(named.name, named)
    return found


def price(wanted: Wanted, pictures: int) -> float | None:
    """Return how many seconds the maps take, by what was measured here; None where something was not."""
    seconds = 0.0
    for name, values in wanted.methods:
        layer = wanted.layer if METHODS[name].needs_layer else ""
        promised = costs().promise(face_loaders.map_work(wanted.card, name, layer, values))
        if promised is None:
            return None
        seconds += pictures * promised
    return seconds


def _make(wanted: Wanted, pictures: Sequence[NamedPicture], *, whole: bool) -> None:
    work: LongWork[Mapping[str, bytes]] = long_work.of(_WORK, queued=True)
    key = (wanted, tuple(one.digest for one in pictures), whole)
    seconds = price(wanted, len(pictures))
    if work.is_asked:
        work.begin_for(key, partial(make, wanted, tuple(pictures), whole), seconds=seconds)
    if work.key == key and work.follow("Making the sheet", stoppable=True):
        return
    if work.key == key and work.value is not None:
        st.session_state[_MADE] = (key, work.value)
    made = st.session_state.get(_MADE)
    if made is not None and made[0] == key:
        _offer(made[1], wanted)
        return
    number = len(pictures) * len(wanted.methods)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Make the sheet", key="make_sheet", icon=":material/grid_on:", on_click=work.ask)
        priced = "not timed here yet" if seconds is None else time_words(seconds)
        st.caption(plain(f"{number} map{'s' if number > 1 else ''}: {priced}"))
    if work.key == key and work.problem:
        st.error(plain(work.problem))


def make(wanted: Wanted, pictures: Sequence[NamedPicture], whole: bool, tell: Tell) -> dict[str, bytes]:
    """Explain each picture's largest face and draw the sheet; return ending → file, and ``txt`` → the caption.

    Raises:
        PictureError: a picture cannot be read. UsageError: the model cannot be explained so.
    """
    total, rows = len(pictures) * len(wanted.methods), list[tuple[str, "FaceExplanation"]]()
    for row, named in enumerate(pictures):
        rows.append((named.name, _row(wanted, named, whole, partial(_told, tell, row * len(wanted.methods), total))))
    tell(total, total, "maps; drawing")
    sheet = PaperSheet(tuple(rows), wanted.scale, wanted.colors, wanted.opacity)
    return {**{form: sheet_bytes(sheet, form) for form in FORMATS}, "txt": f"{caption(sheet)}\n".encode()}


def _told(tell: Tell, before: int, total: int, done: int) -> None:
    tell(before + done, total, "maps")


def _row(wanted: Wanted, named: NamedPicture, whole: bool, told: Callable[[int], None]) -> FaceExplanation:
    card = wanted.card
    pixels = loaders.picture(named.digest, named.data, named.name).pixels
    taken = whole or named.cut
    found = loaders.faces(named.digest, pixels, card.name, card.weights_sha256, taken)
    if found.error is not None:
        raise PictureError(found.error)
    face, key = found.faces[0], FaceKey(named.digest, 0, taken, card.name, card.weights_sha256)
    answer = map_loaders.answer(card, key, face.crop, face.box)
    target = map_loaders.target_name(answer, wanted.target, named.truth)
    maps = []
    for number, (name, values) in enumerate(wanted.methods):
        layer = wanted.layer if METHODS[name].needs_layer else ""
        told(number)

        def steps(_done: int, _wanted: int, number: int = number) -> None:
            told(number)  # which ends the work that was stopped

        maps.append(map_loaders.method_map(card, key, face.crop, name, layer, target, values, steps))
    return replace(answer, maps=tuple(maps))


def _offer(made: Mapping[str, bytes], wanted: Wanted) -> None:
    """Draw the sheet, its caption, and a button a file."""
    said = made["txt"].decode()
    st.image(made["png"], width="stretch", output_format="PNG", alt=plain(said[:300]))
    with st.container(horizontal=True):
        for form, media in FORMATS.items():
            st.download_button(
                plain(form.upper() + (", 300 DPI" if form == "png" else "")),
                made[form],
                f"sheet-{wanted.card.name}.{form}",
                media,
                icon=":material/download:",
                on_click="ignore",
                key=f"sheet_{form}",
            )
        st.download_button(
            "Caption",
            made["txt"],
            f"sheet-{wanted.card.name}.txt",
            "text/plain",
            icon=":material/notes:",
            on_click="ignore",
            key="sheet_txt",
        )
    st.code(said, language=None, wrap_lines=True)
