"""Pictures of an analysed split that the model answers like the one shown, folded; each a step on to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from dashboard.report.text import plain
from dashboard.shared import gallery
from dashboard.shared.figures.tile import alike_html
from dashboard.shell import say, state, study_loaders
from dashboard.shell.in_address import in_address, left_out
from dashboard.shell.origin import Origin
from dashboard.shell.state import NamedPicture
from dashboard.shell.study_loaders import NearPicture
from dashboard.shell.view_link import address_of, picture_link
from dashboard.shell.walk import here, selection_address
from engine.analysis.files.places import AnalysedSplit, analyze_command
from engine.records import Prediction, RunCard

KEY: Final = "alike"
IN: Final = "alike_in"
SHOWN: Final = 12
"""Pictures."""
TITLE: Final = "Pictures this model answers alike"
PAGE: Final = "Explain"


def show_alike(card: RunCard, named: NamedPicture, answer: Prediction) -> None:
    """Draw the section; one sentence where nothing is stored of the model.

    Args:
        card: the model's. named: the picture shown. answer: the model's to its face.
    """
    mine = study_loaders.analysed_of(card.name)
    if not mine:
        left_out(IN)
        own = str(card.data.get("dataset") or "synthetic")
        command = analyze_command(card.name, own, "test")
        st.caption(plain(f"{TITLE}: none are known, since {card.name} was not analysed yet. {command} changes that."))
        return
    with st.expander(TITLE, icon=":material/grid_view:", key=KEY, bind="query-params", on_change="rerun") as section:
        if not section.open:
            left_out(IN)
            return
        split = _choose(mine, named)
        with say.said():
            _show(card, split, named, answer)


def _choose(mine: dict[str, AnalysedSplit], named: NamedPicture) -> AnalysedSplit:
    """Draw the choice among what was analysed; the picture's own data comes first."""
    usual = next((name for name, one in mine.items() if one.dataset == named.dataset), next(iter(mine)))
    with in_address(IN, IN, tuple(mine), usual, "analysis", own=True):
        name: str = st.selectbox("Among", tuple(mine), key=IN, width=220)
    return mine[name]


def _show(card: RunCard, split: AnalysedSplit, named: NamedPicture, answer: Prediction) -> None:
    without = named.name if named.dataset == split.dataset else ""
    found = study_loaders.near_answer(card.name, split.dataset, split.split, answer, SHOWN, without)
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        shows = gallery.choose_map(study_loaders.store((card.name,), split.dataset, split.split))
        gallery.choose_size()
    absent = "" if study_loaders.here(split.dataset) else f" The pictures of {split.dataset} are not on this machine."
    st.caption(
        plain(
            f"Of the pictures of {split.dataset} {split.split}, those whose answers point the same way: the cosine of "
            f"the centred logits, 1 where every class speaks in the same proportion.{absent}"
        )
    )
    came = _came(f"{len(found)} like {named.name}", named, card)
    fields = gallery.fields(shows, split.dataset, [one.id for one in found], card, of="pictures answered alike")
    with st.container(key="gallery"):
        for one in found:
            st.html(_tile(one, found, card, split, fields[one.id], came))


def _tile(
    one: NearPicture, found: Sequence[NearPicture], card: RunCard, split: AnalysedSplit, field: str, came: Origin
) -> str:
    if study_loaders.picture_if_here(split.dataset, one.id, card) is not None:
        ids = [near.id for near in found]
        asked = selection_address(card.name, split.dataset, split.split, ids, one.id, came.words, came)
        field = picture_link(address_of(PAGE, asked), field, f"Explain {one.id}, answered alike")
    return alike_html(one.id, one.label, one.predicted, (one.confidence, one.cosine), field)


def _came(words: str, named: NamedPicture, card: RunCard) -> Origin:
    """Return this view as where these pictures were found; of a long selection, the picture shown alone."""
    whole = here(words)
    if whole.query or not named.dataset:
        return whole
    split = str(st.session_state.get(state.SPLIT) or state.DEFAULT_SPLIT)
    alone = state.dataset_address(card.name, named.dataset, split, named.name)
    return Origin(whole.page, words, tuple(alone.items()))
