"""The rows of maps: how they are drawn, the spatial gates, and the Grad-CAM of any target at any layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import streamlit as st

from dashboard.report.subject import MOST_EXPLAINED, emotion
from dashboard.report.text import plain
from dashboard.shared import target as target_menus
from dashboard.shared.figures.colours import emotion_color, ink_of
from dashboard.shared.figures.map_card import MapCard, MapStyle, cards_html, explanation_cards, gate_cards
from dashboard.shared.figures.rows import branch_words
from dashboard.shared.target import CONTRAST
from dashboard.shell import theme
from dashboard.shell.in_address import in_address
from engine.draw.colormaps import COLORMAPS, SEQUENTIAL
from engine.draw.overlay import SCALES, placed_gates
from engine.explain.target import SIGN
from engine.records import Explanation, FaceExplanation, RunCard
from engine.statistics.frequent import MOST_SHOWN

SCALE_TITLES = {"fixed": "fixed 0–1", "shared": "shared", "stretch": "stretched"}
GRIDS: Final[tuple[str, ...]] = ("smooth", "cells")
OPACITY: Final = 0.55
OPACITIES: Final[dict[str, float]] = {f"{step / 20:g}": step / 20 for step in range(21)}
"""In the address → of a map over the face."""
SCALE_HELP: Final = (
    "Explanations have no fixed range: for them, fixed and shared run from 0 to the largest value shown."
)
STRETCHED = (
    "Stretched: each map has its own range, so faint differences look strong. Compare the numbers, not the colours."
)


def style_controls(scale_label: str = "Scale", *, hint: str = SCALE_HELP) -> MapStyle:
    """Draw the four controls of every map on the page and return what they say; pages share their values."""
    with st.container(horizontal=True, gap="medium"):
        with in_address("scale", "scale", SCALES, SCALES[0], kept=True):
            scale = st.segmented_control(
                plain(scale_label),
                SCALES,
                default=SCALES[0],
                required=True,
                format_func=SCALE_TITLES.__getitem__,
                key="scale",
                persist_state="session",
                help=hint,
            )
        with in_address("colors", "colors", SEQUENTIAL, SEQUENTIAL[0], "colours", kept=True):
            colors = st.selectbox(
                "Colours",
                SEQUENTIAL,
                format_func=lambda name: COLORMAPS[name].title,
                key="colors",
                persist_state="session",
                width=150,
            )
        with in_address("grid", "grid", GRIDS, GRIDS[0], kept=True):
            cells = st.segmented_control(
                "Grid", GRIDS, default=GRIDS[0], required=True, key="grid", persist_state="session"
            )
        with in_address("opacity", "opacity", OPACITIES, OPACITY, kept=True):
            opacity = st.slider("Opacity", 0.0, 1.0, OPACITY, 0.05, key="opacity", persist_state="session", width=170)
    if scale == "stretch":
        st.caption(f":material/warning: {STRETCHED}")
    return MapStyle(colors=colors, opacity=opacity, scale=scale, smooth=cells == "smooth")


def show_gates(
    explanation: FaceExplanation, style: MapStyle, badge_of: Callable[[str], str] | None = None
) -> tuple[MapCard, ...]:
    """Draw every gate that has a place over the face; return the cards. A model without any says so.

    ``badge_of`` gives the HTML of a gate's trust badge by its layer.
    """
    gates = placed_gates(explanation.gates)
    cards = gate_cards(gates, style.scale)
    if cards:
        badges = [badge_of(gate.layer) for gate in gates] if badge_of is not None else ()
        st.html(cards_html(explanation.face, cards, style, below=badges))
    elif explanation.gates:
        st.info(
            f"{plain(explanation.model)} has no spatial gates, which would pass on or hold back whole places. The "
            "attention that it has instead is below.",
            icon=":material/info:",
        )
    else:
        st.info(
            f"{plain(explanation.model)} has no attention gates: nothing in it weighs places or channels that could be "
            "shown. The Grad-CAM below explains its answer from gradients instead.",
            icon=":material/info:",
        )
    if branches := branch_words(explanation.gates):
        st.caption(plain(branches))
    return cards


@dataclass(frozen=True)
class Chosen:
    """What is to be explained, settled.

    Attributes:
        name: the key in ``targets`` of what a person asked for.
        targets: what is explained, in the words that the engine takes: every class, and CONTRAST where there is a pair.
        pair: the two classes of the contrast: those asked for, else a wrong answer and the true class, else None.
        layer: where.
    """

    name: str
    targets: Mapping[str, str]
    pair: tuple[str, str] | None
    layer: str


def choose_target(
    card: RunCard, layers: Sequence[str], *, predicted: str = "", truth: str | None = None, ranked: Sequence[str] = ()
) -> Chosen:
    """Draw the selectors of class, class to subtract, and layer, all bound to the address.

    Where the true class is known it is offered as well, and where the answer differs so is their contrast.
    Of more than 30 classes the first five of ``ranked``, most probable first, are explained beside what is asked for.
    """
    target, subtracted, layer = target_menus.choose(card.classes, layers, predicted=predicted, truth=truth)
    beside = card.classes if len(card.classes) <= MOST_SHOWN else tuple(ranked[:MOST_EXPLAINED])
    return _settled(card.classes, target, subtracted, layer, predicted=predicted, truth=truth, beside=beside)


def _settled(
    classes: tuple[str, ...],
    target: str,
    minus: str,
    layer: str,
    *,
    predicted: str,
    truth: str | None,
    beside: tuple[str, ...],
) -> Chosen:
    """Say which classes the choice means; a class that is subtracted from itself is said and left out."""
    plus, minus = target_menus.settle(target, minus, predicted, truth)
    if plus == minus:
        st.error(plain(target_menus.refused(plus)))
        minus = ""
    pair = (plus, minus) if minus else None
    if pair is None and truth in classes and truth != predicted:
        pair = (predicted, str(truth))
    wanted = [plus, *(pair or ())] if len(beside) < len(classes) else []
    targets = {name: name for name in dict.fromkeys((*beside, *wanted))}
    if pair is not None:
        targets[CONTRAST] = f"{pair[0]} - {pair[1]}"
    return Chosen(CONTRAST if minus else plus, targets, pair, layer)


def show_explanations(
    explanation: FaceExplanation, target: str, maps: Sequence[Explanation], style: MapStyle, badge: str = ""
) -> tuple[MapCard, ...]:
    """Draw the Grad-CAM of ``target`` large and each class small, on one scale; return a card for each of ``maps``.

    A contrast is drawn by :func:`show_contrast` and not here again: where it is ``target``, no map is large.
    ``badge`` is the HTML of the large one's trust badge.
    """
    names = [entry.target for entry in maps]
    known = explanation.prediction.classes
    cards = explanation_cards(
        maps,
        style.scale,
        titles=names,
        colors=[emotion_color(name) if name in known else "" for name in names],
        chosen=names.index(target),
    )
    classes = tuple(card for name, card in zip(names, cards, strict=True) if name in known)
    if target in known:
        lead = replace(cards[names.index(target)], chosen=False)  # its size says it already
        st.html(cards_html(explanation.face, (lead, *classes), style, small=True, below=(badge,)))
    else:
        st.html(f'<div class="fl-each">{cards_html(explanation.face, classes, style)}</div>')
    return cards


def show_contrast(
    explanation: FaceExplanation,
    three: Sequence[Explanation],
    titles: Sequence[str],
    style: MapStyle,
    badge: str = "",
) -> tuple[MapCard, ...]:
    """Draw the Grad-CAM of one class, of another, and of their contrast, side by side on one scale.

    ``badge`` is the HTML of the contrast's trust badge.
    """
    cards = explanation_cards(
        three,
        style.scale,
        titles=titles,
        colors=[
            emotion_color(name) if (name := entry.target) in explanation.prediction.classes else "" for entry in three
        ],
    )
    st.html(cards_html(explanation.face, cards, style, below=("", "", badge)))
    return cards


def contrast_titles(pair: tuple[str, str], *, predicted: str, truth: str | None) -> tuple[str, str, str]:
    """Return the titles of a class, another, and their contrast; the answer and the true class are named so."""

    def titled(name: str) -> str:
        return f"answered {name}" if name == predicted else f"true {name}" if name == truth else name

    return titled(pair[0]), titled(pair[1]), f"{pair[0]} {SIGN} {pair[1]}"


def gates_heading() -> None:
    """Head the row of spatial gates."""
    theme.section(
        "Spatial attention gates",
        "What each block passed on (1) or held back (0), cell by cell. Class-agnostic: the same for every "
        f"{emotion()}.",
    )


def explanation_heading() -> None:
    """Head the row of explanations."""
    theme.section(
        "Explanation: Grad-CAM",
        f"Where the features of a layer spoke for one {emotion()}, or for one rather than another.",
    )


def ink() -> str:
    """Return the colour of text on the page's ground."""
    return ink_of(st.context.theme.type)
