"""The right half of the Misclassifications page: the pictures of the chosen cell, page by page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st

from dashboard.report.text import csv_text, plain
from dashboard.shared import many_maps
from dashboard.shared.figures.tile import (
    MAPS,
    absent_html,
    map_html,
    picture_html,
    place_columns,
    place_of_map,
    place_svg,
    read_choice,
    tile_html,
)
from dashboard.shared.gallery import choose_size, last_gate
from dashboard.shared.study import first_page, unpick
from dashboard.shell import loaders, say, study_loaders
from dashboard.shell.pages import EXPLAIN
from dashboard.shell.state import LOOK, PAGE, PICKED
from dashboard.shell.walk import selection_address
from dashboard.views.mistakes import filters, panel
from dashboard.views.mistakes.report import Gallery
from engine.analysis.files.places import AnalysedSplit
from engine.analysis.mistakes import MistakesView
from engine.analysis.store.query import Column
from engine.analysis.store.store import AnalysisStore
from engine.analysis.store.voted import OF_MODEL, OF_PICTURE
from engine.errors import UnknownNameError
from engine.records import RunCard

ON_PAGE: Final = 24
PICKED_MOST: Final = 100
"""Pictures that can be ticked: their ids are in the address, which has to stay short enough for browsers."""
_KNOWN: Final = "known_pictures"
SHOWN: Final[tuple[str, ...]] = ("id", "label", "predicted", "confidence", "loss", "suspicion", "suggested")


def _choose_map(store: AnalysisStore) -> tuple[str, str]:
    """Draw the choice of what a tile shows; return it and the name of the map's columns, empty for the picture."""
    gate = last_gate(store)
    has = {"picture": "", "last gate": gate, "Grad-CAM": "gradcam.predicted"}
    choices = tuple(name for name in MAPS if name != "last gate" or gate)
    if st.session_state.get(filters.MAPS, choices[0]) not in choices:
        del st.session_state[filters.MAPS]
    shows: str = st.segmented_control(
        "Show",
        choices,
        format_func=plain,
        default=choices[0],
        required=True,
        key=filters.MAPS,
        bind="query-params",
        help="Maps are computed for the pictures on this page only, a fraction of a second each, and kept. "
        "Gates: fixed scale 0–1. Grad-CAM of the answer, and attention between cells: each from zero to its own "
        "largest value.",
    )
    name = has[shows]
    return shows, name if f"{name}.centre_x" in store.columns() else ""


def _toggle(picture_id: str, key: str) -> None:
    """Tick or untick a picture: the address holds which are."""
    picked = [name for name in st.query_params.get_all(PICKED) if name != picture_id]
    if st.session_state[key]:
        picked.append(picture_id)
    st.query_params[PICKED] = picked[:PICKED_MOST]


def _pick(ids: Sequence[str]) -> None:
    picked = st.query_params.get_all(PICKED)
    st.query_params[PICKED] = [*picked, *(name for name in ids if name not in picked)][:PICKED_MOST]


def _picked(store: AnalysisStore, shown: Sequence[str]) -> tuple[str, ...]:
    """Return the pictures that are ticked; what the address names and the store lacks is said and left out."""
    picked = tuple(dict.fromkeys(st.query_params.get_all(PICKED)))[:PICKED_MOST]
    pictures = "+".join(str(source.metadata["data_fingerprint"]) for source in store.sources)
    known: set[str] = st.session_state.setdefault(f"{_KNOWN}.{pictures}", set())
    known.update(shown)
    unknown = []
    for name in picked:
        if name not in known:
            try:
                store.picture(name)
                known.add(name)
            except UnknownNameError:
                unknown.append(name)
    say.problems(f"The analysis has no picture '{name}'; it is left out of the selection." for name in unknown)
    return tuple(name for name in picked if name in known)


def _fields(card: RunCard, split: AnalysedSplit, shown: Gallery, name: str) -> list[str]:
    """Return what each tile shows as HTML: the picture, a map over it, or where the store says that the map lies.

    What was looked up for it is put into ``shown``.
    """
    fields = []
    rows, shows = shown.rows, shown.shows
    if shows != "picture":
        shown.explained.update(many_maps.explained(split.dataset, [str(row["id"]) for row in rows], card))
    for row in rows:
        picture_id = str(row["id"])
        found = study_loaders.picture_if_here(split.dataset, picture_id, card)
        if found is None:
            fields.append(place_svg(place_of_map(row, name)) if name else absent_html())
            continue
        shown.pictures[picture_id] = found.pixels
        explained = shown.explained.get(picture_id)
        fields.append(picture_html(found.pixels, picture_id) if explained is None else map_html(explained, shows))
    return fields


def _tile(
    row: Mapping[str, Any],
    field: str,
    split: AnalysedSplit,
    store: AnalysisStore,
    selected: tuple[Sequence[str], str],
    *,
    ticked: bool,
    truth: str,
) -> None:
    """Draw a tile; ``selected`` are the ids of the whole gallery in its order, and what it shows in words."""
    picture_id = str(row["id"])
    other = store.models[1] if len(store.models) > 1 else ""
    key = f"pick.{picture_id}"
    if st.query_params.get(LOOK) == picture_id:
        field = f'<div class="fl-chosen">{field}</div>'
    with st.container(gap="xsmall"):
        st.button(plain(f"Look at {picture_id}"), key=f"look.{picture_id}", on_click=panel.look_at, args=(picture_id,))
        st.html(tile_html(row, field, other, () if store.no_votes else store.classes, truth))
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            st.session_state[key] = ticked
            st.checkbox(plain(f"Select {picture_id}"), key=key, on_change=_toggle, args=(picture_id, key),
                        label_visibility="collapsed")  # fmt: skip
            st.page_link(
                EXPLAIN,
                label="Explain",
                query_params=selection_address(
                    store.models[0], split.dataset, split.split, selected[0], picture_id, selected[1]
                ),
            )


def _all_columns(store: AnalysisStore) -> list[Column]:
    """Return the columns of the table to export: what belongs to no gate, and the other models' answers."""
    return [
        *(Column(name) for name in store.sources[0].core),
        *(Column(name) for name in (() if store.no_votes else (*OF_PICTURE, *OF_MODEL))),
        *(Column(name, model) for model in store.models[1:] for name in ("predicted", "confidence", "loss", "margin")),
    ]


def _export(store: AnalysisStore, view: MistakesView, rows: Sequence[Mapping[str, Any]], total: int) -> None:
    """Draw what can be done with the pictures that are ticked, and with all."""
    picked = _picked(store, [str(row["id"]) for row in rows])
    model = store.models[0]
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="mistake-export"):
        st.button("Select this page", on_click=_pick, args=([str(row["id"]) for row in rows],), disabled=not rows)
        st.button("Unselect", on_click=unpick, disabled=not picked)
        st.download_button(
            f"CSV of {len(picked)} selected",
            lambda: csv_text(store.picture(name) for name in picked),
            f"selected-{model}.csv",
            "text/csv",
            icon=":material/table:",
            on_click="ignore",
            disabled=not picked,
            help="Every figure that is kept of each picture, its gates included.",
        )
        st.download_button(
            f"CSV of all {total:,}",
            lambda: csv_text(
                store.rows(view.gallery(), sort=view.order(), columns=_all_columns(store), limit=None).table.to_pylist()
            ),
            f"{'-'.join(view.cell) if view.cell else 'pictures'}-{model}.csv",
            "text/csv",
            icon=":material/table:",
            on_click="ignore",
            disabled=not total,
        )
    if len(picked) >= PICKED_MOST:
        st.caption(f"No more than {PICKED_MOST} pictures can be selected; use the CSV of all instead.")


def _say_absent(card: RunCard, split: AnalysedSplit, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows and study_loaders.picture_if_here(split.dataset, str(rows[0]["id"]), card) is None:
        st.info(
            f"The pictures of {plain(split.dataset)} are not on this machine: put them under `data/`, or name their "
            "place in the variable `FERLENS_DATA` and start again. Figures and places of maps come from the analysis.",
            icon=":material/image_not_supported:",
        )


def show_gallery(store: AnalysisStore, view: MistakesView, split: AnalysedSplit) -> Gallery:
    """Draw the gallery of ``view``: its sentence, order, pictures, pages, and what can be taken along; return it."""
    card = loaders.shelf().card(store.models[0])
    total = store.count(view.gallery())
    words = read_choice(view, total)
    ids = panel.ids_of(store, view)
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        st.html(f'<div class="fl-shows-what" role="status"><b>{words}</b></div>', width="content")
        panel.to_embedding(store.models[0], split, ids, words)
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        st.selectbox(
            "Order",
            tuple(filters.SORTS),
            key=filters.SORT,
            bind="query-params",
            on_change=first_page,
            width=190,
        )
        shows, name = _choose_map(store)
        choose_size()
    if not total:
        st.info("No picture is left by these filters; take some back.", icon=":material/info:")
        return Gallery(words)
    notice, tiles = st.container(), st.container(key="gallery")
    pages = -(-total // ON_PAGE)
    page = 1
    if pages > 1:
        if st.session_state.get(PAGE, 1) > pages:
            st.session_state[PAGE] = pages
        page = st.pagination(pages, key=PAGE, bind="query-params")
    columns = [
        *(Column(column) for column in SHOWN),
        *(Column(column) for column in (place_columns(name) if name else ())),
    ]
    columns += [Column("predicted", model) for model in store.models[1:]]
    if not store.no_votes:
        columns += [Column(name) for name in (*OF_PICTURE, *OF_MODEL, *(f"p_{name}" for name in store.classes))]
    rows = store.rows(
        view.gallery(), sort=view.order(), columns=columns, offset=(page - 1) * ON_PAGE, limit=ON_PAGE
    ).table.to_pylist()
    picked = set(st.query_params.get_all(PICKED))
    with notice:
        _say_absent(card, split, rows)
        shown = Gallery(words, shows, rows, (page, pages))
        fields = _fields(card, split, shown, name)
    with tiles:
        for row, field in zip(rows, fields, strict=True):
            _tile(row, field, split, store, (ids, words), ticked=str(row["id"]) in picked, truth=view.truth)
    _export(store, view, rows, total)
    return shown
