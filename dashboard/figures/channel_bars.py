"""A channel gate as ranked bars: which channels are passed on, which are held back."""

from __future__ import annotations

from typing import Final

import numpy as np
import plotly.graph_objects as go

from engine.draw.overlay import display_ranges
from engine.records import AttentionGate

SHOWN: Final[dict[str, int]] = {"highest": 24, "lowest": 24, "all": 0}
"""How many channels each view shows; 0 means every one."""

INK: Final = "#7b879c"
"""A neutral that reads on light and dark; the chosen bar is told apart by its opacity and its outline."""


def ranked_channels(gate: AttentionGate) -> tuple[int, ...]:
    """Return all channel indices, highest weight first; ties keep the channel order."""
    return tuple(np.argsort(-gate.weights, kind="stable").tolist())


def shown_channels(gate: AttentionGate, view: str) -> tuple[int, ...]:
    """Return the channels of a view in :data:`SHOWN`, highest weight first."""
    if view not in SHOWN:
        raise ValueError(f"expected a view among {sorted(SHOWN)}, got {view!r}")
    ranked = ranked_channels(gate)
    count = SHOWN[view] or len(ranked)
    return ranked[-count:] if view == "lowest" else ranked[:count]


def channel_bars(gate: AttentionGate, view: str, chosen: int, scale: str) -> go.Figure:
    """Draw the channel weights (C,) of ``gate`` as ranked bars.

    Args:
        gate: a channel gate.
        view: ``highest``, ``lowest`` or ``all``.
        chosen: the channel whose bar is marked.
        scale: ``fixed`` and ``shared`` draw the axis from 0 to 1, ``stretch`` over the gate's own range.
    """
    channels = shown_channels(gate, view)
    weights = [float(gate.weights[channel]) for channel in channels]
    (limits,) = display_ranges([gate.weights], "stretch" if scale == "stretch" else "fixed")
    everything = view == "all"
    figure = go.Figure(
        go.Bar(
            x=list(range(len(channels))) if everything else [f"{channel}" for channel in channels],
            y=[weight - limits[0] for weight in weights],
            base=limits[0],
            customdata=[
                [channel, weight, rank] for rank, (channel, weight) in enumerate(zip(channels, weights, strict=True), 1)
            ],
            marker={
                "color": INK,
                "opacity": [1.0 if channel == chosen else 0.45 for channel in channels],
                "line": {"width": [1.5 if channel == chosen else 0 for channel in channels], "color": INK},
            },
            hovertemplate="channel %{customdata[0]}<br>gate %{customdata[1]:.4f}<extra></extra>",
            selected={"marker": {"opacity": 1.0}},
            unselected={"marker": {"opacity": 0.45}},
        )
    )
    figure.update_layout(
        height=230,
        margin={"l": 44, "r": 8, "t": 8, "b": 40},
        bargap=0.05 if everything else 0.28,
        showlegend=False,
        dragmode=False,
        clickmode="event+select",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    figure.update_xaxes(
        type="linear" if everything else "category",
        title="rank" if everything else "channel",
        showgrid=False,
        fixedrange=True,
        tickfont={"size": 10},
    )
    margin = 0.04 * (limits[1] - limits[0]) if scale == "stretch" else 0.0
    figure.update_yaxes(
        range=[limits[0], limits[1] + margin],
        title="gate",
        fixedrange=True,
        gridcolor="rgba(128,128,128,.18)",
        zeroline=False,
        nticks=5,
    )
    return figure
