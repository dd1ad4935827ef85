"""The second tab of the Class attention page: what the classes do to the channels of a gate."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from dashboard.components import class_attention_choice as chosen
from dashboard.figures.channel_heatmap import CELLS, MOST, ORDERS, channel_figure, channel_range
from dashboard.report.content import Build
from dashboard.report.text import escape
from dashboard.shared import study
from dashboard.shell import say
from dashboard.views.class_attention.figures.channels import cluster_rows, clusters_html
from dashboard.views.class_attention.grid import Files
from dashboard.views.class_attention.report import channels_content
from engine.analysis.channel_profile import ChannelProfiles, channel_profiles, clusters
from engine.analysis.files.attention import AttentionFile
from engine.errors import UsageError

LEAST = 16
DRAWN = 64
CLUSTERS = 5


def channel_layers(file: AttentionFile) -> tuple[str, ...]:
    """Return the channel gates of a file, in forward order."""
    return tuple(layer for layer in file.layers if file.of(layer).channel_mean is not None)


def show_channels(files: Files, classes: tuple[str, ...]) -> Build | None:
    """Draw the heatmap of one channel gate, for each model that has it; return what makes a report's part of it."""
    layers = tuple(dict.fromkeys(layer for file in files.values() for layer in channel_layers(file)))
    if not layers:
        st.info(
            f"{' and '.join(files)} has no channel attention gate. Models with CBAM have: choose one in the sidebar.",
            icon=":material/info:",
        )
        return None
    study.say_unknown({chosen.CHANNEL_GATE: layers})
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        layer = chosen.select("Channel gate", layers, chosen.CHANNEL_GATE, width=170)
        group = chosen.choose_group()
        cells = study.segments("A cell shows", tuple(CELLS), chosen.CHANNEL_CELLS, hint="; ".join(
            f"**{name}**: {words}" for name, words in CELLS.items()))  # fmt: skip
        order = study.segments("Order", tuple(ORDERS), chosen.CHANNEL_ORDER, hint="; ".join(
            f"**{name}**: {words}" for name, words in ORDERS.items()))  # fmt: skip
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        most: int = st.slider(
            "Channels, best first", LEAST, MOST, DRAWN, 16, key=chosen.CHANNEL_MOST, bind="query-params", width=260
        )
        many: int = st.slider(
            "Clusters", 2, 10, CLUSTERS, key=chosen.CHANNEL_CLUSTERS, bind="query-params", width=200,
            help="Ward’s method on the channels’ profiles.",
        )  # fmt: skip
    found: dict[str, ChannelProfiles] = {}
    for model, file in files.items():
        if layer not in channel_layers(file):
            st.caption(f"{model} has no channel gate called {layer}.")
            continue
        try:
            found[model] = channel_profiles(file.of(layer, group))
        except UsageError as error:
            say.problems([f"{model}: {error}"])
    limits = channel_range(tuple(found.values()), cells)
    figures = {
        model: _show_model(model, profiles, classes, (order, cells), (most, many), limits)
        for model, profiles in found.items()
    }
    st.caption(
        "F compares how far the classes’ means lie apart with how much pictures of one class differ; the dotted line "
        "is what chance alone exceeds in one channel of all with 5 % probability (Bonferroni). A channel gate is "
        "class-agnostic: it is computed from the picture before any class is scored. It says what is passed on, not "
        "what decides. "
        + ("Channels of two models have nothing to do with each other, even with the same number." if len(files) > 1
           else "")
    )  # fmt: skip
    return lambda: channels_content(found, figures)


def _show_model(
    model: str,
    profiles: ChannelProfiles,
    classes: tuple[str, ...],
    drawn: tuple[str, str],
    numbers: tuple[int, int],
    limits: tuple[float, float],
) -> go.Figure:
    """Draw one model's heatmap and clusters, return the former.

    ``drawn`` is order and cells, ``numbers`` channels and clusters.
    """
    groups = clusters(profiles, numbers[1])
    total = len(profiles.f)
    st.html(
        f'<div class="fl-cmodel">{escape(model)}</div><div class="fl-quiet">{profiles.beyond_chance:,} of {total:,} '
        f"channels tell the classes apart by more than chance; n = {int(profiles.count.sum()):,} pictures; shown: the "
        f"best {min(numbers[0], total):,}.</div>"
    )
    figure = channel_figure(profiles, groups, classes, order=drawn[0], most=numbers[0], cells=drawn[1], limits=limits)
    st.plotly_chart(figure, width="stretch", key=f"channel_chart.{model}", config={"displayModeBar": False})
    with st.expander(f"Clusters of {model}", icon=":material/workspaces:"):
        st.html(clusters_html(cluster_rows(profiles, groups, classes)))
        st.caption(
            "Mean profile of each cluster’s channels at its two ends: how far the class’s mean lies from the mean of "
            "the classes, in standard deviations within classes. All channels are clustered, not only those shown."
        )
    return figure
