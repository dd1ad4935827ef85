"""The map that known evidence supports, first on the page, with Grad-CAM at the last block beside it and why.

On built-in faces the evidence of an expression is known, so methods can be ranked there: by this model where it was
measured, else by its sibling of the same architecture that was trained on such faces.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.report.glossary import marked
from dashboard.report.text import escape, layer_title
from dashboard.shared import face_loaders
from dashboard.shared.figures.colours import emotion_color
from dashboard.shared.figures.map_card import MapCard, MapStyle, cards_html, explanation_cards
from dashboard.shared.figures.trust import Trusted, map_badge, map_place
from dashboard.shell import loaders, long_work, map_loaders, opening, theme
from dashboard.shell.long_work import Tell
from dashboard.shell.map_loaders import FaceKey
from dashboard.shell.opening import Supported
from engine.errors import DataError
from engine.evidence.report import EvidenceReport
from engine.explain.methods.registry import METHODS
from engine.records import Explanation, FaceExplanation, RunCard, UInt8

VARIANT = "plain"
"""The variant whose evidence is what the expression itself moves."""


def _report(card: RunCard) -> EvidenceReport | None:
    kin = opening.sibling(card, loaders.shelf().cards)
    for one in (card, kin):
        try:
            found = None if one is None else loaders.evidence(one, VARIANT)
        except DataError:  # damaged: Evidence says so
            continue
        if found is not None:
            return found
    return None


def read_supported(card: RunCard, best: Supported) -> str:
    """Say in a sentence why this map comes first, and whose results say so."""
    whose = (
        "this model’s own league"
        if best.own
        else f"the league of {best.model}, the same architecture on faces whose evidence is known: {card.name} itself "
        "could not be judged so"
    )
    return (
        f"First in {whose}. It puts {best.factor:.1f} times as much mass on true evidence as an even map would "
        "(enrichment), "
        f"over {best.faces:,} built-in faces."
    )


@dataclass(frozen=True, eq=False)
class Leading:
    """What comes first on the page.

    Attributes:
        best: the method, and whose results say so.
        maps: that method's map, and Grad-CAM at the last block unless it is the same.
    """

    best: Supported
    maps: tuple[Explanation, ...]

    def beside(self, others: Sequence[Explanation]) -> tuple[Explanation, ...]:
        """Return the league's map where it is none of ``others``, which are shown and checked anyway."""
        return tuple(one for one in self.maps[:1] if map_place(one) not in {map_place(other) for other in others})


def find_supported(
    slot: DeltaGenerator,
    card: RunCard,
    key: FaceKey,
    crop: UInt8,
    target: str,
    layers: Sequence[str],
    refused: Collection[str],
) -> Leading | None:
    """Have the map that the league supports, and Grad-CAM at the last block; None without a league, or until then.

    Args:
        slot: where the bar is drawn meanwhile.
        card: the model's. key: which face and model. crop: (H, W, 3) uint8, the face.
        target: the class or contrast explained, settled.
        layers: that the model can be explained at. refused: methods that it cannot take.
    """
    best = opening.supported(card, _report(card), refused=refused)
    if best is None or (best.layer and best.layer not in layers):
        return None
    values = METHODS[best.method].values({}, card.input)
    wanted = ((best.method, best.layer, values), (map_loaders.GRADCAM, layers[-1], ()))

    def known() -> list[Explanation]:
        found = (map_loaders.known_map(card, key, crop, at, target, method, of) for method, at, of in wanted)
        return [one for one in found if one is not None]

    if len(known()) < len(wanted):

        def work(tell: Tell) -> None:
            map_loaders.gradcams(card, key, crop, layers[-1], (target,))
            map_loaders.method_map(
                card, key, crop, best.method, best.layer, target, values,
                lambda done, of: tell(done, of, "passes"),
            )  # fmt: skip

        with slot:
            long_work.have(
                "league", (key, target, best), work, f"{METHODS[best.method].title}, the league’s first",
                face_loaders.map_work(card, best.method, best.layer, values), says_problem=False,
            )  # fmt: skip
    found = known()
    if len(found) < len(wanted):  # not yet, or this face's pass is one that the method cannot follow
        return None
    return Leading(best, tuple(found[:1]) if map_place(found[0]) == map_place(found[1]) else tuple(found))


def show_supported(
    slot: DeltaGenerator,
    card: RunCard,
    explained: FaceExplanation,
    leading: Leading | None,
    style: MapStyle,
    trusted: Trusted,
) -> tuple[MapCard, ...]:
    """Draw the section with what is known of whether to believe its maps; return the cards, none without a league."""
    if leading is None:
        return ()
    best = leading.best
    cards: list[MapCard] = []
    for entry in leading.maps:
        title = ", ".join(filter(None, (METHODS[entry.method].title, layer_title(entry.layer))))
        color = emotion_color(entry.target) if entry.target in explained.prediction.classes else ""
        cards.extend(explanation_cards((entry,), style.scale, titles=(title,), colors=(color,)))
    # Grad-CAM at the last block has its badge further down, where it is the page's own map.
    below = [map_badge(trusted.map(leading.maps[0]))]
    with slot:
        theme.section(f"Explanation: {escape(METHODS[best.method].title)}", marked(read_supported(card, best)))
        st.html(f'<div class="fl-further">{cards_html(explained.face, cards, style, below=below)}</div>')
    return tuple(cards)
