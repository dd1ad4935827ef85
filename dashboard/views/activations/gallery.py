"""The feature maps of a layer, sorted, and one channel in full with the pictures that excite it most."""

from __future__ import annotations

from typing import Final

import numpy as np
import streamlit as st

from dashboard.components import activation_choice as choice
from dashboard.components.activation_choice import Asked
from dashboard.figures.activation_sheet import DPI, activation_sheet
from dashboard.report.text import escape, short
from dashboard.shell import theme
from dashboard.shell.in_address import in_address
from dashboard.views.activations import loaders
from dashboard.views.activations.figures.tiles import (
    LARGE_PIXELS,
    ChannelFigures,
    Look,
    channel_html,
    colours,
    draw_map,
    filter_picture,
    layer_ranges,
    maps_grid,
    scale_html,
)
from dashboard.views.activations.report import Activations
from engine.draw.overlay import resize_face
from engine.explain.feature_maps import FeatureMaps
from engine.records import Float32, RunCard, UInt8
from engine.statistics.selectivity import Selectivity, selectivity

ON_PAGE: Final = 24
CHANNEL: Final = "channel"
MOST_EXCITED: Final = 8
Captioned = list[tuple[str, UInt8]]


def _judge(card: RunCard, asked: Asked) -> tuple[loaders.Sample, Float32, Selectivity, tuple[str, ...]]:
    """Return the sample, channels' means over its pictures, how well they tell classes apart, and the classes."""
    with st.spinner(f"Answering a sample of {asked.dataset} with {card.name} …"):
        sample = loaders.sample(asked.dataset, card)
        means = loaders.means(card, asked.layer, sample)
    classes, labels = np.unique(np.array(sample.labels), return_inverse=True)
    return sample, means, selectivity(means, labels.astype(np.int64)), tuple(classes.tolist())


def _ranked(maps: FeatureMaps, asked: Asked, judged: Selectivity) -> list[int]:
    if asked.order == choice.ENERGY:
        return [int(channel) for channel in np.argsort(-maps.energy, kind="stable")]
    if asked.order == choice.SELECTIVITY:
        return [int(channel) for channel in np.argsort(-np.nan_to_num(judged.f, nan=-1.0), kind="stable")]
    return list(range(len(maps.values)))


def _read(judged: Selectivity, maps: FeatureMaps, dataset: str) -> str:
    beyond = int((judged.f > judged.critical).sum())
    dead = int((maps.energy == 0.0).sum())
    said = (
        f"Over {judged.pictures} test pictures of {dataset}, {beyond} of {len(maps.values)} channels tell classes "
        f"apart by more than chance (F > {judged.critical:.1f}, 5 % over all channels)."
    )
    return said + (f" {dead} answer nothing at all to this face." if dead else "")


def show(card: RunCard, face: UInt8, asked: Asked) -> Activations:
    """Draw the grid, the channel in full, and what can be taken along; return what is shown.

    Args:
        card: the model. face: (S, S) or (S, S, 3) uint8, as the model takes it. asked: the page's choices.
    """
    maps = loaders.maps(card, asked.layer, face)
    sample, means, judged, classes = _judge(card, asked)
    ranked = _ranked(maps, asked, judged)
    reading = _read(judged, maps, asked.dataset)
    theme.section("Feature maps", escape(reading))
    slot = st.container()
    pages = -(-len(ranked) // ON_PAGE)
    page = 1
    if pages > 1:
        if st.session_state.get(choice.PAGE, 1) > pages:
            st.session_state[choice.PAGE] = pages
        page = st.pagination(pages, key=choice.PAGE, bind="query-params")
    on_page = ranked[(page - 1) * ON_PAGE : page * ON_PAGE]
    shown = [
        ChannelFigures(
            channel,
            float(maps.energy[channel]),
            float(judged.f[channel]) if np.isfinite(judged.f[channel]) else None,
            classes[int(judged.favourite[channel])] if judged.f[channel] > judged.critical else "",
        )
        for channel in on_page
    ]
    st.download_button(
        f"PNG, {DPI} dots an inch",
        lambda: activation_sheet(
            maps.values,
            face,
            shown,
            asked.look,
            title=f"{card.name}, {asked.layer}: channels by {asked.order}",
            footer=f"scale: {asked.look.scale} | {asked.layer} is {maps.kind} | sample: {asked.dataset} | FERLens",
        ),
        f"{card.name}-{asked.layer}-{page}.png",
        "image/png",
        icon=":material/image:",
        on_click="ignore",
        help="The maps of this page as they are drawn.",
    )
    channel, parts, strongest = _channel(card, face, maps, asked, ranked, sample, means)
    with slot:
        st.html(maps_grid(maps.values, face, shown, asked.look, marked=channel) + scale_html(maps.values, asked.look))
    return Activations(
        card.name, maps, face, asked.order, reading, shown, asked.look, channel, parts, asked.dataset, means,
        sample.ids, judged.f, strongest,
    )  # fmt: skip


def _channel(
    card: RunCard,
    face: UInt8,
    maps: FeatureMaps,
    asked: Asked,
    ranked: list[int],
    sample: loaders.Sample,
    means: Float32,
) -> tuple[int, Captioned, Captioned]:
    """Draw one channel in full; return which, its pictures, and those of the sample that excite it most."""
    theme.section("One channel", "Its map over the face, its filter, and the sample’s pictures with the highest mean.")
    key = f"{CHANNEL}.{card.name}.{asked.layer}"
    with in_address(CHANNEL, key, {str(number): number for number in ranked}, ranked[0]):
        channel: int = st.selectbox("Channel", ranked, key=key, width=140)
    values = maps.values[channel]
    limits, colors = layer_ranges(maps.values, asked.look)[channel], colours(maps.values)
    over = Look(asked.look.scale, over_face=True)
    low, high = short(float(values.min())), short(float(values.max()))
    parts: Captioned = [
        ("the face as the model saw it", resize_face(face, LARGE_PIXELS)),
        (f"map, {low} to {high}", draw_map(values, face, limits, colors, Look(asked.look.scale), LARGE_PIXELS)),
        ("over the face", draw_map(values, face, limits, colors, over, LARGE_PIXELS)),
    ]
    if maps.filters is not None:
        said = "filter" if maps.filters_signed else "filter: strength over its inputs"
        parts.append((said, filter_picture(maps.filters[channel], signed=maps.filters_signed)))
    st.html(channel_html(parts))
    order = np.argsort(-means[:, channel], kind="stable")[:MOST_EXCITED]
    strongest: Captioned = [
        (f"{sample.labels[at]} · mean {short(float(means[at, channel]))}", resize_face(sample.faces[at], 144))
        for at in order
    ]
    st.html(channel_html(strongest, small=True))
    return channel, parts, strongest
