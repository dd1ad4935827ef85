"""Home: what this is, where to start, what was measured, and what it must not be used for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import streamlit as st

from dashboard.report.subject import about, is_about_pictures
from dashboard.report.text import escape, percent, plain
from dashboard.shared.figures.map_card import MapStyle, cards_html, explanation_cards, gate_cards
from dashboard.shared.figures.model_table import (
    BUILT_IN,
    FER2013,
    OTHERS,
    model_table,
    protocol_of,
    simplest_first,
    table_note,
)
from dashboard.shell import loaders, map_loaders, say, state, theme
from dashboard.shell.frame import framed
from dashboard.shell.loaders import Sample
from dashboard.shell.map_loaders import FaceKey
from dashboard.shell.pages import COMPARE, EXPLAIN, MISTAKES, PAGES
from dashboard.shell.state import NamedPicture
from dashboard.views.home.tour import tour


@dataclass(frozen=True)
class Tile:
    """A way in: icon, title, a sentence, the page it opens, and what its address carries.

    ``of_pictures``: the sentence where the chosen model is not about faces; empty: the same.
    """

    icon: str
    title: str
    words: str
    page: str
    address: Mapping[str, str] = field(default_factory=dict)
    of_pictures: str = ""


TILES: Final = (
    Tile(
        ":material/upload:",
        "Explain a photo",
        "Upload one or several pictures; every face in them is found and read.",
        EXPLAIN,
        {"source": "upload"},
        "Upload one or several pictures; each is read whole.",
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
        of_pictures="The same picture through two to four models, and whether one is better on a dataset.",
    ),
    Tile(
        ":material/grid_view:",
        "Browse mistakes",
        "A confusion matrix to click, and the pictures behind each of its cells.",
        MISTAKES,
    ),
)

# The expression of the face on the first screen. (Streamlit would print a string that stands alone in a page.)
SHOWN: Final = "happy"
# The photograph there, for a model that is not about faces.
SHOWN_PICTURE: Final = "rocket"
# Two maps side by side also on a narrow window, so that they leave room for the ways in.
STYLE: Final = "<style>.st-key-home-shown .fl-cards{grid-template-columns:1fr 1fr}</style>"

MUST_NOT: Final = """
FERLens is for studying models. **Do not use it to judge what people feel**: not at work, not at school, not at
borders, not in hiring, policing, advertising or health. A facial expression is not an emotion; the labels these
models learnt are strangers’ guesses about web pictures, and people agree with them on about two thirds. An
explanation shows what a model used; it does not make its answer true. In the European Union inferring emotions at
work and in education is forbidden, with narrow exceptions (AI Act, Article 5).
"""


MUST_NOT_PICTURES: Final = """
FERLens is for studying models. An explanation shows what a model used; it does not make its answer true. **Do not use
an answer, or a map of it, to decide about people** because it looks convincing: check the model on your own data, and
each map by its trust figure.
"""


def main(model: str | None) -> None:
    """Draw the page."""
    if model is not None:
        about(loaders.shelf().card(model))
    if is_about_pictures():
        st.title("See what an image model weighs, and whether it matters")
        opened = "image classifiers: every attention gate inside them, and an explanation of each answer, over the"
        lead = f"FERLens opens {opened} picture it belongs to."
    else:
        st.title("See what an emotion model weighs, and whether it matters")
        opened = "facial-expression models: every attention gate inside them, and an explanation of each answer, over"
        lead = f"FERLens opens {opened} the face it belongs to."
    st.html(f'<p class="fl-lead">{lead}</p>')
    tour(pictures=is_about_pictures())
    shown = st.container(key="home-shown")
    _tiles()
    _pages()
    _models(model)
    _strip()
    if not is_about_pictures():
        theme.section("Data")
        st.markdown(plain(loaders.data_status()))
    theme.section("What it must not be used for")
    st.markdown(MUST_NOT_PICTURES if is_about_pictures() else MUST_NOT)
    # Last, as it loads the model: everything else is there by then.
    with shown, say.said():
        _first_maps(model)


def _first_maps(model: str | None) -> None:
    """Draw a built-in face with the model's last gate and a Grad-CAM over it, and the way to the whole of it.

    For a model that is not about faces it is a photograph.
    """
    drawn = not is_about_pictures()
    found_samples = (one for one in loaders.samples() if (one.expression if drawn else one.key) == wanted(drawn=drawn))
    sample = next(found_samples, None)
    if model is None or sample is None:
        return
    card = loaders.shelf().card(model)
    named = NamedPicture(sample.title, loaders.sample_bytes(sample), sample.credit, cut=True)
    with st.spinner(plain(f"Explaining a {'drawn face' if drawn else 'photograph'} with {card.name} …")):
        pixels = loaders.picture(named.digest, named.data, named.name).pixels
        found = loaders.faces(named.digest, pixels, card.name, card.weights_sha256, True)
        if found.error is not None:
            return
        face = found.faces[0]
        key = FaceKey(named.digest, 0, True, card.name, card.weights_sha256)
        layer = loaders.predictor(card).gradcam_layers[-1]
        explained = map_loaders.explanation(card, key, face.crop, face.box, layer, face.prediction.label)
    style = MapStyle()
    gates = gate_cards(explained.gates_of("spatial")[-1:], style.scale)
    gates = tuple(replace(one, title=f"attention gate, {one.title}") for one in gates)
    maps = explanation_cards(explained.maps[:1], style.scale, titles=(f"Grad-CAM for {explained.maps[0].target}",))
    left, right = st.columns([5, 6], gap="large", vertical_alignment="center")
    with left:
        st.html(STYLE + cards_html(explained.face, (*gates, *maps), style))
    with right:
        st.html(
            f'<div class="fl-reading"><b>{escape(card.name)}</b> answers <b>{escape(face.prediction.label)}</b> '
            f"({percent(face.prediction.confidence)}) to this {'drawn face' if drawn else 'photograph'}. "
            + ("Left: where its last block let features pass. " if gates else "It has no attention gate. ")
            + "Grad-CAM: where they spoke for the answer.</div>"
        )
        address = state.shared_address(source="sample", sample=sample.key)
        st.page_link(EXPLAIN, label="See all of it", icon=":material/arrow_forward:", query_params=address)


def wanted(*, drawn: bool) -> str:
    """Return which sample stands first: what a drawn face shows, or a photograph's key."""
    return SHOWN if drawn else SHOWN_PICTURE


def _pages() -> None:
    theme.section("Pages")
    with st.container(key="home-pages", gap="xsmall"):
        for entry in PAGES:
            if entry.words:
                with st.container(horizontal=True, gap="small", vertical_alignment="center"):
                    st.page_link(entry.file, label=f"**{plain(entry.title)}**", width=170)
                    said = entry.of_pictures if is_about_pictures() and entry.of_pictures else entry.words
                    st.caption(plain(said), width="stretch")


def _tiles() -> None:
    with st.container(key="stack-tiles"):
        columns = st.columns(len(TILES), gap="medium")
    for column, tile in zip(columns, TILES, strict=True):
        with column, st.container(border=True, height="stretch"):
            address = state.shared_address(**tile.address)
            st.page_link(tile.page, label=f"**{plain(tile.title)}**", icon=tile.icon, query_params=address)
            st.caption(plain(tile.of_pictures if is_about_pictures() and tile.of_pictures else tile.words))


def _models(model: str | None) -> None:
    shelf = loaders.shelf()
    theme.section(
        "Models",
        "One backbone, with and without attention, trained alike within each table, unless its note says otherwise."
        if sum(not card.is_adopted for card in shelf.cards) > 1
        else "",
    )
    say.problems(shelf.problems)
    if not shelf.cards:
        say.no_checkpoint()
        return
    groups = {
        protocol: sorted((card for card in shelf.cards if protocol_of(card) == protocol), key=simplest_first)
        for protocol in (FER2013, BUILT_IN, OTHERS)
    }
    several = sum(map(bool, groups.values())) > 1 or bool(groups[OTHERS])
    for protocol, cards in groups.items():
        if cards:
            if several:
                st.markdown(f"**{plain(protocol.title)}**")
            st.html(model_table(cards, model, protocol))
            st.caption(plain(table_note(cards, protocol)))


def _strip() -> None:
    pictures = is_about_pictures()
    drawn = [sample for sample in loaders.samples() if (sample.expression is None) == pictures]
    if not drawn:
        return
    if pictures:
        theme.section("Photographs", "They come with FERLens. Each opens Explain.")
    else:
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
