"""Misclassifications: which classes a model mixes up, the pictures behind each mix-up, and from there to Explain.

The left half of the Misclassifications page: the confusion matrix whose cells are clicked, and figures of a cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import streamlit as st

from dashboard.report.subject import is_about_pictures
from dashboard.report.text import plain
from dashboard.shared.figures import votes, votes_beside
from dashboard.shared.figures.confusion import INKS, Confusion, clicked, confusion_figure
from dashboard.shared.figures.tile import COLUMNS, CSS, figures_html, regions_html
from dashboard.shared.study import choose_analysis, name_split, no_analysis
from dashboard.shell import among, page_ends, report_button, say, study_loaders
from dashboard.shell.frame import framed
from dashboard.shell.state import Selection
from dashboard.views.mistakes import filters, panel
from dashboard.views.mistakes import gallery as mistake_gallery
from dashboard.views.mistakes.people import show_people
from dashboard.views.mistakes.report import Matrix, mistakes_content
from engine.analysis.files.places import AnalysedSplit
from engine.analysis.mistakes import SHARES, Means, MistakesView, means, normalised
from engine.analysis.store.query import Filter
from engine.analysis.store.store import AnalysisStore
from engine.edit.face_template import REGIONS

STYLE: Final = Path(__file__).with_name("style.css")
MATRIX: Final = "mistake_matrix"
# How many clicks were dealt with: a cell carries the number, so that no click counts twice.
_CLICK: Final = "mistake_click"


def take_click(classes: tuple[str, ...]) -> None:
    """Choose the cell that was clicked since the last run; call it before the filters are drawn."""
    click = st.session_state.get(_CLICK, 0)
    cell = clicked(st.session_state.get(MATRIX), click, classes)
    if cell is not None:
        st.session_state[_CLICK] = click + 1
        filters.choose_cell(*cell)


def _confusion(store: AnalysisStore, view: MistakesView, share: str, other: str) -> Confusion:
    counts = store.confusion(view.matrix(), truth=view.truth)
    values = normalised(counts, share)
    if other:
        values = values - normalised(store.confusion(view.matrix(), model=other, truth=view.truth), share)
    return Confusion(store.classes, counts, values, shares=share != "counts", difference=bool(other))


def _cell_of(row: Mapping[str, Any] | None, truth: str) -> tuple[str, str] | None:
    """Return the cell of the matrix that a picture counts in."""
    if row is None:
        return None
    return str(row["majority" if truth == "majority" else "label"]), str(row["predicted"])


def show_matrix(store: AnalysisStore, view: MistakesView, other: str, looked: tuple[str, str] | None = None) -> Matrix:
    """Draw the matrix, its controls, and below it the figures of what is shown; return all of it.

    Args:
        store: of the model, and the second if there is one.
        view: the filters.
        other: the second model, or empty. looked: the cell of the picture that is looked at.
    """
    with st.container(horizontal=True, gap="small"):
        share: str = st.segmented_control(
            "Cells",
            SHARES,
            default=SHARES[0],
            required=True,
            key=filters.SHARE,
            bind="query-params",
            help="Pictures; or shares of the pictures of a true class (rows sum to 100 %); or of an answer (columns).",
        )
    with st.container(horizontal=True, gap="medium"):
        hide = st.toggle("Hide the diagonal", key=filters.DIAGONAL, bind="query-params")
        minus = bool(other) and st.toggle(plain(f"Minus {other}"), key=filters.DIFFERENCE, bind="query-params")
    outlined = (view.labels, view.predicted)
    drawn = _confusion(store, view, share, other if minus else "").most_frequent((*view.labels, *view.predicted))
    st.plotly_chart(
        confusion_figure(
            drawn,
            hide_diagonal=hide,
            chosen=outlined,
            click=st.session_state.get(_CLICK, 0),
            ink=INKS.get(str(st.context.theme.type), INKS["light"]),
            looked=looked,
        ),
        width="stretch",
        key=MATRIX,
        on_select="rerun",
        selection_mode="points",
        config={"displayModeBar": False},
    )
    model = store.models[0]
    said = f"{model} minus {other}: green, {model} has more." if minus else "Click a cell to see its pictures."
    rows = " Rows are what most people saw." if view.truth == "majority" else ""
    ring = " The ring: the picture that is looked at." if looked is not None else ""
    st.caption(plain(f"{drawn.pictures:,} pictures. {said}{rows}{ring}"))
    if drawn.said:
        st.caption(plain(drawn.said))
    shown, everything = _show_figures(store, view)
    return Matrix(drawn, hide, outlined, shown, everything)


def _show_figures(store: AnalysisStore, view: MistakesView) -> tuple[Means, Means]:
    """Draw the means of what is shown, and where its Grad-CAM lies, beside right answers of the same classes.

    Returns:
        The means of what is shown, and of all that the matrix counts.
    """
    both = means(store, tuple(COLUMNS), view.gallery()), means(store, tuple(COLUMNS), view.matrix())
    st.html(figures_html(*both))
    names = tuple(f"gradcam.predicted.mass.{region}" for region in REGIONS)
    if is_about_pictures() or not set(names) <= set(store.columns()):
        return both
    classes = view.labels or store.classes
    with st.expander("Where its Grad-CAM lies", icon=":material/face:", key="mistake_regions"):
        shown = means(store, names, view.gallery())
        right = means(store, names, Filter(labels=tuple(classes), correct=True))
        st.html(
            regions_html(
                {region: shown.means[name] for region, name in zip(REGIONS, names, strict=True)},
                {region: right.means[name] for region, name in zip(REGIONS, names, strict=True)},
            )
        )
        of = ", ".join(view.labels) if view.labels else "all classes"
        st.caption(
            plain(
                f"Dark: the pictures shown. Faint: {right.pictures:,} right answers of {of}. Mean share of the mass of "
                "Grad-CAM for the answer, by region of the face."
            )
        )
    return both


def study(model: str, split: AnalysedSplit, other: str) -> None:
    """Draw the page for one analysed split."""
    with st.spinner(plain(f"Opening the analysis of {model} …")):
        store = study_loaders.store((model, other) if other else (model,), split.dataset, split.split)
    name_split(model, split, store.count())
    take_click(store.classes)
    view = filters.filter_bar(store.classes, other, store.no_near, store.no_votes, split.dataset)
    selected = among.follow(model, split)
    if selected:
        view = replace(view, ids=tuple(name for name in selected if view.ids is None or name in view.ids))
        among.show(selected, "Only the {:,} selected pictures")
    seen = show_people(store, view)
    with st.container(key="stack-mistakes"):
        left, right = st.columns([9, 13], gap="large")
    row = panel.looked_at(store)
    with left:
        if row is not None:
            panel.show_panel(store, view, split, row, mistake_gallery.ON_PAGE)
        matrix = show_matrix(store, view, other, _cell_of(row, view.truth))
    with right:
        gallery = mistake_gallery.show_gallery(store, view, split)
    page_ends.offer_report(
        "Misclassifications",
        store.models,
        split,
        partial(mistakes_content, matrix, gallery, seen),
        settings=filters.settings(),
        notes=report_button.dataset_notes(split.dataset),
    )


def main(selected: Selection) -> None:
    """Select, load, draw."""
    card = page_ends.opened("Misclassifications", selected, CSS + votes.CSS + votes_beside.CSS, STYLE)
    if card is None:
        return
    filters.recall()
    found = choose_analysis(card.name)
    if found is None:
        no_analysis(card.name)
        return
    with say.said():
        study(card.name, *found)
    filters.keep()


with framed("Misclassifications") as chosen:
    main(chosen)
