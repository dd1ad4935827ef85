"""Explain: one face, the answer, every gate inside the model, explanations by any method, and whether to trust them.

How to read the page, in words.

What a ``cmaen``'s answer to this face is made of; nothing for another model.

How the trust of each map was measured, folded: the curves behind its score.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import streamlit as st

from dashboard.report.subject import emotion, is_about_pictures
from dashboard.report.subject import face as face_word
from dashboard.shared import face as answer
from dashboard.shared import maps, pinned
from dashboard.shared.figures import tile
from dashboard.shared.figures.map_card import MapCard, MapStyle
from dashboard.shared.figures.trust import Trusted, gate_badge, method_place, read_faithful
from dashboard.shared.target import CONTRAST
from dashboard.shell import glossed, page_ends, say, study_loaders, theme
from dashboard.shell.frame import framed
from dashboard.shell.in_address import in_address
from dashboard.shell.state import NamedPicture, Selection
from dashboard.views.explain import alike, sanity, trust
from dashboard.views.explain import gates as gate_views
from dashboard.views.explain.asked import first_maps, settled, subject_of
from dashboard.views.explain.figures.shares import WORDS, parts_of, shares_html
from dashboard.views.explain.figures.trust_curves import faithfulness_curves
from dashboard.views.explain.shown import Slots, View, read_answer, show_channels, show_maps, take_along
from engine.explain.cmaen_shares import CmaenShares
from engine.records import Explanation, FaceExplanation, RunCard

STYLE: Final = Path(__file__).with_name("style.css")


def show_shares(found: CmaenShares | None, label: str) -> None:
    """Draw the section.

    Args:
        found: of one picture, or None for a model that is no ``cmaen``.
        label: the answered class.
    """
    if found is None or (found.gamma is None and not parts_of(found)):
        return
    theme.section("What the answer is made of", WORDS if parts_of(found) else "")
    st.html(shares_html(found, label))


LEGEND: Final = """
**The bars** are the model's probabilities for each {emotion}; they sum to 100 %. A high bar means that the model is
sure, not that it is right{example}.

**A spatial attention gate** is a number from 0 to 1 for each cell of a grid. The model multiplies its features by
it: near 1 passes a cell on, near 0 holds it back. There is one gate per block, and it is *class-agnostic*: it is
the same whichever {emotion} you ask about. A gate says what was passed on, not what decided the answer.

**A channel attention gate** is one number per feature channel, applied everywhere in the picture alike. The bars
rank the channels; the map beside them shows where the block passes the selected channel on.

**Grad-CAM** is an explanation for *one* {emotion}: where did the features of a layer speak for it? Only positive
evidence is shown. Its values have no unit, so its colours start at zero and end at the largest value shown. Where a
class has none, that is said instead of drawing an empty picture. Deep layers have few cells: 6 × 6 cells cannot
point at an eyelid.

**Other explanations** ask otherwise: what changes when a part is covered, how the answer grows from an empty picture.
Under each stands what must hold for it to mean something. Signed maps are grey at zero: one colour speaks for the
class, the other against it.

**Trust** is measured when you ask for it. A gate is *used* if the probabilities move when something else stands in its
place (its mean, itself shuffled, another {face}'s gate): the share of the probability that changes hands is the *total
variation*. A map is *faithful* if taking away what it ranks high changes the answer more than taking away what random
maps do, by more than chance (the interval lies above 0). A map *no better than random* may still look convincing.

**The colour bar** under each map is the scale of the colours. The line below it reaches from the map's lowest to
its highest value, the tick is its mean. *Fixed* draws gates from 0 to 1, so a flat gate looks flat. *Shared* gives
all maps of a row one range. *Stretched* gives each map its own range: that shows faint structure and exaggerates
it. Hold the pointer over a map to see its real cells.
"""


EXAMPLE: Final = ": on FER2013 even good models err on about every third face"


def legend() -> None:
    """Draw the legend, folded."""
    with st.expander("How to read this", icon=":material/menu_book:"):
        st.markdown(LEGEND.format(emotion=emotion(), face=face_word(), example="" if is_about_pictures() else EXAMPLE))


def show_curves(trusted: Trusted, maps: Sequence[Explanation]) -> None:
    """Draw the curves of one map that was checked, and the choice among these; nothing where none was."""
    found = {
        method_place(entry.method, entry.layer, entry.target): judged
        for entry in maps
        if (judged := trusted.map(entry)) is not None
    }
    if not found:
        return
    methods = {entry.method: method_place(entry.method, entry.layer, entry.target) for entry in maps}
    with st.expander("How trust was measured", icon=":material/fact_check:", key="measured", bind="query-params"):
        choices = {method: name for method, name in methods.items() if name in found}
        with in_address("curves_of", "trust_map", choices, next(iter(choices.values())), "map of the curves"):
            name: str = st.selectbox("Map", list(found), key="trust_map", width=340)
        st.plotly_chart(
            faithfulness_curves(found[name]),
            key="trust_curves",
            config={"displayModeBar": False},
            alt=f"the answer while cells are taken away along {name}, beside random maps",
        )
        glossed.note(
            f"{read_faithful(found[name])} The score is the area between the dashed and the full line. A good "
            "map’s full line falls at once and its dashed one stays up; a random map’s two lines are alike."
        )


def _show_gates(
    explained: FaceExplanation, style: MapStyle, badge_of: Callable[[str], str]
) -> tuple[tuple[str, tuple[MapCard, ...]], ...]:
    """Draw the rows of gates that have a place in the picture; return each with its title."""
    return (
        ("Spatial attention gates", maps.show_gates(explained, style, badge_of)),
        ("Attention by emotion", gate_views.show_emotion_gates(explained, style, badge_of)),
        ("Attention between cells", gate_views.show_received(explained, style, badge_of)),
    )


def explain(
    card: RunCard, named: NamedPicture, pictures: Sequence[NamedPicture], pin: NamedPicture | None = None
) -> None:
    """Draw the page for one picture that can be read, of those that were chosen together, beside the pinned one.

    The answer and the gates come first, then the map that is asked for; all else is made beside the page.
    """
    model = page_ends.loaded(card)
    found = answer.find_face(card, named)
    if found is None:
        return
    subject, key = subject_of(card, named, found.face, found.key), found.key
    reading, checking, row = found.beside.empty(), found.beside.container(), st.container()
    maps.gates_heading()
    style = maps.style_controls()
    gates, leads = st.container(), st.container()
    maps.explanation_heading()
    predicted = found.face.prediction.label
    asked = maps.choose_target(
        card, model.gradcam_layers, predicted=predicted, truth=named.truth, ranked=answer.ranked(found.face)
    )
    names = settled(subject, asked)
    pair = (*asked.pair, CONTRAST) if asked.pair is not None else ()
    known = trust.known(key, subject.answer, names[asked.name], ())
    measured = study_loaders.measured_gates(card)
    view = View(subject, style, asked, names, lambda layer: gate_badge(known.gates.get(layer), layer, measured))

    with reading.container():
        read_answer(subject, subject.known(asked.layer, names[asked.name]), known)
    with gates:
        gate_rows = _show_gates(subject.answer, style, view.gate_badge)
    gradcam = st.container()
    with gradcam:
        first = first_maps(subject, asked, names, pair)
    if asked.name not in first:
        show_channels(view)
        return
    shown = show_maps(view, Slots(reading, checking, leads, gradcam), first, pair)
    pinned.show_beside(row, card, shown.chosen, named, pin, style)
    with gates:
        show_shares(shown.shares, predicted)
    show_channels(view)
    alike.show_alike(card, named, found.face.prediction)
    take_along(view, shown, gate_rows, pictures)
    show_curves(shown.trusted, shown.checked)
    sanity.show_sanity(card, key, shown.chosen, shown.main, shown.checks)


def main(chosen: Selection) -> None:
    """Select, load, draw."""
    card = page_ends.opened("Explain", chosen, tile.CSS, STYLE)
    if card is None:
        return
    named = page_ends.readable(chosen)
    if named is not None:
        with say.said():
            explain(card, named, chosen.pictures, chosen.pinned)
    legend()


with framed("Explain") as selected:
    main(selected)
