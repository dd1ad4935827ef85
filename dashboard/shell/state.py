"""What a person has chosen, typed: the keys that live in the address bar, and the pictures of this session.

The widgets of :data:`URL_KEYS` are bound to the query parameter of the same name, so a copied address opens the same
model, sample, layer and class. Streamlit writes there what the menu shows, so these menus show plain names; it
leaves out a value that is the default.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Literal, get_args
from urllib.parse import parse_qs

import streamlit as st
from streamlit.errors import StreamlitAPIException
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard.shell.origin import Origin
from engine.data.by_id import BY_ID
from engine.models.checkpoint import DEFAULT_MODEL

Source = Literal["sample", "upload", "camera", "dataset"]
SOURCES: Final[tuple[Source, ...]] = get_args(Source)

MODEL: Final = "model"
SOURCE: Final = "source"
SAMPLE: Final = "sample"
DATASET: Final = "dataset"
SPLIT: Final = "split"
ID: Final = "id"
LAYER: Final = "layer"
TARGET: Final = "target"
ANALYSIS: Final = "analysis"
"""The data set and split of the pages that study an analysis."""
AGAINST: Final = "against"
"""The second model there."""
PAGE: Final = "page"
"""Of the gallery of mistakes."""
PICKED: Final = "picked"
"""The pictures that are ticked there; not a widget's own key but written to the address by hand."""
LOOK: Final = "look"
"""The picture that its side panel shows; likewise written by hand."""
PICTURE_KEYS: Final[tuple[str, ...]] = (SOURCE, SAMPLE, DATASET, SPLIT, ID)
"""What says which picture; the widgets of the sidebar."""
URL_KEYS: Final[tuple[str, ...]] = (MODEL, *PICTURE_KEYS, LAYER, TARGET)
MINUS: Final = "minus"
"""The class that is subtracted from the target."""
SHARED: Final[dict[str, tuple[str, ...]]] = {
    "model": (MODEL,),
    "picture": (*PICTURE_KEYS, "which", "from", "all", "pin", "face_number", "whole"),
    "data": (ANALYSIS, AGAINST),
    "how maps are drawn": ("scale", "colors", "grid", "opacity", "tile"),
}
"""All that goes with a person from page to page, by what it is about. Every other choice is its page's own, also where
two pages call theirs alike, as Explain, Compare and What if do with a layer and a class (``own`` of
:func:`dashboard.shell.in_address.in_address`)."""

DEFAULT_SPLIT: Final = "test"
"""The split whose first picture is shown where no id is given."""

PREDICTED: Final = "predicted"
"""The target's default: whichever class the model answers."""

_PAGE: Final = "page_shown"
_ARRIVED: Final = "page_changed"
_KEPT: Final = "kept."
_CHOSEN: Final = "model_chosen"
_LENT: Final = "model_lent"
_USUAL: Final = "model_as_usual"
_STUDIED: Final = "analysis_studied"

TOLD: Final = "told."
"""Before a parameter's name: what a page wrote into the address itself, to know what it says anew."""


@dataclass(frozen=True)
class NamedPicture:
    """A picture file as it came.

    Attributes:
        name: the file's, never a path; a dataset's picture has its id.
        data: the file's bytes. digest: their sha256.
        credit: where it is from, for a sample or a dataset's picture.
        truth: what a dataset labels it with, or None.
        dataset: the data set that it is from; empty for any other.
        seen: how many people said what, in the order of ``VOTE_COLUMNS``; empty where nobody was asked.
        cut: whether it is framed as models were trained: a dataset's picture, or a built-in face.
    """

    name: str
    data: bytes = field(repr=False)
    credit: str = ""
    digest: str = field(default="", compare=False)
    truth: str | None = None
    cut: bool = False
    seen: tuple[int, ...] = ()
    dataset: str = ""

    def __post_init__(self) -> None:
        if not self.digest:
            object.__setattr__(self, "digest", hashlib.sha256(self.data).hexdigest())
        if self.truth is not None:
            object.__setattr__(self, "cut", True)


@dataclass(frozen=True)
class Selection:
    """What the sidebar says on this run: a model, and the pictures that a person walks through.

    Attributes:
        model: the checkpoint's name, or None where there is none.
        source: where the pictures come from.
        pictures: those chosen; empty while nothing is uploaded or shot.
        index: which of them is shown.
        origin: where they were selected, None where nobody made a selection.
        pinned: the picture that is kept as a reference, None without one.
        whole: the ids of all pictures that are walked through, where ``pictures`` are only those about the one shown.
    """

    model: str | None
    source: Source
    pictures: tuple[NamedPicture, ...]
    index: int
    origin: Origin | None = None
    pinned: NamedPicture | None = None
    whole: tuple[str, ...] = ()

    @property
    def picture(self) -> NamedPicture | None:
        """The picture that is shown, or None."""
        return self.pictures[self.index] if self.pictures else None


def asked_for(key: str, choices: Iterable[str]) -> str | None:
    """Return what the address asks for under ``key`` if that is none of ``choices``, else None.

    Read it before the bound widget is drawn: Streamlit drops a value that is not among the options without a word.
    """
    value = st.query_params.get(key)
    return value if value is not None and value not in tuple(choices) else None


def went_back() -> bool:
    """Say whether this run shows an entry of the browser's history, whose address then says everything."""
    run = get_script_run_ctx()
    return run is not None and run.is_history_navigation


def _as_asked() -> None:
    """Write again what was asked for of the shared choices and taken out of the address before this run began.

    On the way to another page Streamlit takes out what belongs to a widget that the browser does not show at that
    moment. Where a link is followed before the sidebar is drawn, or just after the server answered, that is the
    model and the picture that the link names.
    """
    run = get_script_run_ctx()
    asked = parse_qs(run.query_string, keep_blank_values=True) if run is not None else {}
    lost = {
        key: asked[key] for key in (MODEL, *PICTURE_KEYS) if key in asked and asked[key] != st.query_params.get_all(key)
    }
    if lost:
        with suppress(StreamlitAPIException):  # a widget has one of them still: it tells the address itself
            st.query_params.update(lost)


def arrive(page: str) -> None:
    """Take over what a link to ``page`` asked for; call it before the sidebar's widgets are drawn.

    A bound widget reads the address when it is first drawn. The sidebar's live on from page to page, so on arrival
    at another page their state is set from the address by hand. Values that are no option are left to the widget.
    """
    st.session_state[_ARRIVED] = st.session_state.get(_PAGE, page) != page
    asked = st.query_params.get(MODEL)
    if went_back():  # the entry says whether its model was chosen
        st.session_state[_CHOSEN] = asked is not None
    elif asked is not None and st.session_state.get(MODEL) != asked:
        st.session_state[_CHOSEN] = True
    st.session_state.pop(_USUAL, None)
    if st.session_state[_ARRIVED]:
        _as_asked()
        for key in [name for name in st.session_state if str(name).startswith(TOLD)]:
            del st.session_state[key]  # another page's address: all of this one is new
        for key in (MODEL, *PICTURE_KEYS):
            asked = st.query_params.get(key)
            if asked is not None and st.session_state.get(key, asked) != asked:
                st.session_state[key] = asked
        _take_back(asked)
        # Pages differ in which model is their default and so absent from the address: said again, it is written there.
        if MODEL in st.session_state:
            st.session_state[MODEL] = st.session_state[MODEL]
    if ANALYSIS in st.session_state:
        st.session_state[_STUDIED] = st.session_state[ANALYSIS]
    st.session_state[_PAGE] = page


def named_data() -> tuple[str, ...]:
    """Return the data sets that a person named elsewhere: the one last studied, and that of the picture chosen."""
    studied = str(st.session_state.get(_STUDIED) or "").rpartition("-")[0]
    picture = st.session_state.get(_KEPT + DATASET, "") if st.session_state.get(_KEPT + SOURCE) == "dataset" else ""
    return tuple(filter(None, (studied, str(picture or ""))))


def _take_back(asked: str | None) -> None:
    """Choose again what was chosen before a page lent itself another model, and nothing where nobody had chosen."""
    lent = st.session_state.pop(_LENT, None)
    if asked is not None:
        return
    if lent is not None:
        st.session_state[MODEL] = lent
    elif not st.session_state.get(_CHOSEN):
        st.session_state[_USUAL] = True


def take_usual(default: str) -> None:
    """Choose what a page opens with, on arrival there where nobody has chosen a model; before its widget is drawn.

    The browser tells what the menu showed on the page before, so it does not do to forget it.
    """
    if st.session_state.pop(_USUAL, False):
        st.session_state[MODEL] = default


def chose_model() -> None:
    """Keep that a person chose the model: pages then open with it, and not with what suits them."""
    st.session_state[_CHOSEN] = True
    st.session_state.pop(_LENT, None)


def lend(model: str) -> None:
    """Show another model than the chosen one on this page alone; a person may choose another there."""
    before = st.session_state.get(MODEL, DEFAULT_MODEL)
    if before != model:
        st.session_state[_LENT], st.session_state[MODEL] = before, model


def lent() -> str | None:
    """Return the model that this page shows another in place of, or None."""
    found: str | None = st.session_state.get(_LENT)
    return found


def arrived() -> bool:
    """Say whether this run is the first on its page after another page."""
    return bool(st.session_state.get(_ARRIVED, False))


def page() -> str:
    """Return the name of the page that is drawn."""
    return str(st.session_state.get(_PAGE, ""))


def keep() -> None:
    """Keep the choice of pictures for when a page without that choice has been visited; see :func:`recall`."""
    for key in PICTURE_KEYS:
        if key in st.session_state:
            st.session_state[_KEPT + key] = st.session_state[key]


def recall() -> None:
    """Choose the pictures that were chosen before, where neither the address nor this page's widgets say otherwise.

    An address that names a dataset's picture is complete, and so is one that was gone back to: what it leaves out is
    the default.
    """
    if ID in st.query_params or went_back():
        return
    for key in PICTURE_KEYS:
        if key not in st.session_state and key not in st.query_params and _KEPT + key in st.session_state:
            st.session_state[key] = st.session_state[_KEPT + key]


def pictures_of(source: Source) -> str:
    """Return the choice of pictures as text: the same for the same pictures of a data set."""
    keys = (DATASET, SPLIT, ID) if source == "dataset" else (SAMPLE,) if source == "sample" else ()
    return "|".join((source, *(str(st.session_state.get(key, "")) for key in keys)))


def dataset_address(model: str, dataset: str, split: str, picture_id: str) -> dict[str, str]:
    """Return the query parameters with which Explain opens a dataset's picture.

    Defaults are left out, as the bound widgets leave them out: an address that had to be rewritten on arrival would
    stay in the browser's history twice, and the way back would lead to the same page again.
    """
    asked = {MODEL: model, SOURCE: "dataset", DATASET: dataset, SPLIT: split, ID: picture_id}
    defaults = {MODEL: DEFAULT_MODEL, DATASET: BY_ID[0], SPLIT: DEFAULT_SPLIT}
    return {key: value for key, value in asked.items() if defaults.get(key) != value}


def shared_address(**changes: str) -> dict[str, str]:
    """Return the query parameters of this page with ``changes``, for a link to another page.

    A link with parameters replaces them all, so the choices made here must travel with it.
    """
    kept = {key: str(st.session_state[key]) for key in (MODEL, *PICTURE_KEYS) if st.session_state.get(key)}
    return {**kept, **changes}
