"""The Evaluation page's tab about people: what they saw beside what the model answers, and whose uncertainty it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import streamlit as st

from dashboard.report.text import escape, percent, plain
from dashboard.shared import gallery
from dashboard.shared.figures import votes
from dashboard.shared.maps import ink
from dashboard.shell import glossed, loaders, study_loaders, theme
from dashboard.shell.pages import EXPLAIN
from dashboard.shell.tagging import choose_tag
from dashboard.shell.walk import selection_address
from dashboard.views.evaluation.figures.people import correlation_table, figures_table, uncertainty_chart
from dashboard.views.evaluation.loaders import seen
from engine.analysis.files.places import AnalysedSplit
from engine.analysis.store.store import AnalysisStore

SHOWN: Final = 12
"""Pictures in each of the two galleries."""
GRID: Final = """<style>.st-key-gallery-sure,.st-key-gallery-unsure{display:grid!important;
grid-template-columns:repeat(auto-fill,minmax(var(--fl-tile,132px),1fr));gap:1.1rem .9rem}</style>"""


def show_people(model: str, split: AnalysedSplit) -> None:
    """Draw the tab; where the votes are not at hand, the one sentence that says why."""
    store = study_loaders.store((model,), split.dataset, split.split)
    found = seen(model, split)
    if found is None:
        st.info(plain(store.no_votes), icon=":material/groups:")
        return
    figures, uncertainty = found
    st.html(votes.CSS + GRID)
    theme.section(
        "What people saw",
        "Ten people a picture (FER+). Most people: the emotion with the most votes; all rows are of the same pictures.",
    )
    st.html(figures_table(model, figures))
    st.caption(
        f"Of {figures['mistakes']['n']:,} mistakes by the label; {figures['mistakes']['left_out']:,} more, in which "
        "most people saw an emotion that the model does not know, are left out. "
        f"{figures['ties']:,} ties go by FER+'s order. The page Misclassifications shows the pictures."
    )
    theme.section(
        "Whose uncertainty is it?",
        "Where both rise together, the model is unsure of what is hard to see. How undecided: Entropy in bits, of the "
        "answer and of "
        "the votes for the eight emotions.",
    )
    with st.container(key="stack-evaluation-people"):
        left, right = st.columns([11, 10], gap="large")
    with left:
        st.plotly_chart(
            uncertainty_chart(uncertainty, ink()),
            width="stretch",
            key="evaluation_uncertainty",
            config={"displayModeBar": False},
            alt="the model's entropy against the voters', as counts of pictures",
        )
    with right:
        st.html(correlation_table(uncertainty))
        glossed.note(
            "Do both rank the pictures alike (Spearman's rank correlation)? With a 95 % bootstrap interval, by what "
            "most people saw."
        )
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        tagged = choose_tag(split.dataset)
        shows = gallery.choose_map(store)
        gallery.choose_size()
    for title, ids in (
        ("The model is sure and people are not", uncertainty.sure_alone),
        ("People are sure and the model is not", uncertainty.unsure_alone),
    ):
        _gallery(title, store, split, [name for name in ids if tagged is None or name in tagged], shows)


def _gallery(title: str, store: AnalysisStore, split: AnalysedSplit, ids: Sequence[str], shows: str) -> None:
    """Draw the first pictures of a list, those whose two uncertainties lie furthest apart first."""
    theme.section(title, f"The {min(SHOWN, len(ids))} whose ranks lie furthest apart." if ids else "There is none.")
    card = loaders.shelf().card(store.models[0])
    name, shown = "sure" if title.startswith("The model") else "unsure", ids[:SHOWN]
    fields = gallery.fields(shows, split.dataset, shown, card, of=f"{name} tiles")
    with st.container(key=f"gallery-{name}"):
        for picture_id in shown:
            row = store.picture(picture_id)
            with st.container(gap="xsmall"):
                st.html(_tile(row, fields[picture_id], store.classes))
                st.page_link(
                    EXPLAIN,
                    label="Explain",
                    query_params=selection_address(
                        store.models[0], split.dataset, split.split, shown, picture_id, title
                    ),
                )


def _tile(row: dict[str, Any], field: str, classes: Sequence[str]) -> str:
    answer = f"{escape(str(row['predicted']))} {percent(float(row['confidence']))}"
    return (
        f'<div class="fl-tile" data-id="{escape(str(row["id"]))}">{field}<div class="fl-answer"><b>{answer}</b></div>'
        f'{votes.votes_html(row, classes)}<span class="fl-id">{escape(str(row["id"]))}</span></div>'
    )
