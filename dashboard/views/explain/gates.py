"""The row of gates with a map for each emotion, for models that have some.

The row of attention between cells, for models that have some: how much each place is looked at.

Channel gates: ranked bars, and where the selected channel was active.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from dashboard.report.text import layer_title, plain, short
from dashboard.shared.figures.map_card import MapCard, MapStyle, cards_html, received_cards, received_maps
from dashboard.shell import theme
from dashboard.shell.in_address import in_address
from dashboard.views.explain.figures.gates import SHOWN, channel_bars, emotion_cards, ranked_channels
from engine.draw.overlay import display_ranges
from engine.records import FaceExplanation, Float32


def show_emotion_gates(
    explanation: FaceExplanation, style: MapStyle, badge_of: Callable[[str], str]
) -> tuple[MapCard, ...]:
    """Draw what each emotion's own head passes on; return the cards, none for a model without such a gate.

    ``badge_of`` gives the HTML of a gate's trust badge by its layer; it is one for all emotions.
    """
    drawn: list[MapCard] = []
    for gate in explanation.gates_of("emotion"):
        theme.section(
            "Attention by emotion",
            "What the head of each emotion passed on (1) or held back (0), cell by cell: one gate an emotion, for "
            "every face. Whether it is used is measured for all of them together.",
        )
        cards = emotion_cards(gate, explanation.prediction.classes, style.scale, chosen=explanation.prediction.label)
        st.html(cards_html(explanation.face, cards, style) + badge_of(gate.layer))
        drawn.extend(cards)
    return tuple(drawn)


def show_received(
    explanation: FaceExplanation, style: MapStyle, badge_of: Callable[[str], str] | None = None
) -> tuple[MapCard, ...]:
    """Draw what each place received in every such attention; return the cards, none for a model without any.

    ``badge_of`` gives the HTML of a gate's trust badge by its layer.
    """
    cards = received_cards(explanation.gates, style.scale)
    if cards:
        theme.section(
            "Attention between cells",
            "How much each place is looked at (attention received), by all places and heads together; 1 is an even "
            "share. Class-agnostic: "
            "the same for every class. It has no fixed range: the scale begins at 0 and ends at the largest shown.",
        )
        badges = [badge_of(gate.layer) for gate, _ in received_maps(explanation.gates)] if badge_of is not None else ()
        st.html(cards_html(explanation.face, cards, style, below=badges))
    return cards


NO_MAP = "What this gate multiplies has no layer with a map of the picture: where a channel is active cannot be shown."


def _take_click(chart: str, key: str) -> None:
    """Put a clicked bar's channel where the channel selector keeps its own."""
    points = st.session_state[chart].selection.points
    if points:
        st.session_state[key] = int(points[0]["customdata"][0])


def show_channels(
    explanation: FaceExplanation,
    layer_of: Callable[[str], str | None],
    activation_of: Callable[[str], Float32],
    style: MapStyle,
    badge_of: Callable[[str], str] | None = None,
) -> None:
    """Draw the channel gates, if there are any.

    Args:
        explanation: holds the gates.
        layer_of: gives the layer of what a gate multiplies, None where that is no map of the picture.
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
                format_func=lambda name: plain(f"all {gate.shape[0]}" if name == "all" else f"{name} {SHOWN[name]}"),
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
        multiplied = layer_of(layer)
        if multiplied is None:
            st.caption(NO_MAP)
            return
        values = activation_of(multiplied)[channel]
        (limits,) = display_ranges([values], "stretch", natural=None)
        card = MapCard(f"channel {channel}: activation", values, limits)
        st.html(cards_html(explanation.face, (card,), style))
