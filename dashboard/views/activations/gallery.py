"""The feature maps of a layer, sorted, and one channel in full with the pictures that excite it most.

The choices of the Activations page: layer, order, sample, and how maps are drawn; all in the address.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import streamlit as st

from dashboard.report.glossary import marked
from dashboard.report.subject import face as face_word
from dashboard.report.subject import is_about_pictures
from dashboard.report.text import escape, plain, short
from dashboard.shared.figures.described import where_words
from dashboard.shell import opening, say, state, study_loaders, theme
from dashboard.shell.in_address import in_address
from dashboard.views.activations import loaders
from dashboard.views.activations.figures.tiles import (
    DPI,
    LARGE_PIXELS,
    ChannelFigures,
    Look,
    activation_sheet,
    channel_html,
    colours,
    draw_map,
    filter_picture,
    layer_ranges,
    maps_grid,
    read_beside,
    scale_html,
)
from dashboard.views.activations.report import Activations
from engine.data.by_id import SYNTHETIC
from engine.draw.overlay import resize_face
from engine.errors import DataError
from engine.explain.feature_maps import FeatureMaps
from engine.records import Float32, RunCard, UInt8
from engine.statistics.selectivity import Selectivity, selectivity

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
FOLDER: Final = "folder"
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


def _here(card: RunCard) -> tuple[str, ...]:
    """Return the datasets to rank on that are here; a network of others has its user's own folder first."""
    found = []
    for dataset in (FOLDER, *SAMPLED) if card.is_adopted else SAMPLED:
        try:
            study_loaders.place(dataset)
        except DataError:
            continue
        found.append(dataset)
    # What is drawn, or shows faces, says little of a network that knows neither.
    own = card.domain == "pictures" and found[:1] == [FOLDER]
    return tuple(found[:1] if own else found)


def _say_unknown(key: str, what: str, valid: tuple[str, ...]) -> None:
    """Say what the address asks for and is not there; call it before the widget is drawn."""
    asked = state.asked_for(key, valid)
    if asked is not None:
        say.problems([f"Unknown {what} '{asked}'; valid: {', '.join(valid)}."])
    if key in st.session_state and st.session_state[key] not in valid:
        del st.session_state[key]


def _first_layer(card: RunCard, names: tuple[str, ...], here: tuple[str, ...]) -> str:
    """Return the block whose channels tell classes apart best on the sample; the last layer where none is known."""
    usual = str(card.data.get("dataset") or next(iter(here), SYNTHETIC))
    asked = st.session_state.get(SAMPLE) or st.query_params.get(SAMPLE)
    dataset = next((name for name in (asked, usual, *here) if name in here), SYNTHETIC)
    with st.spinner(plain(f"Answering a sample of {dataset} with {card.name} …")):
        found = loaders.separation(card, loaders.sample(dataset, card))
    return opening.best_layer(found) if found else names[-1]


def choose(card: RunCard) -> Asked:
    """Draw the controls."""
    layers = {layer.name: layer for layer in loaders.layers(card)}
    names, here = tuple(layers), _here(card)
    trained_on = str(card.data.get("dataset") or next(iter(here), SYNTHETIC))
    for key, what, valid in ((LAYER, "layer", names), (ORDER, "order", ORDERS), (SAMPLE, "dataset to rank on", here)):
        _say_unknown(key, what, valid)

    def title(name: str) -> str:
        channels, height, width = layers[name].shape
        return f"{name} · {layers[name].kind} · {channels} of {height} × {width}"

    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        first = _first_layer(card, names, here)
        layer: str = st.selectbox(
            "Layer",
            names,
            index=names.index(first),
            key=LAYER,
            bind="query-params",
            help=plain("; ".join(title(name) for name in names if "." not in name)),
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
            help=f"How loud a channel is (energy): mean square over the cells, for this {face_word()}. How well it "
            "tells classes apart (class selectivity): how much its mean differs between classes of the sample, against "
            "its spread within them (F statistic).",
        )
        drawn = "" if is_about_pictures() else f" ({loaders.DRAWN_A_CLASS} of drawn faces)"
        dataset: str = st.selectbox(
            "Sample",
            here,
            index=here.index(trained_on) if trained_on in here else 0,
            key=SAMPLE,
            bind="query-params",
            help=f"Up to {loaders.A_CLASS} test pictures of each class{plain(drawn)}: class "
            "selectivity and the pictures that excite a channel most come from them.",
            width=140,
        )
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        scale: str = st.segmented_control(
            "Scale", SCALES, default=SCALES[0], required=True, key=SCALE, bind="query-params",
            help="Shared: one range over the layer, so that a weak channel looks weak. Stretch: each map over its own.",
        )  # fmt: skip
        over = st.toggle(f"Over the {face_word()}", key=OVER, bind="query-params")
    st.caption(plain(title(layer)))
    return Asked(layer, order, dataset, Look(scale, over))


ON_PAGE: Final = 24
CHANNEL: Final = "channel"
MOST_EXCITED: Final = 8
Captioned = list[tuple[str, UInt8]]


def _judge(card: RunCard, asked: Asked) -> tuple[loaders.Sample, Float32, Selectivity, tuple[str, ...]]:
    """Return the sample, channels' means over its pictures, how well they tell classes apart, and the classes."""
    with st.spinner(plain(f"Answering a sample of {asked.dataset} with {card.name} …")):
        sample = loaders.sample(asked.dataset, card)
        means = loaders.means(card, asked.layer, sample)
    classes, labels = np.unique(np.array(sample.labels), return_inverse=True)
    return sample, means, selectivity(means, labels.astype(np.int64)), tuple(classes.tolist())


def _ranked(maps: FeatureMaps, asked: Asked, judged: Selectivity) -> list[int]:
    if asked.order == ENERGY:
        return [int(channel) for channel in np.argsort(-maps.energy, kind="stable")]
    if asked.order == SELECTIVITY:
        return [int(channel) for channel in np.argsort(-np.nan_to_num(judged.f, nan=-1.0), kind="stable")]
    return list(range(len(maps.values)))


def _read(judged: Selectivity, maps: FeatureMaps, dataset: str) -> str:
    beyond = int((judged.f > judged.critical).sum())
    dead = int((maps.energy == 0.0).sum())
    said = (
        f"Over {judged.pictures} test pictures of {dataset}, {beyond} of {len(maps.values)} channels tell classes "
        f"apart by more than chance (class selectivity, F > {judged.critical:.1f}, 5 % over all channels)."
    )
    return said + (f" {dead} answer nothing at all to this {face_word()}." if dead else "")


def show(card: RunCard, face: UInt8, asked: Asked) -> Activations:
    """Draw the grid, the channel in full, and what can be taken along; return what is shown.

    Args:
        card: the model. face: (S, S) or (S, S, 3) uint8, as the model takes it. asked: the page's choices.
    """
    maps = loaders.maps(card, asked.layer, face)
    sample, means, judged, classes = _judge(card, asked)
    ranked = _ranked(maps, asked, judged)
    reading = _read(judged, maps, asked.dataset)
    theme.section("Feature maps", marked(reading))
    slot = st.container()
    pages = -(-len(ranked) // ON_PAGE)
    page = 1
    if pages > 1:
        if st.session_state.get(PAGE, 1) > pages:
            st.session_state[PAGE] = pages
        page = st.pagination(pages, key=PAGE, bind="query-params")
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


def show_beside(card: RunCard, face: UInt8, name: str, asked: Asked, seen: Activations) -> None:
    """Draw the channels that are shown, for another face beside: the pinned picture's.

    Args:
        card: the model. face: (S, S) or (S, S, 3) uint8, as the model takes it. name: of its picture.
        asked: the page's choices. seen: what is shown of the picture chosen.
    """
    maps = loaders.maps(card, asked.layer, face)
    theme.section("Beside the pinned picture", escape(read_beside(seen.maps.energy, maps.energy, name)))
    shown = [replace(one, energy=float(maps.energy[one.channel])) for one in seen.shown]
    st.html(maps_grid(maps.values, face, shown, asked.look, marked=seen.channel) + scale_html(maps.values, asked.look))


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
    words = f"Its map over the {face_word()}, its filter, and the sample’s pictures with the highest mean."
    theme.section("One channel", words)
    key = f"{CHANNEL}.{card.name}.{asked.layer}"
    with in_address(CHANNEL, key, {str(number): number for number in ranked}, ranked[0]):
        channel: int = st.selectbox("Channel", ranked, key=key, width=140)
    values = maps.values[channel]
    limits, colors = layer_ranges(maps.values, asked.look)[channel], colours(maps.values)
    over = Look(asked.look.scale, over_face=True)
    low, high = short(float(values.min())), short(float(values.max()))
    parts: Captioned = [
        (f"the {face_word()} as the model saw it", resize_face(face, LARGE_PIXELS)),
        (
            f"map, {low} to {high}; {where_words(values, signed=float(values.min()) < 0.0)}",
            draw_map(values, face, limits, colors, Look(asked.look.scale), LARGE_PIXELS),
        ),
        (f"over the {face_word()}", draw_map(values, face, limits, colors, over, LARGE_PIXELS)),
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
