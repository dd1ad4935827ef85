"""The choices of the Activations page: layer, order, sample, and how maps are drawn; all in the address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import streamlit as st

from dashboard.shell import say, state, study_loaders
from dashboard.views.activations import loaders
from dashboard.views.activations.figures.tiles import Look
from engine.data.by_id import SYNTHETIC
from engine.errors import DataError
from engine.records import RunCard

LAYER: Final = "maps_of"
"""The key of the layer, in the session and in the address; Explain's ``layer`` knows blocks alone."""
ORDER: Final = "order"
SAMPLE: Final = "sample_of"
SCALE: Final = "map_scale"
OVER: Final = "over_face"
PAGE: Final = "channels"
ENERGY: Final = "energy"
SELECTIVITY: Final = "class selectivity"
NUMBER: Final = "channel number"
ORDERS: Final[tuple[str, ...]] = (ENERGY, SELECTIVITY, NUMBER)
SCALES: Final[tuple[str, ...]] = ("shared", "stretch")
SAMPLED: Final[tuple[str, ...]] = (SYNTHETIC, "fer2013")
"""The datasets that channels are ranked on, where they are on this machine."""


@dataclass(frozen=True)
class Asked:
    """What is shown: a layer, in which order, ranked on which dataset, drawn how."""

    layer: str
    order: str
    dataset: str
    look: Look


def _first_page() -> None:
    st.session_state[PAGE] = 1


def _here() -> tuple[str, ...]:
    found = []
    for dataset in SAMPLED:
        try:
            study_loaders.place(dataset)
        except DataError:
            continue
        found.append(dataset)
    return tuple(found)


def _say_unknown(key: str, what: str, valid: tuple[str, ...]) -> None:
    """Say what the address asks for and is not there; call it before the widget is drawn."""
    asked = state.asked_for(key, valid)
    if asked is not None:
        say.problems([f"Unknown {what} '{asked}'; valid: {', '.join(valid)}."])
    if st.session_state.get(key, valid[0]) not in valid:
        del st.session_state[key]


def choose(card: RunCard) -> Asked:
    """Draw the controls."""
    layers = {layer.name: layer for layer in loaders.layers(card)}
    names, here = tuple(layers), _here()
    trained_on = str(card.data.get("dataset", SYNTHETIC))
    for key, what, valid in ((LAYER, "layer", names), (ORDER, "order", ORDERS), (SAMPLE, "dataset to rank on", here)):
        _say_unknown(key, what, valid)

    def title(name: str) -> str:
        channels, height, width = layers[name].shape
        return f"{name} · {layers[name].kind} · {channels} of {height} × {width}"

    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        layer: str = st.selectbox(
            "Layer",
            names,
            key=LAYER,
            bind="query-params",
            help="; ".join(title(name) for name in names if "." not in name),
            on_change=_first_page,
            width=260,
        )
        order: str = st.segmented_control(
            "Order by",
            ORDERS,
            default=ENERGY,
            required=True,
            key=ORDER,
            bind="query-params",
            on_change=_first_page,
            help="Energy: mean square over the cells, for this face. Class selectivity: how much a channel’s mean "
            "differs between classes of the sample, against its spread within them (F statistic).",
        )
        dataset: str = st.selectbox(
            "Sample",
            here,
            index=here.index(trained_on) if trained_on in here else 0,
            key=SAMPLE,
            bind="query-params",
            help=f"Up to {loaders.A_CLASS} test pictures of each class: class selectivity and the pictures "
            "that excite a channel most come from them.",
            width=140,
        )
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        scale: str = st.segmented_control(
            "Scale", SCALES, default=SCALES[0], required=True, key=SCALE, bind="query-params",
            help="Shared: one range over the layer, so that a weak channel looks weak. Stretch: each map over its own.",
        )  # fmt: skip
        over = st.toggle("Over the face", key=OVER, bind="query-params")
    st.caption(title(layer))
    return Asked(layer, order, dataset, Look(scale, over))
