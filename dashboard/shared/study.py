"""What the study pages share: how their choices are drawn and kept.

Each widget's key is a query parameter of the same name, so that a copied address opens the same view; going to another
page and back by the menu, whose links carry nothing, brings back what was chosen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from dashboard.report.text import plain, split_link
from dashboard.shell import say, state, study_loaders
from dashboard.shell.loaders import shelf
from dashboard.shell.state import AGAINST, ANALYSIS, PAGE, PICKED
from engine.analysis.files.places import AnalysedSplit, analyze_command
from engine.models.checkpoint import DEFAULT_MODEL

NONE: Final = "none"
"""No second model."""


@dataclass(frozen=True)
class Kept:
    """The choices of one page that outlive a visit to another.

    Attributes:
        page: a word that names them in the session. widgets: their keys, each a parameter of the address.
    """

    page: str
    widgets: tuple[str, ...]

    def recall(self) -> None:
        """Bring back what was chosen when the page is come to by a bare link; call it before any widget is drawn.

        On the first run of a page its bound widgets follow the address whatever the session says, so the choices are
        laid ready here and taken up in the run after.
        """
        for key, value in st.session_state.pop(f"ready_{self.page}", {}).items():
            st.session_state[key] = value
        if state.arrived() and not state.went_back() and not any(key in st.query_params for key in self.widgets):
            st.session_state[f"ready_{self.page}"] = st.session_state.get(f"kept_{self.page}", {})

    def keep(self) -> None:
        """Keep what is chosen, or run the page again with what is to be brought back; call it after all widgets."""
        if st.session_state.get(f"ready_{self.page}"):
            st.rerun()
        st.session_state[f"kept_{self.page}"] = {**st.session_state.get(f"kept_{self.page}", {}), **self.settings()}

    def settings(self) -> dict[str, Any]:
        """Return what is chosen now, key by key, of the widgets that are drawn."""
        return {key: st.session_state[key] for key in self.widgets if key in st.session_state}


def say_unknown(choices: Mapping[str, Sequence[str]]) -> None:
    """Show a sentence for each name in the address that is no choice; call it before the widgets are drawn."""
    for key, valid in choices.items():
        asked = state.asked_for(key, valid)
        if asked is not None:
            what = key.replace("_", " ")
            say.problems([f"Unknown {what} '{asked}' in the address; valid: {', '.join(valid) or 'none'}."])


def segments(
    label: str, options: Sequence[str], key: str, *, hint: str = "", disabled: bool = False, default: str = ""
) -> str:
    """Draw one choice of a few that is kept in the address, the first by default."""
    chosen: str = st.segmented_control(
        plain(label),
        tuple(options),
        format_func=plain,
        default=default or options[0],
        required=True,
        key=key,
        bind="query-params",
        help=hint or None,
        disabled=disabled,
    )
    return chosen


def first_page() -> None:
    """Go to the first page of the gallery: what is shown has changed."""
    st.session_state[PAGE] = 1


def unpick() -> None:
    """Untick every picture."""
    st.query_params[PICKED] = []


def _other_data() -> None:
    """Start anew with other pictures."""
    unpick()
    first_page()


def only_valid(key: str, valid: Sequence[str]) -> None:
    """Take back what another model or data set left chosen and this one does not have."""
    chosen = st.session_state.get(key)
    if isinstance(chosen, list):
        st.session_state[key] = [name for name in chosen if name in valid]
    elif chosen is not None and chosen not in valid:
        del st.session_state[key]


def unknown_names(key: str, what: str, valid: Sequence[str]) -> list[str]:
    """Return a sentence for each name in the address that is not valid; read it before the widget is drawn."""
    return [
        f"Unknown {what} '{asked}'; valid: {', '.join(valid) or 'none'}."
        for asked in st.query_params.get_all(key)
        if asked not in valid
    ]


def choose_analysis(model: str) -> tuple[AnalysedSplit, str] | None:
    """Draw, in the sidebar, what data and which second model; return them (no second: empty), or None without any."""
    mine = study_loaders.analysed_of(model)
    problems = unknown_names(ANALYSIS, "analysis", tuple(mine)) if mine else []
    if not mine:
        return None
    only_valid(ANALYSIS, tuple(mine))
    with st.sidebar:
        name: str = st.selectbox("Analysed data", tuple(mine), key=ANALYSIS, bind="query-params", on_change=_other_data)
        chosen = mine[name]
        others = (NONE, *(other for other in chosen.models if other != model))
        problems += unknown_names(AGAINST, "model to compare with", others)
        only_valid(AGAINST, others)
        against: str = st.selectbox(
            "Compare with",
            others,
            key=AGAINST,
            bind="query-params",
            on_change=first_page,
            help="A second model that was analysed on the same pictures.",
        )
    say.problems(problems)
    say_opened(model, chosen, mine)
    return chosen, "" if against == NONE else against


def name_split(model: str, split: AnalysedSplit, n: int) -> None:
    """Name the pictures that a page is about, once, with a way to all figures of the model on them."""
    st.html(f'<div class="fl-caption">On {split_link(model, split.dataset, split.split, n)} pictures.</div>')


def say_opened(model: str, chosen: AnalysedSplit, mine: Mapping[str, AnalysedSplit]) -> None:
    """Say in a line what a page opened on in place of data whose pictures are not here, and offer that in one press."""
    if chosen.name != next(iter(mine)) or not study_loaders.here(chosen.dataset):
        return
    usual = next((card for card in shelf().cards if card.name == DEFAULT_MODEL), None)
    absent = [(model, one.name) for one in mine.values() if not study_loaders.here(one.dataset)]
    if usual is not None and usual.name != model:
        of_usual = study_loaders.analysed_of(usual.name).values()
        own = [one for one in of_usual if one.dataset == usual.data.get("dataset")]
        absent = [(usual.name, one.name) for one in own if not study_loaders.here(one.dataset)] or absent
    if not absent:
        return
    other, name = absent[0]
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="opened-on"):
        st.caption(
            plain(
                f"{model} on the built-in faces, whose pictures are here. Those of {name.rpartition('-')[0]} are not "
                "on this machine; its figures and places of maps are."
            )
        )
        st.button(
            plain(f"Show {other} on {name}"),
            key="open_other",
            on_click=_show_other,
            args=(other, name),
            type="tertiary",
        )


def _show_other(model: str, analysis: str) -> None:
    """Choose a model and what it was analysed on; a callback, since the widgets are drawn before."""
    if st.session_state.get(state.MODEL) != model:
        st.session_state[state.MODEL] = model
        state.chose_model()
    st.session_state[ANALYSIS] = analysis
    _other_data()


def no_analysis(model: str) -> None:
    """Say that the model was not analysed, and the command that changes it."""
    with st.container(border=True):
        st.markdown(
            f"**{plain(model)} has not been analysed on any data yet.** One pass keeps every answer. Run one of:"
        )
        st.code(
            f"{analyze_command(model, 'synthetic', 'test')}\n{analyze_command(model, 'fer2013', 'test')}",
            language="bash",
            wrap_lines=True,
        )
        others = sorted({name for found in study_loaders.analysed() for name in found.models})
        if others:
            st.caption(plain(f"Analysed so far: {', '.join(others)}. Choose one of them in the sidebar."))
