"""The settings of the chosen methods: a popover with the price of each, kept in the address.

In the address they stand as on the command line, ``settings=integrated_gradients.steps=100,occlusion.cells=12``, the
usual ones left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

import streamlit as st

from dashboard.report.text import plain
from dashboard.shared import face_loaders
from dashboard.shell import say, state
from dashboard.shell.cost_loaders import costs
from dashboard.views.explain.figures.gates import cost_words
from engine.errors import FerLensError, UsageError
from engine.explain.methods.method import Method
from engine.explain.methods.registry import METHODS
from engine.explain.methods.settings import Setting, Values, read
from engine.records import RunCard

SETTINGS: Final = "settings"
"""The parameter in the address."""
_TOLD: Final = "settings_told"
_KEPT: Final = "method_settings"


def box(method: str, setting: str) -> str:
    """Return the key of a setting's field."""
    return f"setting.{method}.{setting}"


def _kept() -> dict[tuple[str, str], float]:
    """Return what was set, the usual left out; it outlives the fields, which are drawn for ticked methods alone."""
    kept: dict[tuple[str, str], float] = st.session_state.setdefault(_KEPT, {})
    return kept


def _text() -> str:
    return ",".join(f"{method}.{name}={value:g}" for (method, name), value in sorted(_kept().items()))


def follow_settings(card: RunCard) -> None:
    """Take over what the address asks for where it has changed: on arrival, or by a link."""
    text = st.query_params.get(SETTINGS, "" if state.went_back() else None)
    if text is None or text == st.session_state.get(_TOLD):
        return
    asked: dict[tuple[str, str], float] = {}
    problems = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            method, name, value = read(part)
            if method not in METHODS:
                raise UsageError(f"Unknown method in the setting '{part}'; valid: {', '.join(METHODS)}.")
            (value,) = (one for of, one in METHODS[method].values({name: value}, card.input) if of == name)
            asked[method, name] = value
        except FerLensError as error:
            problems.append(str(error))
    st.session_state[_KEPT] = asked
    st.session_state[_TOLD] = text
    say.problems(problems)


def _shown(method: Method, name: str, value: float) -> float | int:
    (setting,) = (one for one in method.settings if one.name == name)
    return int(value) if setting.whole else value


def _tell() -> None:
    text = _text()
    st.session_state[_TOLD] = text
    if text and st.query_params.get(SETTINGS) != text:
        st.query_params[SETTINGS] = text
    elif not text and SETTINGS in st.query_params:
        del st.query_params[SETTINGS]


def _take(method: str, setting: Setting) -> None:
    """Keep what a field says."""
    value = float(st.session_state[box(method, setting.name)])
    _kept().pop((method, setting.name), None)
    if value != setting.usual:
        _kept()[method, setting.name] = value


def values_of(method: str, card: RunCard) -> Values:
    """Return the value of every setting of a method for this model, as set or usual; one that it cannot take is usual.

    A model of smaller pictures takes fewer cells than the one that they were set for.
    """
    asked = {name: value for (of, name), value in _kept().items() if of == method}
    side = min(card.input.height, card.input.width)
    most = {setting.name: setting.most(side) for setting in METHODS[method].settings}
    return METHODS[method].values({name: min(value, most[name]) for name, value in asked.items()}, card.input)


def choose_settings(card: RunCard, names: Sequence[str], layer: str) -> Mapping[str, Values]:
    """Draw the popover; return method → its values, for every method that is ticked.

    Args:
        card: the model's. names: the methods ticked that the model can take. layer: where they look.
    """
    able = [METHODS[name] for name in names if METHODS[name].settings]
    if able:
        with st.popover("Settings", icon=":material/tune:", help="Of the methods that have some, with their price."):
            for method in able:
                _draw(method, card, layer)
    _tell()
    return {name: values_of(name, card) for name in names}


def _draw(method: Method, card: RunCard, layer: str) -> None:
    st.markdown(f"**{plain(method.title)}**")
    values = dict(values_of(method.name, card))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for setting in method.settings:
            key = box(method.name, setting.name)
            kind = int if setting.whole else float
            most = setting.most(min(card.input.height, card.input.width))
            st.session_state[key] = _shown(method, setting.name, values[setting.name])
            st.number_input(
                plain(setting.title),
                min_value=kind(setting.low),
                max_value=kind(most),
                step=kind(setting.step),
                key=key,
                help=plain(f"{setting.means} Usual: {setting.usual:g}."),
                on_change=partial(_take, method.name, setting),
                width=130,
            )
    at = tuple(values.items())
    work = face_loaders.map_work(card, method.name, layer if method.needs_layer else "", at)
    st.caption(plain(cost_words(method, costs().promise(work), at) + "."))
