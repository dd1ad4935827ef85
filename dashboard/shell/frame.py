"""The frame around every page: the sidebar with the model and the picture, in the same place, kept in the address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

import streamlit as st

from dashboard.report.text import plain
from dashboard.shell import (
    glossed,
    handed_in,
    loaders,
    opening,
    pinned,
    saved_views,
    sources,
    state,
    study_loaders,
    theme,
    view_link,
    walk,
)
from dashboard.shell.handed_in import PICTURE_INDEX
from dashboard.shell.in_address import coming, in_address, left_out
from dashboard.shell.settled import settle
from dashboard.shell.state import NamedPicture, Selection, Source
from engine.models.checkpoint import DEFAULT_MODEL

EVIDENCE: Final = "Evidence"
"""The page that has its own pictures, built-in faces, and offers the models that know their classes."""

COMPARE: Final = "Compare"
"""The page that chooses its models itself, two to four in its own columns' order, or compares two pictures."""
COMPARED: Final = ("models", "pictures")
COMPARE_BY: Final = "compare"
"""Which of the two, in the address; the widget's key is the same."""

DATA: Final = "Data"

STUDIED: Final[tuple[str, ...]] = ("Class attention", "Misclassifications", "Evaluation", DATA)
"""The pages that choose their pictures from an analysis or a whole dataset; they draw that choice themselves."""

LIVE: Final[tuple[str, ...]] = ("Video", "Webcam")
"""The pages that take films and cameras, no picture."""

_current: ContextVar[Selection | None] = ContextVar("selection", default=None)


@contextmanager
def frame(page: str) -> Iterator[Selection]:
    """Draw the sidebar once; ``page`` runs inside, :func:`framed` gives it what the sidebar says; the glossary last."""
    state.arrive(page)
    chosen = _draw(page)
    view_link.follow()
    token = _current.set(chosen)
    try:
        yield chosen
        with st.sidebar:  # last: a page draws choices of its own there
            saved_views.draw()
        glossed.show_glossary()
    finally:
        _current.reset(token)


@contextmanager
def framed(page: str) -> Iterator[Selection]:
    """What each page runs in: the frame that ``Home.py`` drew around it, or its own where its file is run alone."""
    settle()
    drawn = _current.get()
    if drawn is not None:
        yield drawn
        return
    theme.apply(page)
    with frame(page) as chosen:
        yield chosen


def _draw(page: str) -> Selection:
    with st.sidebar:
        if page == EVIDENCE:
            return Selection(_evidence_model(), state.SOURCES[0], (), 0)
        model = None
        if page != COMPARE or coming(COMPARE_BY, COMPARE_BY, COMPARED, COMPARED[0]) != COMPARED[0]:
            model = _model(loaders.shelf().names, default=_usual_model(page))
        elif state.MODEL in st.session_state:  # said again, it outlives the visit
            st.session_state[state.MODEL] = st.session_state[state.MODEL]
        if page in STUDIED or page in LIVE:
            return Selection(model, state.SOURCES[0], (), 0)
        # A dataset's picture is taken as a model takes it; Compare's models are chosen later, so the first one's way.
        taker = model or _first_compared()
        source, pictures = _pictures(taker)
        index = _which(pictures)
        of = state.pictures_of(source)
        origin, whole = walk.follow(of), walk.follow_whole(of, pictures)
        pin = pinned.follow(loaders.shelf().card(taker) if taker else None)
    return Selection(model, source, pictures, index, origin, pin, whole)


def _which(pictures: tuple[NamedPicture, ...]) -> int:
    """Draw the choice among several pictures; return the index of the chosen one, 0 where there is no choice."""
    if len(pictures) < 2:
        left_out("which")
        return 0
    if st.session_state.get(PICTURE_INDEX, 0) >= len(pictures):
        st.session_state[PICTURE_INDEX] = 0
    with in_address("which", PICTURE_INDEX, {str(at + 1): at for at in range(len(pictures))}, 0, "picture"):
        index: int = st.selectbox(
            "Which picture",
            range(len(pictures)),
            format_func=lambda number: f"{number + 1}. {pictures[number].name}",
            key=PICTURE_INDEX,
        )
    return index


def _first_compared() -> str | None:
    """Return the model that Compare has in its first column, the shelf's first where none is chosen yet."""
    names = loaders.shelf().names
    said = st.session_state.get("models") or ",".join(st.query_params.get_all("models")).split(",")
    return next((name for name in said if name in names), next(iter(names), None))


def _usual_model(page: str) -> str:
    """Return the model that a page opens with where nobody has chosen one."""
    if page not in STUDIED or page == DATA:
        return DEFAULT_MODEL
    return opening.study_model(DEFAULT_MODEL, loaders.shelf().cards, study_loaders.analysed(), study_loaders.here)


def _evidence_model() -> str | None:
    """Draw the choice of the page whose results are known for models of the built-in faces' classes alone."""
    names, shelf = loaders.evidence_models(), loaders.shelf()
    fitting = [shelf.card(name) for name in names]

    def opens_with(chosen: str) -> str:
        return opening.evidence_model(chosen, fitting, shelf.cards, lambda name: loaders.has_evidence(shelf.card(name)))

    if state.arrived() and names and not state.went_back():
        state.lend(opens_with(str(st.session_state.get(state.MODEL) or DEFAULT_MODEL)))
    # The same whichever is chosen: what the address leaves out must not depend on it.
    return _model(names, default=opens_with(DEFAULT_MODEL))


def _model(names: tuple[str, ...], *, default: str) -> str | None:
    """Draw the choice among ``names``, kept in the address; the first is chosen where ``default`` is not among them."""
    if not names:
        st.selectbox(
            "Model", ["none that fits" if loaders.shelf().names else "none trained yet"], disabled=True, key="no_model"
        )
        return None
    unknown = state.asked_for(state.MODEL, names)
    index = names.index(default) if default in names else 0
    state.take_usual(names[index])
    name: str = st.selectbox(
        "Model", names, index=index, key=state.MODEL, bind="query-params", on_change=state.chose_model
    )
    if unknown is not None:
        what = "This page takes no model" if unknown in loaders.shelf().names else "Unknown model"
        st.error(plain(f"{what} '{unknown}'; valid: {', '.join(names)}. Showing {name}."))
    return name


def _pictures(model: str | None) -> tuple[Source, tuple[NamedPicture, ...]]:
    state.recall()
    source, pictures = _chosen_pictures(model)
    state.keep()
    return source, pictures


def _chosen_pictures(model: str | None) -> tuple[Source, tuple[NamedPicture, ...]]:
    source = st.segmented_control(
        "Picture",
        state.SOURCES,
        default=state.SOURCES[0],
        required=True,
        key=state.SOURCE,
        bind="query-params",
        width="stretch",
    )
    if source == "upload":
        return source, handed_in.draw_uploader()
    if source == "camera":
        return source, handed_in.draw_camera()
    if source == "dataset":
        return source, sources.choose_picture(loaders.shelf().card(model)) if model else ()
    return source, _sample()


def _sample() -> tuple[NamedPicture, ...]:
    samples = {sample.key: sample for sample in loaders.samples()}
    unknown = state.asked_for(state.SAMPLE, samples)
    key: str = st.selectbox(
        "Sample",
        list(samples),
        key=state.SAMPLE,
        bind="query-params",
        label_visibility="collapsed",
    )
    if unknown is not None:
        st.error(plain(f"Unknown sample '{unknown}'; valid: {', '.join(samples)}. Showing {key}."))
    return (sources.named_sample(key),)
