"""The Embedding tab: pictures as points coloured by class; those caught with the lasso or box are shown beside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import streamlit as st

from dashboard.report.text import plain
from dashboard.shared import gallery, study
from dashboard.shared.figures.tile import tile_html
from dashboard.shared.maps import ink
from dashboard.shell import among, loaders, long_work, study_loaders
from dashboard.shell.costs import Work
from dashboard.shell.pages import EXPLAIN, MISTAKES
from dashboard.shell.state import LOOK
from dashboard.shell.tagging import choose_tag
from dashboard.shell.walk import selection_address
from dashboard.views.evaluation import area, choice
from dashboard.views.evaluation import loaders as evaluation_loaders
from dashboard.views.evaluation.figures.embedding import Marks, embedding_chart, selected
from dashboard.views.evaluation.loaders import Evaluated
from engine.analysis.evaluation import PICTURES_MOST, StoredAnswers, spread
from engine.analysis.files.places import AnalysedSplit

CHART: Final = "evaluation_embedding"
POINTS_MOST: Final = 3_000
"""Points drawn at once; more make the browser slow."""
SHOWN_MOST: Final = 24


def show_embedding(evaluated: Evaluated, model: str, split: AnalysedSplit) -> None:
    """Draw the scatter and the pictures that are selected in it."""
    answers = evaluated.found.answers
    with st.container(horizontal=True, gap="medium"):
        layout = study.segments(
            "Layout",
            choice.LAYOUTS,
            choice.LAYOUT,
            hint="PCA: stored with the analysis. "
            f"t-SNE: computed now for up to {PICTURES_MOST:,} pictures, some seconds.",
        )
        colour = study.segments("Colour", choice.COLOURS, choice.COLOUR)
    marks = _marks(answers, model, split)
    if layout == choice.PCA:
        shown = np.union1d(spread(len(answers.ids), POINTS_MOST), np.array(marks.all, np.int64))
        places, axes = answers.places[shown], ("first principal component", "second principal component")
    else:
        count = min(PICTURES_MOST, len(answers.ids))
        laid_out = long_work.have(
            "layout",
            evaluation_loaders.layout_key(model, split),
            lambda _tell: evaluation_loaders.tsne(evaluated, model, split),
            f"Laying out {count:,} pictures",
            Work("", "t-SNE of a picture", float(count)),
        ).value
        if laid_out is None:
            return
        places, shown = laid_out
        axes = ("t-SNE, no unit", "t-SNE, no unit")
    by = answers.labels if colour == choice.COLOURS[0] else answers.predicted
    base = area.base_of((model, split.name, layout), f"{CHART}.{layout}.{colour}")
    with st.container(key="stack-embedding"):
        left, right = st.columns([11, 10], gap="large")
    with left:
        event = st.plotly_chart(
            embedding_chart(answers, places, shown, ink(), axes=axes, by=by, chosen=base.chosen, marks=marks),
            width="stretch",
            key=base.key,
            on_select=area.changed,
            selection_mode=("lasso", "box"),
            config={"displaylogo": False, "modeBarButtonsToRemove": ["zoom2d", "autoScale2d", "toImage"]},
        )
        said = (
            "The first two principal components of the features before the last layer."
            if layout == choice.PCA
            else "t-SNE of the logits: neighbours are answered alike; distances and sizes of clusters mean nothing."
        )
        part = "" if len(shown) == len(answers.ids) else f" of {len(answers.ids):,}, spread evenly"
        st.caption(plain(f"{said} {len(shown):,} pictures{part}. Dot: answered rightly; cross: wrongly."))
    with right:
        picked = area.picked(event, base, places, shown, len(answers.ids)) or marks.selected
        _gallery(evaluated, model, split, picked, drawn=bool(selected(event, len(answers.ids))))


def _marks(answers: StoredAnswers, model: str, split: AnalysedSplit) -> Marks:
    """Draw what was selected elsewhere, and return it."""
    ids = among.follow(model, split)
    among.show(ids, "{:,} selected pictures stand out")
    place = {name: at for at, name in enumerate(answers.ids)}
    return Marks(tuple(place[name] for name in ids), place.get(st.query_params.get(LOOK, "")))


def _gallery(evaluated: Evaluated, model: str, split: AnalysedSplit, picked: tuple[int, ...], *, drawn: bool) -> None:
    """Draw the selected pictures, each with its way to Explain; ``drawn``: in this chart, not in an earlier one."""
    answers = evaluated.found.answers
    if not picked:
        st.info(
            "Draw around points with the lasso or the box to see their pictures here.", icon=":material/lasso_select:"
        )
        return
    wrong = int((answers.predicted[list(picked)] != answers.labels[list(picked)]).sum())
    first = f", the first {SHOWN_MOST} shown" if len(picked) > SHOWN_MOST else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(
            f'<div class="fl-shows-what" role="status"><b>{len(picked):,} selected, {wrong:,} answered wrongly</b>'
            f"{first}</div>"
        )
        if not drawn and st.session_state.get(area.AREA):  # the chart itself clears only what was drawn in it
            st.button("Clear", key="clear_area", on_click=area.clear)
    _to_matrix(model, split, [answers.ids[index] for index in picked])
    if area.unkept():
        st.caption(f":material/link_off: {area.NOT_KEPT}")
    # The mistakes among them first: they are what one looks for in a cluster of another class.
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        tagged = choose_tag(split.dataset)
        shows = gallery.choose_map(study_loaders.store((model,), split.dataset, split.split))
        gallery.choose_size()
    if tagged is not None:
        picked = tuple(index for index in picked if answers.ids[index] in set(tagged))
        st.caption(f"{len(picked):,} of them have the tag.")
    order = sorted(picked, key=lambda index: bool(answers.labels[index] == answers.predicted[index]))
    card = loaders.shelf().card(model)
    selected = [answers.ids[index] for index in order]
    fields = gallery.fields(shows, split.dataset, selected[:SHOWN_MOST], card)
    with st.container(key="gallery"):
        for index in order[:SHOWN_MOST]:
            _tile(evaluated, index, split, selected, fields[answers.ids[index]])


def _to_matrix(model: str, split: AnalysedSplit, ids: Sequence[str]) -> None:
    """Draw the way to the confusion matrix of these pictures alone."""
    if asked := among.address(model, split, ids, f"{len(ids):,} of the embedding"):
        st.page_link(MISTAKES, label="In the matrix", icon=":material/grid_on:", query_params={**asked, "shown": "all"})


def _tile(evaluated: Evaluated, index: int, split: AnalysedSplit, selected: Sequence[str], field: str) -> None:
    answers = evaluated.found.answers
    picture_id = answers.ids[index]
    row = {
        "id": picture_id,
        "label": answers.classes[answers.labels[index]],
        "predicted": answers.classes[answers.predicted[index]],
        "confidence": float(answers.probabilities[index].max()),
        "loss": float(-np.log(max(answers.probabilities[index, answers.labels[index]], 1e-45))),
    }
    with st.container(gap="xsmall"):
        st.html(tile_html(row, field))
        st.page_link(
            EXPLAIN,
            label="Explain",
            query_params=selection_address(
                answers.model, split.dataset, split.split, selected, picture_id, f"{len(selected)} of the embedding"
            ),
        )
