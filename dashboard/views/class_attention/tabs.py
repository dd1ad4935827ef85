"""The second tab of the Class attention page: what the classes do to the channels of a gate.

The third tab of the Class attention page: on which regions a map lies, its entropy and its centre of mass.

The fourth tab of the Class attention page: is each gate used, over the data set and for each class?
"""

from __future__ import annotations

from functools import partial
from typing import Final

import plotly.graph_objects as go
import streamlit as st

from dashboard.report.content import Build
from dashboard.report.glossary import marked, opener
from dashboard.report.text import csv_text, escape, plain
from dashboard.shared import study
from dashboard.shell import glossed, say, study_loaders, theme
from dashboard.views.class_attention import grid, loaders
from dashboard.views.class_attention.figures.channels import (
    CELLS,
    MOST,
    ORDERS,
    channel_figure,
    channel_range,
    cluster_rows,
    clusters_html,
)
from dashboard.views.class_attention.figures.grid import map_layers
from dashboard.views.class_attention.figures.regions import (
    PLACE_FIELDS,
    interval_figure,
    number_rows,
    places_html,
    region_fields,
)
from dashboard.views.class_attention.figures.use import (
    effect_rows,
    effects_html,
    legend_words,
    read_use,
    sample_html,
    shares_html,
    shown_in,
    use_table_html,
)
from dashboard.views.class_attention.grid import Files, all_layers
from dashboard.views.class_attention.report import channels_content, regions_content, use_content
from engine.analysis.class_regions import OF_LABEL, mean_map_places
from engine.analysis.contrasts import ChannelProfiles, channel_profiles, clusters
from engine.analysis.files.attention import AttentionFile, is_gradcam
from engine.analysis.files.gate_use import SplitGateUse, gate_use_command
from engine.analysis.files.places import REPORT, AnalysedSplit
from engine.analysis.people_maps import drawn_words
from engine.analysis.store.store import AnalysisStore
from engine.documents import BAD_VALUES, read_document
from engine.errors import DataError, UsageError

LEAST = 16
DRAWN = 64
CLUSTERS = 5


def channel_layers(file: AttentionFile) -> tuple[str, ...]:
    """Return the channel gates of a file, in forward order."""
    return tuple(layer for layer in file.layers if file.of(layer).channel_mean is not None)


USE_BY_LABEL: Final = (
    "Measured by the label: the command groups pictures and counts right answers by it. How far answers change, and "
    "which flip, depends on neither the label nor the majority; only *accuracy* and the groups do."
)


def show_channels(files: Files, classes: tuple[str, ...], truth: str = "label") -> Build | None:
    """Draw the heatmap of one channel gate, for each model that has it; return what makes a report's part of it."""
    layers = tuple(dict.fromkeys(layer for file in files.values() for layer in channel_layers(file)))
    if not layers:
        st.info(
            f"{plain(' and '.join(files))} has no channel attention gate. Models with CBAM have: choose one in the "
            "sidebar.",
            icon=":material/info:",
        )
        return None
    study.say_unknown({grid.CHANNEL_GATE: layers})
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        layer = grid.select("Channel gate", layers, grid.CHANNEL_GATE, width=170)
        group = grid.choose_group()
        cells = study.segments("A cell shows", tuple(CELLS), grid.CHANNEL_CELLS, hint="; ".join(
            f"**{name}**: {words}" for name, words in CELLS.items()))  # fmt: skip
        order = study.segments("Order", tuple(ORDERS), grid.CHANNEL_ORDER, hint="; ".join(
            f"**{name}**: {words}" for name, words in ORDERS.items()))  # fmt: skip
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        most: int = st.slider(
            "Channels, best first", LEAST, MOST, DRAWN, 16, key=grid.CHANNEL_MOST, bind="query-params", width=260
        )
        many: int = st.slider(
            "Clusters", 2, 10, CLUSTERS, key=grid.CHANNEL_CLUSTERS, bind="query-params", width=200,
            help="Ward’s method on the channels’ profiles.",
        )  # fmt: skip
    found: dict[str, ChannelProfiles] = {}
    for model, file in files.items():
        if layer not in channel_layers(file):
            st.caption(plain(f"{model} has no channel gate called {layer}."))
            continue
        try:
            found[model] = channel_profiles(file.of(layer, group))
        except UsageError as error:
            say.problems([f"{model}: {error}"])
    limits = channel_range(tuple(found.values()), cells)
    shown = grid.shown_of(files, classes)
    figures = {
        model: _show_model(model, profiles, classes, (order, cells), (most, many), limits, shown.places)
        for model, profiles in found.items()
    }
    glossed.note(
        f"{shown.words} How well a channel tells classes apart (F) compares how far the classes’ means lie apart with "
        "how much pictures of one class "
        "differ; the dotted line is what chance alone exceeds in one channel of all with 5 % probability (Bonferroni). "
        "A channel gate is class-agnostic: it is computed from the picture before any class is scored. It says what is "
        "passed on, not what decides. "
        + ("Channels of two models have nothing to do with each other, even with the same number." if len(files) > 1
           else "")
    )  # fmt: skip
    by = "what most people saw" if truth == grid.MAJORITY else ""
    return lambda: channels_content(found, figures, by, shown.words)


def _show_model(
    model: str,
    profiles: ChannelProfiles,
    classes: tuple[str, ...],
    drawn: tuple[str, str],
    numbers: tuple[int, int],
    limits: tuple[float, float],
    rows: tuple[int, ...],
) -> go.Figure:
    """Draw one model's heatmap and clusters, return the former.

    ``drawn`` is order and cells, ``numbers`` channels and clusters, ``rows`` which classes are drawn.
    """
    groups = clusters(profiles, numbers[1])
    total = len(profiles.f)
    st.html(
        f'<div class="fl-cmodel">{escape(model)}</div><div class="fl-quiet">{profiles.beyond_chance:,} of {total:,} '
        f"channels tell the classes apart by more than chance; n = {int(profiles.count.sum()):,} pictures; shown: the "
        f"best {min(numbers[0], total):,}.</div>"
    )
    figure = channel_figure(
        profiles, groups, classes, order=drawn[0], most=numbers[0], cells=drawn[1], limits=limits, rows=rows
    )
    st.plotly_chart(figure, width="stretch", key=f"channel_chart.{model}", config={"displayModeBar": False})
    with st.expander(plain(f"Clusters of {model}"), icon=":material/workspaces:"):
        st.html(clusters_html(cluster_rows(profiles, groups, classes)))
        glossed.note(
            "Mean profile of each cluster’s channels (Ward) at its two ends: how far the class’s mean lies from the "
            "mean of "
            "the classes, in ordinary spreads (standard deviations within classes). All channels are clustered, not "
            "only those shown."
        )
    return figure


def even_shares(file: AttentionFile) -> dict[str, float] | None:
    """Return region → the share of an even map there, as the report says; None where each picture has its own."""
    try:
        report = read_document(file.file.parent / REPORT)
        area = (report.get("regions") or {}).get("area")
        return {str(name): float(share) for name, share in area.items()} if area else None
    except (OSError, *BAD_VALUES):
        return None  # the report is not what is asked for here: the line is left out


def show_regions(store: AnalysisStore, files: Files, averages: Files | None, truth: str) -> Build:
    """Draw the regions of one map, for each model that has it; return what makes a report's part of it.

    ``averages``: the statistics whose mean maps stand in the table, None where they cannot be had.
    """
    layers = all_layers(files)
    study.say_unknown({grid.GATE: layers})
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        layer = grid.choose_gate(layers)
        group = grid.choose_group()
    having = [model for model, file in files.items() if layer in map_layers(file)]
    for model in files:
        if model not in having:
            st.caption(plain(f"{model} has no map called {layer}."))
    with st.spinner("Resampling pictures for the intervals …"):
        shown = grid.shown_of(files, store.classes)
        labels = None if shown.are_all else shown.names
        places = {model: loaders.places(store, layer, model, group, truth, labels) for model in having}
    means = {
        model: shown.pick(mean_map_places(averages[model].of(layer, group))) for model in having
    } if averages else {}  # fmt: skip
    if shown.words:
        st.caption(plain(shown.words))
    if truth == grid.MAJORITY:
        st.caption(plain(_by_people(layer, averages)))
    even = even_shares(files[having[0]])
    theme.section("Share of the map’s mass by region", "Mean over the pictures of a class and its 95 % interval.")
    charts = [interval_figure(places, shown.names, fields) for fields in (region_fields(even), PLACE_FIELDS)]
    st.plotly_chart(charts[0], width="stretch", key="region_chart", config={"displayModeBar": False})
    glossed.note(" ".join(_notes(having, exact=even is None)))
    theme.section("How spread out the map is, and its middle", marked("Entropy of a map, and its centre of mass."))
    st.plotly_chart(charts[1], width="stretch", key="place_chart", config={"displayModeBar": False})
    glossed.note(
        "How spread out a map is (entropy): 0 nats if all mass lies in one cell; 100 % is an even map. Averaging "
        "blurs, so the mean map has more "
        "entropy than single maps."
    )
    with st.expander("Numbers", icon=":material/table:"):
        st.html(places_html(places, means))
    st.download_button(
        "Every figure as CSV",
        lambda: csv_text(number_rows(places)),
        f"regions-{layer}-{'-'.join(having)}.csv",
        "text/csv",
        icon=":material/table:",
        on_click="ignore",
    )
    return lambda: regions_content(layer, places, charts, shown.words)


def _by_people(layer: str, averages: Files | None) -> str:
    """Say what the figures by what most people saw are of."""
    said = "Classes are what most people saw, and right is what answers that."
    if layer == OF_LABEL:
        said += (
            " These figures of a picture are kept for the class of its label: only pictures that are labelled as most "
            "people saw them count here."
        )
    if averages is None:
        return f"{said} The table lacks the mean map’s own figures until the tab Maps has averaged the maps anew."
    return f"{said} The mean map of the table: {drawn_words(next(iter(averages.values())))}"


def _notes(models: list[str], *, exact: bool) -> list[str]:
    notes = ["Each field has its own axis. Intervals: percentile bootstrap over pictures, 2,000 resamples."]
    if exact:
        notes.append("Regions are exact for each drawn face; how large they are differs from face to face.")
    else:
        notes.append(
            "Regions are one template for all crops, right on average only. Dotted: what an even map would have there."
        )
    if len(models) > 1:
        notes.append(f"Filled: {models[0]}. Open: {models[1]}.")
    return notes


def show_use(files: Files, split: AnalysedSplit) -> Build | None:
    """Draw the verdicts of each model's gates, and every replacement of one gate; return a report's part of it."""
    measured: dict[str, SplitGateUse] = {}
    for model, file in files.items():
        if all(is_gradcam(layer) for layer in file.layers):
            st.info(plain(f"{model} has no attention gate, so there is nothing to replace."), icon=":material/info:")
            continue
        try:
            use = study_loaders.gates_in_use(model, split)
        except DataError as error:
            say.problems([str(error)])
            continue
        if use is None:
            _not_measured(model, split)
        else:
            measured[model] = use
            _show_use(use)
    if measured:
        glossed.note(legend_words())
        _show_replacements(measured)
        for use in measured.values():
            _show_shares(use)
        st.download_button(
            "Every figure as CSV",
            lambda: csv_text(row for use in measured.values() for row in effect_rows(use)),
            f"gate-use-{split.name}-{'-'.join(measured)}.csv",
            "text/csv",
            icon=":material/table:",
            on_click="ignore",
        )
    return partial(use_content, measured) if measured else None


def _not_measured(model: str, split: AnalysedSplit) -> None:
    with st.container(border=True):
        st.markdown(
            f"**Whether {plain(model)} uses its gates is not measured on {plain(f'{split.dataset} {split.split}')} "
            "yet.** The command replaces each gate on a sample of pictures and compares the answers; it takes minutes."
        )
        st.code(gate_use_command(model, split.dataset, split.split), language="bash")


def _show_use(use: SplitGateUse) -> None:
    st.html(
        f'<div class="fl-cmodel">{escape(use.model)}</div><div class="fl-reading" style="margin-top:.2rem">'
        f'{escape(read_use(use))} <span class="fl-quiet">{sample_html(use)}. {escape(shown_in(use).words)}'
        f"</span></div>{use_table_html(use)}"
    )


def _show_shares(use: SplitGateUse) -> None:
    """Draw what a ``cmaen`` is made of; nothing for another model."""
    if use.shares is not None:
        gamma = "none" if use.shares.gamma is None else f"{use.shares.gamma:.4g}"
        theme.section(
            f"What the answers of {escape(use.model)} are made of",
            f"{opener('gamma', 'How loud the cross-modal attention is')} beside what it is added to (γ = {gamma}), and "
            "how much of the "
            "predicted class’s logit (above the mean of the classes) each part gives; exact for each picture, and the "
            "two shares add up to 100 %.",
        )
        st.html(shares_html(use.shares, use.groups))


def _show_replacements(measured: dict[str, SplitGateUse]) -> None:
    """Draw every replacement of one gate, for each model that has it."""
    gates = dict.fromkeys(layer for use in measured.values() for layer in use.gates)
    groups = next(iter(measured.values())).groups
    study.say_unknown({grid.USED_GATE: tuple(gates), grid.USED_PICTURES: groups})
    theme.section("One gate, each replacement", "Replaced minus unchanged; hover a row for what stands in its place.")
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        layer = grid.select("Gate", tuple(gates), grid.USED_GATE)  # the address gets what the menu shows
        group = grid.select("Pictures", groups, grid.USED_PICTURES, width=150)
    for model, use in measured.items():
        if layer not in use.gates:
            st.caption(plain(f"{model} has no gate called {layer}."))
            continue
        found = use.accuracy[group]
        accuracy = "" if found.mean is None else f", {100 * found.mean:.1f} % answered rightly with the gate as it is"
        st.html(
            f'<div class="fl-quiet">{escape(model)}, n = {found.n:,}{accuracy}.</div>{effects_html(use, layer, group)}'
        )
