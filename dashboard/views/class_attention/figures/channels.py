"""What each cluster of channels does, in words and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dashboard.report.text import escape
from dashboard.shared.figures.colours import emotion_color
from dashboard.shared.figures.pair import signed
from engine.analysis.channel_profile import ChannelProfiles

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
