"""Channel gates: ranked bars, and where the selected channel was active."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from dashboard.figures.channel_bars import SHOWN, channel_bars, ranked_channels
from dashboard.report.text import layer_title, short
from dashboard.shared.figures.map_card import MapCard, MapStyle, cards_html
from dashboard.shell import theme
from dashboard.shell.in_address import in_address
from engine.draw.overlay import display_ranges
from engine.records import FaceExplanation, Float32


def _take_click(chart: str, key: str) -> None:
    """Put a clicked bar's channel where the channel selector keeps its own."""
    points = st.session_state[chart].selection.points
    if points:
        st.session_state[key] = int(points[0]["customdata"][0])


def show_channels(
    explanation: FaceExplanation,
    activation_of: Callable[[str], Float32],
    style: MapStyle,
    badge_of: Callable[[str], str] | None = None,
) -> None:
    """Draw the channel gates, if there are any.

    Args:
        explanation: holds the gates.
        activation_of: gives the feature maps (C, h, w) of a layer, after its gates.
        style: how maps are drawn.
        badge_of: gives the HTML of a gate's trust badge by its layer.
    """
    gates = {gate.layer: gate for gate in explanation.gates_of("channel")}
    if not gates:
        return
    theme.section(
        "Channel attention gates",
        "How much of each feature channel is passed on, everywhere alike. Click a bar to see where it is active.",
    )
    with st.container(horizontal=True, gap="medium"):
        layers = tuple(gates)
        with in_address("channel_block", "channel_layer", layers, layers[-1], "channel gate"):
            layer: str = st.selectbox(
                "Block",
                layers,
                index=len(layers) - 1,
                format_func=partial(layer_title, classes=explanation.prediction.classes),
                key="channel_layer",
                width=180,
            )
        gate = gates[layer]
        with in_address("channels_shown", "channel_view", tuple(SHOWN), "highest"):
            view: str = st.segmented_control(
                "Show",
                tuple(SHOWN),
                default="highest",
                required=True,
                key="channel_view",
                format_func=lambda name: f"all {gate.shape[0]}" if name == "all" else f"{name} {SHOWN[name]}",
            )
        ranked = ranked_channels(gate)
        key = f"channel.{explanation.model}.{layer}"
        with in_address("channel", key, {str(index): index for index in ranked}, ranked[0]):
            channel: int = st.selectbox(
                "Channel",
                ranked,
                key=key,
                format_func=lambda index: f"{index} · {short(float(gate.weights[index]))}",
                width=170,
            )
    with st.container(key="stack-channels"):
        left, right = st.columns([7, 3], gap="medium")
    with left:
        chart = f"bars.{explanation.model}.{layer}.{view}"
        st.plotly_chart(
            channel_bars(gate, view, channel, style.scale),
            key=chart,
            on_select=lambda: _take_click(chart, key),
            selection_mode="points",
            config={"displayModeBar": False},
            alt=f"{len(ranked)} channel weights of {layer_title(layer)}, ranked",
        )
        st.html(
            f'<div class="fl-raw">{gate.shape[0]} channels · min {short(gate.minimum)} · mean '
            f"<b>{short(gate.mean)}</b> · max {short(gate.maximum)}</div>"
            f"{badge_of(layer) if badge_of is not None else ''}"
        )
    with right:
        values = activation_of(layer.split(".", maxsplit=1)[0])[channel]
        (limits,) = display_ranges([values], "stretch", natural=None)
        card = MapCard(f"channel {channel}: activation", values, limits)
        st.html(cards_html(explanation.face, (card,), style))
