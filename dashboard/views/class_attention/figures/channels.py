"""What each cluster of channels does, in words and as a table.

A class x channel heatmap of one channel gate, its channels ordered by F or by cluster, as a Plotly figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from dashboard.report.text import escape, in_chart, short
from dashboard.shared.figures.colours import emotion_color
from dashboard.shared.figures.pair import signed
from engine.analysis.contrasts import ChannelProfiles
from engine.draw.colormaps import DIVERGING, SEQUENTIAL, colormap

Int64 = NDArray[np.int64]


@dataclass(frozen=True)
class Cluster:
    """One cluster: its number, channels by F, and how far each class lies from the mean of the classes, in SD."""

    number: int
    channels: tuple[int, ...]
    profile: dict[str, float]

    @property
    def highest(self) -> str:
        """The class that it is most open for."""
        return max(self.profile, key=lambda label: self.profile[label])

    @property
    def lowest(self) -> str:
        """The class that it is most closed for."""
        return min(self.profile, key=lambda label: self.profile[label])


def cluster_rows(profiles: ChannelProfiles, groups: Int64, classes: Sequence[str]) -> tuple[Cluster, ...]:
    """Return the clusters in their order; channels that never vary belong to none."""
    some = [k for k in range(len(classes)) if profiles.count[k] > 0]
    found = []
    for number in range(1, int(groups.max(initial=0)) + 1):
        channels = [int(channel) for channel in profiles.order if groups[channel] == number]
        if channels:
            means = profiles.profile[:, channels].mean(axis=1)
            found.append(Cluster(number, tuple(channels), {classes[k]: float(means[k]) for k in some}))
    return tuple(found)


def clusters_html(found: Sequence[Cluster], shown: int = 8) -> str:
    """Return a table: cluster, how many channels, the classes at both ends, and its ``shown`` best channels."""

    def end(cluster: Cluster, label: str) -> str:
        dot = f'<span class="fl-dot" style="background:{emotion_color(label)}"></span>'
        return f"{dot}{escape(label)} {signed(cluster.profile[label], 2)}"

    rows = "".join(
        f'<tr><th scope="row">{cluster.number}</th><td class="fl-number">{len(cluster.channels):,}</td>'
        f"<td>{end(cluster, cluster.highest)}</td><td>{end(cluster, cluster.lowest)}</td>"
        f'<td class="fl-wide">{", ".join(str(channel) for channel in cluster.channels[:shown])}'
        f"{' …' if len(cluster.channels) > shown else ''}</td></tr>"
        for cluster in found
    )
    return (
        '<table class="fl-table fl-places"><thead><tr><th>cluster</th><th class="fl-number">channels</th>'
        '<th>most open for (SD)</th><th>most closed for (SD)</th><th class="fl-wide">best channels</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


CELLS: Final[dict[str, str]] = {
    "difference": "mean of the class minus mean of the classes, in standard deviations within classes",
    "gate": "mean weight, 0 to 1",
}
"""What a cell shows, and what that is."""
ORDERS: Final[dict[str, str]] = {
    "by F": "the channel that tells the classes apart best is on the left",
    "by cluster": "channels that open for the same classes stand together, clusters by their best channel",
}
MOST: Final = 512
"""Channels that can be drawn at a time."""
TINTS: Final[tuple[str, ...]] = ("rgba(123,135,156,.85)", "rgba(123,135,156,.3)")
"""Neighbouring clusters alternate between two neutrals: emotions keep their colours to themselves."""


def arrange(profiles: ChannelProfiles, groups: Int64, order: str, most: int) -> Int64:
    """Return the channels to draw, left to right: the ``most`` with the largest F, in one of :data:`ORDERS`."""
    if order not in ORDERS:
        raise ValueError(f"expected an order among {sorted(ORDERS)}, got {order!r}")
    best = profiles.order[:most]
    if order == "by F":
        return best
    # A stable sort keeps the order by F inside each cluster; channels that never vary (cluster 0) come last.
    number = np.where(groups[best] == 0, groups.max() + 1, groups[best])
    return best[np.argsort(number, kind="stable")]


def channel_range(many: Sequence[ChannelProfiles], cells: str) -> tuple[float, float]:
    """Return the range of colours that the gates of all models share."""
    if cells == "gate":
        return 0.0, 1.0
    reach = max((float(np.nanmax(np.abs(one.profile))) for one in many), default=0.0)
    return -reach, reach


def _plotly_scale(name: str) -> list[list[float | str]]:
    table = colormap(name).table
    stops = np.linspace(0, 255, 17).round().astype(int)
    return [[stop / 255, "#" + bytes(table[stop].tolist()).hex()] for stop in stops.tolist()]


def _hover(profiles: ChannelProfiles, classes: Sequence[str], channel: int, group: int, row: int) -> str:
    f, explained = profiles.f[channel], profiles.explained[channel]
    if np.isnan(f):
        apart = "never varies"
    else:
        apart = f"F {f:.1f}, classes explain {100 * explained:.0f} % of its variance; cluster {group}"
    mean = profiles.mean[row, channel]
    weight = "no pictures" if np.isnan(mean) else (
        f"mean weight {short(float(mean))}, {profiles.profile[row, channel]:+.2f} SD from the mean of the classes"
    )  # fmt: skip
    return f"channel {channel}, {in_chart(classes[row])}<br>{weight}<br>{apart}"


def channel_figure(
    profiles: ChannelProfiles,
    groups: Int64,
    classes: Sequence[str],
    *,
    order: str,
    most: int,
    cells: str,
    limits: tuple[float, float],
    rows: Sequence[int] | None = None,
) -> go.Figure:
    """Return the figure: above F of each channel, in the middle the classes, below the clusters.

    Args:
        profiles: of one gate. groups: int64 (C,), each channel's cluster.
        classes: K names. order: one of :data:`ORDERS`. most: how many channels to draw.
        cells: one of :data:`CELLS`. limits: the range of their colours, from :func:`channel_range`.
        rows: which of the classes are drawn; None for all.
    """
    shown = arrange(profiles, groups, order, most).tolist()
    drawn_rows = list(range(len(classes))) if rows is None else list(rows)
    values = (profiles.profile if cells == "difference" else profiles.mean)[np.ix_(drawn_rows, shown)]
    names = [str(channel) for channel in shown]
    figure = make_subplots(rows=3, cols=1, shared_xaxes=True, row_heights=[0.2, 0.72, 0.08], vertical_spacing=0.03)
    figure.add_trace(
        go.Bar(
            x=names,
            y=[float(value) for value in np.nan_to_num(profiles.f[shown])],
            marker={"color": "rgba(123,135,156,.7)"},
            hovertext=[f"channel {channel}<br>F {profiles.f[channel]:.1f}" for channel in shown],
            hoverinfo="text",
            showlegend=False,
        ),
        row=1,
        col=1,
    )
    figure.add_hline(y=profiles.critical, line={"width": 1, "dash": "dot", "color": "#7b879c"}, row=1, col=1)
    figure.add_trace(
        go.Heatmap(
            z=[[None if np.isnan(value) else float(value) for value in row] for row in values],
            x=names,
            y=[in_chart(classes[row]) for row in drawn_rows],
            colorscale=_plotly_scale(DIVERGING if cells == "difference" else SEQUENTIAL[0]),
            zmin=limits[0],
            zmax=limits[1],
            colorbar={"thickness": 8, "len": 0.7, "outlinewidth": 0, "title": {
                "text": "SD" if cells == "difference" else "gate", "side": "right"}},
            hovertext=[[_hover(profiles, classes, channel, int(groups[channel]), row) for channel in shown]
                       for row in drawn_rows],
            hoverinfo="text",
        ),
        row=2,
        col=1,
    )  # fmt: skip
    drawn = list(dict.fromkeys(int(groups[channel]) for channel in shown))
    figure.add_trace(
        go.Heatmap(
            z=[[drawn.index(int(groups[channel])) % 2 for channel in shown]],
            x=names,
            y=["cluster"],
            colorscale=[[0.0, TINTS[0]], [1.0, TINTS[1]]],
            zmin=0,
            zmax=1,
            showscale=False,
            text=[_cluster_labels(groups, shown)],
            texttemplate="%{text}",
            hovertext=[[f"channel {channel}, cluster {int(groups[channel])}" for channel in shown]],
            hoverinfo="text",
        ),
        row=3,
        col=1,
    )
    figure.update_layout(
        height=390 + 14 * max(0, len(drawn_rows) - 12),
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        dragmode=False,
        bargap=0.15,
        hoverlabel={"align": "left"},
    )
    # Names, not numbers: Plotly then leaves out those for which there is no room.
    figure.update_xaxes(
        type="category", showgrid=False, zeroline=False, fixedrange=True, showticklabels=False, ticks=""
    )
    figure.update_xaxes(
        showticklabels=True,
        tickfont={"size": 11},
        tickangle=-90,
        title={"text": "channel", "standoff": 4},
        row=3,
        col=1,
    )
    figure.update_yaxes(fixedrange=True, showgrid=False, zeroline=False, ticks="")
    figure.update_yaxes(title={"text": "F"}, nticks=4, row=1, col=1)
    figure.update_yaxes(autorange="reversed", row=2, col=1)
    return figure


def _cluster_labels(groups: Int64, shown: Sequence[int]) -> list[str]:
    """Return a number over the middle of each run of channels of one cluster that is wide enough for it."""
    labels = [""] * len(shown)
    least = max(3, len(shown) // 40)
    start = 0
    for place in range(1, len(shown) + 1):
        if place == len(shown) or groups[shown[place]] != groups[shown[start]]:
            if place - start >= least:
                labels[(start + place - 1) // 2] = str(int(groups[shown[start]]))
            start = place
    return labels
