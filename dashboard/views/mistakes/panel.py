"""The side panel of the Misclassifications page: one picture with its maps, what the model answers, what people saw.

Which picture is in the address, written there by hand like the ticks. It walks through the pictures that the filters
leave, or through those that are ticked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from dashboard.report.text import escape, percent, plain
from dashboard.shared.figures.tile import MAPS, absent_html, answer_html, map_html, picture_html, read_choice
from dashboard.shared.figures.votes import side_words
from dashboard.shared.figures.votes_beside import beside_html
from dashboard.shell import among, loaders, say, state, study_loaders
from dashboard.shell.pages import EVALUATION, EXPLAIN
from dashboard.shell.state import LOOK, PAGE, PICKED
from dashboard.shell.walk import selection_address
from dashboard.views.mistakes import filters
from engine.analysis.files.places import AnalysedSplit
from engine.analysis.mistakes import MistakesView
from engine.analysis.store.query import Column
from engine.analysis.store.store import AnalysisStore
from engine.errors import UnknownNameError

SHOWN: Final = "shown"
TICKED: Final = "selected"
NEAREST: Final = 6
"""Nearest pictures shown."""
GROUNDS: Final[dict[str, str]] = {"light": "#fdfcfa", "dark": "#131519"}
"""The page's ground on its two themes: the panel lies over the page."""


def look_at(picture_id: str) -> None:
    """Open the panel on a picture."""
    st.query_params[LOOK] = picture_id


def close() -> None:
    """Close the panel."""
    st.query_params.pop(LOOK, None)


def _go(picture_id: str, page: int | None) -> None:
    look_at(picture_id)
    if page is not None:  # the gallery goes along
        st.session_state[PAGE] = page


@dataclass(frozen=True)
class Walk:
    """Where a picture stands among those that are walked through.

    Attributes:
        ids: in their order. place: of the picture among them, None where it is not.
        per_page: pictures to a page of the gallery, which goes along; 0 where it does not.
    """

    ids: Sequence[str]
    place: int | None
    per_page: int = 0

    def beside(self, step: int) -> str | None:
        """Return the id ``step`` pictures on (-1: back); None at the ends."""
        if self.place is None or not 0 <= self.place + step < len(self.ids):
            return None
        return self.ids[self.place + step]

    def page_of(self, step: int) -> int | None:
        """Return the page of the gallery that picture is on, None where the gallery stays."""
        return None if self.place is None or not self.per_page else (self.place + step) // self.per_page + 1


def walk(ids: Sequence[str], picture_id: str, per_page: int = 0) -> Walk:
    """Find a picture among ``ids``."""
    return Walk(ids, ids.index(picture_id) if picture_id in ids else None, per_page)


def looked_at(store: AnalysisStore) -> Mapping[str, Any] | None:
    """Return all that is known of the picture that the address names, None without any; an unknown one is said."""
    asked = st.query_params.get(LOOK)
    if not asked:
        return None
    try:
        return store.picture(asked)
    except UnknownNameError:
        say.problems([f"The analysis has no picture '{asked}' to look at."])
        close()
        return None


def show_panel(
    store: AnalysisStore, view: MistakesView, split: AnalysedSplit, row: Mapping[str, Any], per_page: int
) -> None:
    """Draw the panel of one picture.

    Args:
        row: of the store, see :func:`looked_at`. per_page: pictures to a page of the gallery.
    """
    ground = GROUNDS.get(str(st.context.theme.type), GROUNDS["light"])
    st.html(f"<style>.st-key-mistake-panel{{background:{ground}}}</style>")
    with st.container(key="mistake-panel", gap="small"):
        through = _steps(store, view, str(row["id"]), per_page)
        _picture(store, split, str(row["id"]))
        people = "" if store.no_votes else side_words(row)
        st.html(
            f'<div><div class="fl-panel-id">{escape(str(row["id"]))}</div>{_truths(store, row)}'
            f'<div class="fl-figures">{percent(float(row["confidence"]))} sure · surprise '
            f"{float(row['loss']):.2f} (loss)"
            f"{f' · {escape(people)}' if people else ''}</div></div>"
        )
        st.html(beside_html(row if not store.no_votes else _without_votes(row), store.classes))
        if not store.no_votes:
            st.caption("Plain: people. Hatched: the model." if row["majority"] else "Nobody saw an emotion here.")
        _near(store, split, str(row["id"]))
        st.page_link(
            EXPLAIN,
            label="Open in Explain",
            icon=":material/open_in_new:",
            query_params=_address(store, view, split, str(row["id"]), through),
        )
        words = f"{len(through.ids):,} {TICKED}" if not through.per_page else read_choice(view, len(through.ids))
        to_embedding(store.models[0], split, through.ids, words, str(row["id"]))


def _near(store: AnalysisStore, split: AnalysedSplit, picture_id: str) -> None:
    """Draw the pictures that the model takes for most like this one, each a step on to it."""
    model = store.models[0]
    card = loaders.shelf().card(model)
    found = study_loaders.near_pictures(model, split.dataset, split.split, picture_id, NEAREST)
    if not found:
        return
    st.html(
        '<div class="fl-quiet" title="Cosine of the centred logits: what an analysis keeps of the features before the '
        f'last layer.">Nearest for {escape(model)}, of all pictures</div>'
    )
    with st.container(key="panel-near"):
        for one in found:
            picture = study_loaders.picture_if_here(split.dataset, one.id, card)
            field = absent_html() if picture is None else picture_html(picture.pixels, one.id)
            with st.container(gap=None):
                st.html(
                    f'<div class="fl-near" data-id="{escape(one.id)}">{field}<b>{escape(one.label)}</b>'
                    f"<span>{'answered so' if one.label == one.predicted else f'→ {escape(one.predicted)}'} · "
                    f"{one.cosine:.2f}</span></div>"
                )
                st.button(plain(f"Look at {one.id}, near this one"), key=f"near.{one.id}", on_click=look_at,
                          args=(one.id,))  # fmt: skip


def to_embedding(model: str, split: AnalysedSplit, ids: Sequence[str], words: str, look: str = "") -> None:
    """Draw the way to the embedding, where these pictures stand out; none where they are too many for an address."""
    if ids and (asked := among.address(model, split, ids, words, look)):
        st.page_link(
            EVALUATION,
            label="In the embedding",
            icon=":material/scatter_plot:",
            query_params={**asked, "tab": "Embedding"},
        )


def ids_of(store: AnalysisStore, view: MistakesView) -> list[str]:
    """Return the ids of all pictures that the filters leave, in the gallery's order."""
    table = store.rows(view.gallery(), sort=view.order(), columns=[Column("id")], limit=None).table
    return [str(name) for name in table["id"].to_pylist()]


def _address(
    store: AnalysisStore, view: MistakesView, split: AnalysedSplit, picture_id: str, through: Walk
) -> dict[str, str]:
    """Return the address at which Explain opens the picture, among those that the panel walks through."""
    where = (store.models[0], split.dataset, split.split)
    if through.place is None:
        return state.dataset_address(*where, picture_id)
    total = len(through.ids)
    words = read_choice(view, total) if through.per_page else f"{total} selected"
    return selection_address(*where, through.ids, picture_id, words)


def _without_votes(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if not name.startswith("votes_")}


def _truths(store: AnalysisStore, row: Mapping[str, Any]) -> str:
    """Say what the label is, what most people saw, and what was answered."""
    said = [("label", str(row["label"]))]
    if not store.no_votes:
        said.append(("most people saw", str(row["majority"] or "no emotion")))
    said.append((store.models[0], str(row["predicted"])))
    said += [(other, str(store.picture(str(row["id"]), other)["predicted"])) for other in store.models[1:]]
    return answer_html(said)


def _steps(store: AnalysisStore, view: MistakesView, picture_id: str, per_page: int) -> Walk:
    """Draw the way to the pictures before and after, and out; return what is walked through."""
    picked = st.query_params.get_all(PICKED)
    through = SHOWN
    if picked:
        through = st.segmented_control(
            "Walk through", (SHOWN, TICKED), default=SHOWN, required=True, key=filters.THROUGH, bind="query-params",
            help="The pictures that the filters leave, or those that you selected.",
        )  # fmt: skip
    at = walk(picked, picture_id) if through == TICKED else walk(ids_of(store, view), picture_id, per_page)
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="panel-steps"):
        for name, step, icon, key in (("Previous", -1, "arrow_back", "Left"), ("Next", 1, "arrow_forward", "Right")):
            to = at.beside(step)
            st.button(
                plain(name), key=f"panel_{name.lower()}", icon=f":material/{icon}:", shortcut=key, disabled=to is None,
                on_click=_go, args=(to, at.page_of(step)),
            )  # fmt: skip
        total = len(at.ids)
        st.html(
            '<span class="fl-quiet">'
            + (f"{at.place + 1:,} of {total:,}" if at.place is not None else f"not among the {total:,} {through}")
            + "</span>"
        )
        st.button("Close", key="panel_close", icon=":material/close:", shortcut="Esc", on_click=close)
    return at


def _picture(store: AnalysisStore, split: AnalysedSplit, picture_id: str) -> None:
    """Draw the picture and its maps, as far as it is on this machine."""
    card = loaders.shelf().card(store.models[0])
    found = study_loaders.picture_if_here(split.dataset, picture_id, card)
    if found is None:
        st.html(f'<div class="fl-panel-maps"><figure>{absent_html()}</figure></div>')
        return
    explained = study_loaders.dataset_explanation(split.dataset, picture_id, card)
    fields = {"picture": picture_html(found.pixels, picture_id)}
    if explained.gates:
        fields["last gate"] = map_html(explained, "last gate")
    fields["Grad-CAM"] = map_html(explained, "Grad-CAM")
    drawn = "".join(
        f"<figure>{fields[name]}<figcaption>{name}</figcaption></figure>" for name in MAPS if name in fields
    )
    st.html(f'<div class="fl-panel-maps">{drawn}</div>')
