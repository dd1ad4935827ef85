"""What people make of the mistakes on the Misclassifications page, and the way to those that are worth a look."""

from __future__ import annotations

from typing import Final

import streamlit as st

from dashboard.report.text import escape, plain
from dashboard.shared.study import first_page
from dashboard.views.mistakes import filters
from engine.analysis.mistakes import MistakesView
from engine.analysis.people import Part, PeopleOnMistakes, people_on_mistakes
from engine.analysis.store.store import AnalysisStore

UNANIMOUS: Final = "Unanimous and still wrong"


def _unanimous() -> None:
    """Ask for the pictures in which everybody saw one emotion and the model another."""
    filters.clear()
    for key, value in ((filters.TRUTH, "majority"), (filters.PEOPLE, "unanimous"), (filters.SHOWN, "wrong")):
        st.session_state[key] = value
    first_page()


def _with_interval(part: Part) -> str:
    low, high = part.interval
    return f"{100 * (part.share or 0.0):.1f} % ({100 * low:.1f}–{100 * high:.1f})"


def headline(model: str, found: PeopleOnMistakes) -> str:
    """Say how many of a model's mistakes people would call mistakes."""
    if not found.judged:
        return f"{found.mistakes:,} mistakes by the label."
    sides = found.sides
    return (
        f"{found.mistakes:,} mistakes by the label. People would call {found.mistakes_too.count:,} of {found.judged:,} "
        f"mistakes, too: they side with {model} in {_with_interval(sides['model'])}, with the label in "
        f"{_with_interval(sides['label'])}, with neither in {_with_interval(sides['neither'])}."
    )


def show_people(store: AnalysisStore, view: MistakesView) -> str:
    """Draw what people make of the mistakes that the matrix counts; return it as text, empty where it is not known."""
    if store.no_votes:
        if not store.no_votes.startswith("Nobody voted"):
            st.caption(plain(store.no_votes))
        return ""
    found = people_on_mistakes(store, view.pictures())
    said = headline(store.models[0], found)
    with st.container(horizontal=True, gap="medium", vertical_alignment="center", key="mistake-people"):
        st.html(f'<div class="fl-reading">{escape(said)}</div>')
        st.button(
            f"{UNANIMOUS}: {found.unanimous_wrong:,}",
            icon=":material/groups:",
            on_click=_unanimous,
            help="All ten people saw the same emotion and the model another: the mistakes that are worth a look.",
            disabled=not found.unanimous_wrong,
        )
    return said
