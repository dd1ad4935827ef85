"""Which further explanation methods are shown: a menu with what each assumes and costs, kept in the address.

The row of further explanations: the same target by other methods, each with what it assumes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import streamlit as st

from dashboard.report.text import escape, layer_title, plain
from dashboard.shared import face_loaders
from dashboard.shared.figures.colours import emotion_color
from dashboard.shared.figures.map_card import MapCard, MapStyle, cards_html, explanation_cards
from dashboard.shared.figures.trust import Trusted, map_badge
from dashboard.shell import long_work, map_loaders, say, state, theme
from dashboard.shell.cost_loaders import costs
from dashboard.shell.long_work import LongWork
from dashboard.shell.map_loaders import FaceKey
from dashboard.views.explain.figures.gates import cost_words, method_help
from dashboard.views.explain.settings import choose_settings, follow_settings, values_of
from engine.explain.methods.registry import METHODS
from engine.explain.methods.settings import Values
from engine.records import Explanation, FaceExplanation, RunCard, UInt8

METHODS_KEY: Final = "methods"
"""The parameter in the address: names with commas between, Grad-CAM left out."""
ALWAYS: Final = "gradcam"
OFFERED: Final[tuple[str, ...]] = tuple(name for name in METHODS if name != ALWAYS)
_TOLD: Final = "methods_told"


def _box(name: str) -> str:
    return f"method.{name}"


def _follow() -> None:
    """Tick what the address asks for where it has changed: on arrival, or by a link."""
    text = st.query_params.get(METHODS_KEY, "" if state.went_back() else None)
    if text is None or text == st.session_state.get(_TOLD):
        return
    asked = [name.strip() for name in text.split(",") if name.strip()]
    for name in OFFERED:
        st.session_state[_box(name)] = name in asked
    st.session_state[_TOLD] = text
    valid = ", ".join(METHODS)
    say.problems(f"Unknown method '{name}'; valid: {valid}." for name in asked if name not in METHODS)


def _tell(names: tuple[str, ...]) -> None:
    text = ",".join(names)
    st.session_state[_TOLD] = text
    if text and st.query_params.get(METHODS_KEY) != text:
        st.query_params[METHODS_KEY] = text
    elif not text and METHODS_KEY in st.query_params:
        del st.query_params[METHODS_KEY]


def choose_methods(card: RunCard, refused: Mapping[str, str], layer: str) -> tuple[str, ...]:
    """Draw the menu; return the methods ticked, in the registry's order, those that the model cannot take too.

    Args:
        card: the model's, by which it is known how long a method takes here.
        refused: method → a sentence on why the model cannot take it; these are greyed out.
        layer: where methods that need one look.
    """
    _follow()
    with st.popover(
        "Add a method", icon=":material/add:", help="Each asks another question of the same answer, and may be slower."
    ):
        st.checkbox(
            plain(METHODS[ALWAYS].title),
            value=True,
            disabled=True,
            key=_box(ALWAYS),
            help=method_help(METHODS[ALWAYS]),
        )
        st.caption("Always shown, above.")
        for name in OFFERED:
            method = METHODS[name]
            st.checkbox(
                plain(method.title),
                key=_box(name),
                disabled=name in refused,
                help=method_help(method),
                persist_state="session",
            )
            if name in refused:
                st.caption(plain(refused[name]))
            else:
                values = values_of(name, card)
                work = face_loaders.map_work(card, name, layer if method.needs_layer else "", values)
                st.caption(plain(cost_words(method, costs().promise(work), values) + "."))
    chosen = tuple(name for name in OFFERED if st.session_state[_box(name)])
    _tell(chosen)
    return chosen


@dataclass(frozen=True, eq=False)
class Further:
    """What further methods gave.

    Attributes:
        names: the methods asked for, in the registry's order.
        maps: method → its map, for those that the model can take.
        refused: method → a sentence on why this model cannot take it, whether asked for or not.
    """

    names: tuple[str, ...]
    maps: Mapping[str, Explanation]
    refused: Mapping[str, str]


def heading(target: str) -> None:
    """Head the row of further methods for a settled target."""
    theme.section(
        "Other explanations",
        f"For {escape(target)}, by methods that ask otherwise. Each has its own scale: methods have no common unit.",
    )


def choose_further(
    card: RunCard, key: FaceKey, crop: UInt8, *, target: str, layer: str, reasons: Mapping[str, str] | None
) -> Further:
    """Draw the menu and the settings, and have each method chosen explain, with a bar of its own.

    Args:
        card: the model's.
        key: which face and model.
        crop: (H, W, 3) uint8, the face.
        target: a class or a contrast, settled.
        layer: where methods that need a layer look.
        reasons: method → why this model cannot take it; None while that is looked at.
    """
    follow_settings(card)
    refused = {name: f"Not for this model: {reason}." for name, reason in (reasons or {}).items()}
    with st.container(horizontal=True):
        names = choose_methods(card, refused, layer)
        able = [name for name in names if name not in refused]
        values = choose_settings(card, able, layer)
    found: dict[str, Explanation] = {}
    if reasons is None:
        return Further((), found, refused)
    for name in able:
        at = layer if METHODS[name].needs_layer else ""
        record = _have(card, key, crop, name, at, target, values[name])
        kept = map_loaders.known_map(card, key, crop, at, target, name, values[name])
        if kept is not None:
            found[name] = kept
        elif record is not None and record.problem:
            refused[name] = record.problem
    return Further(tuple(name for name in names if name in found or name in refused), found, refused)


def _have(
    card: RunCard, key: FaceKey, crop: UInt8, name: str, layer: str, target: str, values: Values
) -> LongWork[Explanation] | None:
    """Have a method's map made, unless it is known."""
    if map_loaders.known_map(card, key, crop, layer, target, name, values) is not None:
        return None
    return long_work.have(
        f"map by {name}",
        (key, layer, target, values),
        lambda tell: map_loaders.method_map(
            card, key, crop, name, layer, target, values, lambda done, of: tell(done, of, "passes")
        ),
        f"Explaining with {METHODS[name].title}",
        face_loaders.map_work(card, name, layer, values),
        says_problem=False,
    )


def _card(entry: Explanation, style: MapStyle, classes: tuple[str, ...]) -> MapCard:
    """Return a map's card on its own scale; a signed map keeps zero in the middle of a diverging one.

    A class-agnostic map says so and has no class's colour.
    """
    method = METHODS[entry.method]
    agnostic = "class-agnostic" if method.class_agnostic else ""
    settings = method.unusual(entry.settings)
    title = ", ".join(filter(None, (method.title, layer_title(entry.layer), settings, agnostic)))
    color = emotion_color(entry.target) if entry.target in classes and not agnostic else ""
    (card,) = explanation_cards((entry,), style.scale, titles=(title,), colors=(color,))
    return card


def show_further(
    explanation: FaceExplanation, further: Further, trusted: Trusted, style: MapStyle
) -> tuple[MapCard, ...]:
    """Draw the row: a card a method, greyed out with the reason where the model cannot take it.

    Returns:
        The cards of the maps, without those greyed out.
    """
    drawn: list[MapCard] = []
    feet: list[str] = []
    for name in further.names:
        method = METHODS[name]
        if name in further.maps:
            drawn.append(_card(further.maps[name], style, explanation.prediction.classes))
            badge = map_badge(trusted.map(further.maps[name]))
            feet.append(f'{badge}<div class="fl-assumes">Assumes: {escape(method.assumes)}</div>')
        else:
            drawn.append(MapCard(method.title, None, (0.0, 0.0), further.refused[name]))
            feet.append("")
    if drawn:
        st.html(f'<div class="fl-further">{cards_html(explanation.face, drawn, style, below=feet)}</div>')
    return tuple(card for card, name in zip(drawn, further.names, strict=True) if name in further.maps)
