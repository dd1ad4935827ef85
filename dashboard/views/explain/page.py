"""Explain: one face, the answer, every gate inside the model, explanations by any method, and whether to trust them.

How to read the page, in words.

What a ``cmaen``'s answer to this face is made of; nothing for another model.

How the trust of each map was measured, folded: the curves behind its score.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import streamlit as st

from dashboard.report.subject import emotion, is_about_pictures
from dashboard.report.subject import face as face_word
from dashboard.report.text import layer_title, plain
from dashboard.shared import face as answer
from dashboard.shared import face_loaders, maps, pinned
from dashboard.shared.face_loaders import FaceKey
from dashboard.shared.figures.map_card import MapCard, MapStyle
from dashboard.shared.figures.map_content import style_settings
from dashboard.shared.figures.trust import Trusted, gate_badge, map_badge, method_place, read_faithful, read_trust
from dashboard.shared.target import CONTRAST
from dashboard.shell import glossed, loaders, page_ends, report_button, say, state, study_loaders, theme
from dashboard.shell.frame import framed
from dashboard.shell.in_address import in_address
from dashboard.shell.state import NamedPicture, Selection
from dashboard.views.explain import downloads, methods, sanity, trust
from dashboard.views.explain import gates as gate_views
from dashboard.views.explain.figures.shares import WORDS, parts_of, shares_html
from dashboard.views.explain.figures.trust_curves import faithfulness_curves
from dashboard.views.explain.report import Explained, explain_content
from dashboard.views.explain.supported import find_supported, show_supported
from engine.explain.cmaen_shares import CmaenShares
from engine.explain.feature_maps import gated_layer
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


def offer_report(card: RunCard, named: NamedPicture, key: FaceKey, seen: Explained, asked: Sequence[str]) -> None:
    """Draw the report's button; ``seen`` is what the page shows, its main map first; ``asked``: further methods."""
    trust.tell(key)
    first = seen.main[0]
    report_button.offer(
        "Explain",
        f"{named.name}, {card.name}",
        (card,),
        lambda: explain_content(seen),
        settings={
            **report_button.picture_settings(named, key.index, whole=key.whole),
            "class": first.target,
            "layer": first.layer,
            "methods": list(asked),
            **style_settings(seen.style),
        },
        always={state.MODEL: card.name, **trust.of_results(seen.trusted, seen.sanity)},
        notes=report_button.picture_notes(),
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


def _gate_trust(card: RunCard, trusted: Trusted) -> Callable[[str], str]:
    """Return what makes a gate's badge: by this picture where it was checked, else by a whole split."""
    measured = study_loaders.measured_gates(card)
    return lambda layer: gate_badge(trusted.gates.get(layer), layer, measured)


def explain(
    card: RunCard, named: NamedPicture, pictures: Sequence[NamedPicture], pin: NamedPicture | None = None
) -> None:
    """Draw the page for one picture that can be read, of those that were chosen together, beside the pinned one."""
    model = page_ends.loaded(card)
    found = answer.find_face(card, named)
    if found is None:
        return
    face, key = found.face, found.key
    reading, checking, row = found.beside.container(), found.beside.container(), st.container()
    maps.gates_heading()
    style = maps.style_controls()
    gates, first = st.container(), st.container()
    maps.explanation_heading()
    predicted, truth = face.prediction.label, named.truth
    asked = maps.choose_target(card, model.gradcam_layers, predicted=predicted, truth=truth, ranked=answer.ranked(face))

    where, weights = (key.digest, key.index, key.whole, face.crop), (card.name, card.weights_sha256)
    with (
        found.beside,
        st.spinner(plain(f"Explaining with {card.name}: gates, and Grad-CAM for {len(asked.targets)} targets …")),
    ):
        targets = tuple(asked.targets.values())
        results = dict(
            zip(asked.targets, loaders.explanations(*where, face.box, *weights, asked.layer, targets), strict=True)
        )
    chosen = results[asked.name]
    main_map, drawn = chosen.maps[0], tuple(result.maps[0] for result in results.values())
    # These Grad-CAMs are one forward pass and a backward pass each.
    gradcam, seconds_a_pass = st.container(), sum(entry.seconds for entry in drawn) / (1 + len(drawn))
    further = methods.choose_further(
        card, key, face.crop, target=main_map.target, layer=asked.layer, seconds_a_pass=seconds_a_pass
    )
    shown = (main_map, *further.maps.values())
    leading = find_supported(
        card, key, face.crop, main_map.target, model.gradcam_layers, further.refused,
        lambda layer, target: results[target].maps[0]
        if layer == asked.layer and target in results
        else loaders.explanation(*where, face.box, *weights, layer, target).maps[0],
    )  # fmt: skip
    checked = shown if leading is None else (*shown, *leading.beside(shown))
    checks = trust.follow(key)
    trusted = trust.check_trust(checking, card, key, chosen, checked, checks)
    shares, gate_trust = face_loaders.answer_shares(card, key, chosen.face), _gate_trust(card, trusted)

    with reading:
        answer.show_answer(chosen, main_map, key.whole, cut=named.cut, trusted=read_trust(trusted, main_map))
        if truth is not None:
            answer.show_truth(truth, face.prediction, named.seen)
    pinned.show_beside(row, card, chosen, named, pin, style)
    with gates:
        gate_rows = _show_gates(chosen, style, gate_trust)
        show_shares(shares, predicted)
    supported = show_supported(first, card, chosen, leading, style, trusted)
    badge = map_badge(trusted.map(main_map))
    with gradcam:
        if asked.pair is not None:
            three = [results[name].maps[0] for name in (*asked.pair, CONTRAST)]
            maps.show_contrast(
                chosen, three, maps.contrast_titles(asked.pair, predicted=predicted, truth=truth), style,
                badge if asked.name == CONTRAST else "",
            )  # fmt: skip
        class_cards = maps.show_explanations(chosen, main_map.target, drawn, style, badge)
    further_cards = methods.show_further(chosen, further, trusted, style)
    gate_views.show_channels(
        chosen, partial(gated_layer, loaders.predictor(card).model), partial(loaders.activation, *where, *weights),
        style, gate_trust,
    )  # fmt: skip
    rows = (
        *gate_rows,
        ("First in the league", supported),
        (f"Grad-CAM at {layer_title(asked.layer)}", class_cards),
        (f"Other explanations for {main_map.target}", further_cards),
    )
    everything = (*drawn, *further.maps.values(), *checked[len(shown) :])
    downloads.show_downloads(
        chosen, everything, rows, style, named.name, shares,
        answers=partial(downloads.answers_csv, model, pictures, whole=key.whole and not named.cut),
    )  # fmt: skip
    offer_report(
        card,
        named,
        key,
        Explained(
            chosen,
            everything,
            checked,
            rows,
            style,
            trusted,
            truth,
            named.credit,
            sanity.known(key, shown),
            shares,
        ),
        tuple(further.maps),
    )
    downloads.show_numbers(chosen, everything)
    show_curves(trusted, checked)
    sanity.show_sanity(card, key, chosen, shown, seconds_a_pass, checks)


def main(chosen: Selection) -> None:
    """Select, load, draw."""
    card = page_ends.opened("Explain", chosen, STYLE)
    if card is None:
        return
    named = page_ends.readable(chosen)
    if named is not None:
        with say.said():
            explain(card, named, chosen.pictures, chosen.pinned)
    legend()


with framed("Explain") as selected:
    main(selected)
