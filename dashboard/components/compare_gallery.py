"""The pictures on which two models differ, in three galleries; each opens Explain with either model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from dashboard.figures.compare_tile import tile_html
from dashboard.report.text import escape
from dashboard.shell import state, study_loaders, theme
from dashboard.shell.in_address import in_address
from dashboard.shell.pages import EXPLAIN
from dashboard.views.compare.dataset import OnSplit
from engine.analysis.comparison import Outcome

SHOWN: Final = 12
"""Tiles on a page of a gallery: two rows of six."""
ANY: Final = "any"
FIRST: Final = "only the first right"


def show_galleries(on: OnSplit) -> None:
    """Draw the choice of gallery and class, and a page of pictures."""
    first, second = on.first.name, on.second.name
    titles = {
        FIRST: f"only {first} right",
        "only the second right": f"only {second} right",
        "both wrong, differently": "both wrong, differently",
    }
    counts = {group: len(on.found.comparison.groups[group]) for group in titles}
    theme.section("Where they differ", "Surest mistakes first. A model’s name under a picture opens it in Explain.")
    with st.container(horizontal=True, gap="medium"):
        with in_address("group", "compare_group", tuple(titles), FIRST):
            group: str = st.segmented_control(
                "Pictures",
                tuple(titles),
                default=FIRST,
                required=True,
                key="compare_group",
                format_func=lambda name: f"{titles[name]} · {counts[name]:,}",
            )
        with in_address("label", "compare_label", (ANY, *on.first.classes), ANY):
            label: str = st.selectbox("Label", (ANY, *on.first.classes), key="compare_label", width=130)
        found = [one for one in on.found.group(group) if label in (ANY, one.label)]
        pages = max(1, -(-len(found) // SHOWN))
        page = 1
        if pages > 1:
            key = f"compare_page.{first}.{second}.{on.split.name}.{group}.{label}"
            with in_address("differ_page", key, {str(number): number for number in range(1, pages + 1)}, 1):
                page = st.number_input(f"Page of {pages}", 1, pages, key=key, width=130)
    if not found:
        about = f" labelled {label}" if label != ANY else ""
        st.caption(f"No picture{about} is in this group.")
        return
    shown = found[(page - 1) * SHOWN : page * SHOWN]
    here = [study_loaders.picture_if_here(on.split.dataset, one.id, on.first) for one in shown]
    if not any(here):
        st.caption(
            f"The pictures of {escape(on.split.dataset)} are not on this machine: ids, labels and answers are shown."
        )
    if any(here):
        st.button(
            f"Compare {'this picture' if len(shown) == 1 else f'these {len(shown)} pictures'} above",
            on_click=_choose,
            args=(on, shown),
            icon=":material/compare:",
            help="Chooses them in the sidebar: each with its maps, and how alike the models’ maps are over all.",
        )
    with st.container(key="differ"):
        for one, picture in zip(shown, here, strict=True):
            with st.container(gap="xsmall"):
                st.html(tile_html(one, picture.pixels if picture is not None else None, first, second))
                if picture is not None:
                    _links(on, one)


def _choose(on: OnSplit, shown: Sequence[Outcome]) -> None:
    """Choose these pictures in the sidebar; a callback, since its widgets are drawn before.

    A widget that is drawn already writes its state into the address; for one that is to be drawn for the first time it
    is written here.
    """
    wanted = {
        state.SOURCE: "dataset",
        state.DATASET: on.split.dataset,
        state.SPLIT: on.split.split,
        state.ID: ",".join(one.id for one in shown),
    }
    for key, value in wanted.items():
        if key not in st.session_state:
            st.query_params[key] = value
        st.session_state[key] = value
    st.session_state.pop("picture_index", None)


def _links(on: OnSplit, one: Outcome) -> None:
    address = {state.SOURCE: "dataset", state.DATASET: on.split.dataset, state.SPLIT: on.split.split, state.ID: one.id}
    with st.container(horizontal=True, gap="xsmall"):
        for model in (on.first.name, on.second.name):
            st.page_link(EXPLAIN, label=model, query_params={state.MODEL: model, **address})
