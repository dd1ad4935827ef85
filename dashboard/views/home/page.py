"""Home: what this is, where to start, what was measured, and what it must not be used for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import streamlit as st

from dashboard.report.text import plain
from dashboard.shared.figures.model_table import BUILT_IN, FER2013, model_table, protocol_of, simplest_first, table_note
from dashboard.shell import loaders, say, state, theme
from dashboard.shell.frame import framed
from dashboard.shell.loaders import Sample
from dashboard.shell.pages import COMPARE, EXPLAIN, MISTAKES


@dataclass(frozen=True)
class Tile:
    """A way in: icon, title, a sentence, the page it opens, and what its address carries."""

    icon: str
    title: str
    words: str
    page: str
    address: Mapping[str, str] = field(default_factory=dict)


TILES: Final = (
    Tile(
        ":material/upload:",
        "Explain a photo",
        "Upload one or several pictures; every face in them is found and read.",
        EXPLAIN,
        {"source": "upload"},
    ),
    Tile(
        ":material/photo_camera:",
        "Take a shot",
        "One picture from your camera, explained like any other and not stored.",
        EXPLAIN,
        {"source": "camera"},
    ),
    Tile(
        ":material/compare:",
        "Compare models",
        "The same face through two to four models, and whether one is better on a dataset.",
        COMPARE,
    ),
    Tile(
        ":material/grid_view:",
        "Browse mistakes",
        "A confusion matrix to click, and the pictures behind each of its cells.",
        MISTAKES,
    ),
)

MUST_NOT: Final = """
FERLens is for studying models. **Do not use it to judge what people feel**: not at work, not at school, not at
borders, not in hiring, policing, advertising or health. A facial expression is not an emotion; the labels these
models learnt are strangers’ guesses about web pictures, and people agree with them on about two thirds. An
explanation shows what a model used; it does not make its answer true. In the European Union inferring emotions at
work and in education is forbidden, with narrow exceptions (AI Act, Article 5).
"""


def main(model: str | None) -> None:
    """Draw the page."""
    st.title("See what an emotion model weighs, and whether it matters")
    st.html(
        '<p class="fl-lead">FERLens opens facial-expression models: every attention gate inside them, and an '
        "explanation of each answer, over the face it belongs to.</p>"
    )
    _tiles()
    _models(model)
    _strip()
    theme.section("Data")
    st.markdown(plain(loaders.data_status()))
    theme.section("What it must not be used for")
    st.markdown(MUST_NOT)


def _tiles() -> None:
    with st.container(key="stack-tiles"):
        columns = st.columns(len(TILES), gap="medium")
    for column, tile in zip(columns, TILES, strict=True):
        with column, st.container(border=True, height="stretch"):
            address = state.shared_address(**tile.address)
            st.page_link(tile.page, label=f"**{plain(tile.title)}**", icon=tile.icon, query_params=address)
            st.caption(plain(tile.words))


def _models(model: str | None) -> None:
    shelf = loaders.shelf()
    theme.section(
        "Models",
        "One backbone, with and without attention, trained alike within each table, unless its note says otherwise."
        if len(shelf.cards) > 1
        else "",
    )
    say.problems(shelf.problems)
    if not shelf.cards:
        say.no_checkpoint()
        return
    groups = {
        protocol: sorted((card for card in shelf.cards if protocol_of(card) == protocol), key=simplest_first)
        for protocol in (FER2013, BUILT_IN)
    }
    several = all(groups.values())
    for protocol, cards in groups.items():
        if cards:
            if several:
                st.markdown(f"**{plain(protocol.title)}**")
            st.html(model_table(cards, model, protocol))
            st.caption(plain(table_note(cards, protocol)))


def _strip() -> None:
    drawn = [sample for sample in loaders.samples() if sample.expression is not None]
    if not drawn:
        return
    theme.section("Drawn expressions", "Made by a program, so their true evidence is known. Each opens Explain.")
    with st.container(key="strip"):
        for sample in drawn:
            _face(sample)


def _face(sample: Sample) -> None:
    with st.container(gap="xsmall"):
        st.image(loaders.sample_bytes(sample), width="stretch", alt=sample.title)
        st.page_link(
            EXPLAIN,
            label=plain(sample.expression or sample.title),
            query_params=state.shared_address(source="sample", sample=sample.key),
        )


with framed("Home") as chosen:
    main(chosen.model)
