"""The feature maps of a layer, sorted, and one channel in full with the pictures that excite it most.

The choices of the Activations page: layer, order, sample, and how maps are drawn; all in the address.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np
import streamlit as st

from dashboard.report.glossary import marked
from dashboard.report.subject import face as face_word
from dashboard.report.subject import is_about_pictures
from dashboard.report.text import escape, plain, short
from dashboard.shared.figures.described import where_words
from dashboard.shell import loaders as shell_loaders
from dashboard.shell import long_work, opening, say, state, study_loaders, theme
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


def answer_sample(card: RunCard) -> loaders.Sampled | None:
    """Return the sample that is asked for with every layer's answers to it; None until it is made, beside the page."""
    here = _here(card)
    asked = st.session_state.get(SAMPLE) or st.query_params.get(SAMPLE)
    dataset: str = asked if asked in here else here[_usual(card, here)]
    key, cost = loaders.sampled_work(dataset, card)
    return long_work.have(
        "sample",
        key,
        lambda tell: loaders.answered(dataset, card, lambda done, wanted: tell(done, wanted, "pictures read")),
        f"Answering a sample of {dataset} with {card.name}",
        cost,
        prepare=partial(shell_loaders.predictor, card),
    ).value


def _usual(card: RunCard, here: tuple[str, ...]) -> int:
    """Return the position of the dataset to rank on where none is asked for: the model's own, if it is here."""
    trained_on = str(card.data.get("dataset"))
    return here.index(trained_on) if trained_on in here else 0


def _first_layer(names: tuple[str, ...], answered: loaders.Sampled | None) -> str:
    """Return the block whose channels tell classes apart best on the sample; the last layer where none is known."""
    separation = {} if answered is None else answered.separation
    return opening.best_layer(separation) if separation else names[-1]


def choose(card: RunCard, answered: loaders.Sampled | None) -> Asked:
    """Draw the controls; until the sample is ``answered``, a layer that nobody chose is the last one."""
    layers = {layer.name: layer for layer in loaders.layers(card)}
    names, here = tuple(layers), _here(card)
    for key, what, valid in ((LAYER, "layer", names), (ORDER, "order", ORDERS), (SAMPLE, "dataset to rank on", here)):
        _say_unknown(key, what, valid)

    def title(name: str) -> str:
        channels, height, width = layers[name].shape
        return f"{name} · {layers[name].kind} · {channels} of {height} × {width}"

    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        first = _first_layer(names, answered)
        known = "; ".join(title(name) for name in names if "." not in name)
        layer: str
        if answered is None and LAYER not in st.session_state and LAYER not in st.query_params:
            # Its own key is set only when the best layer is known: what is set once is not opened on.
            layer = st.selectbox("Layer", (first,), disabled=True, key=f"{LAYER}.waiting", help=plain(known), width=260)
        else:
            layer = st.selectbox(
                "Layer",
                names,
                index=names.index(first),
                key=LAYER,
                bind="query-params",
                help=plain(known),
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
            index=_usual(card, here),
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


def _judge(
    answered: loaders.Sampled | None, asked: Asked, channels: int
) -> tuple[loaders.Sample, Float32, Selectivity, tuple[str, ...]]:
    """Return the sample, channels' means over its pictures, how well they tell classes apart, and the classes.

    Of no pictures where the sample is not answered.
    """
    if answered is None:
        none = loaders.Sample(asked.dataset, (), (), np.zeros((0, 1, 1), np.uint8))
        unknown = Selectivity(0, np.full(channels, np.nan), float("inf"), np.zeros(channels, np.int64))
        return none, np.zeros((0, channels), np.float32), unknown, ()
    means = answered.means[asked.layer]
    classes, labels = np.unique(np.array(answered.sample.labels), return_inverse=True)
    return answered.sample, means, selectivity(means, labels.astype(np.int64)), tuple(classes.tolist())


def _ranked(maps: FeatureMaps, asked: Asked, judged: Selectivity) -> list[int]:
    if asked.order == ENERGY:
        return [int(channel) for channel in np.argsort(-maps.energy, kind="stable")]
    if asked.order == SELECTIVITY:
        return [int(channel) for channel in np.argsort(-np.nan_to_num(judged.f, nan=-1.0), kind="stable")]
    return list(range(len(maps.values)))


def _read(judged: Selectivity, maps: FeatureMaps, dataset: str) -> str:
    beyond = int((judged.f > judged.critical).sum())
    dead = int((maps.energy == 0.0).sum())
    sentences = []
    if judged.pictures:
        sentences.append(
            f"Over {judged.pictures} test pictures of {dataset}, {beyond} of {len(maps.values)} channels tell classes "
            f"apart by more than chance (class selectivity, F > {judged.critical:.1f}, 5 % over all channels)."
        )
    if dead:
        sentences.append(f"{dead} answer nothing at all to this {face_word()}.")
    return " ".join(sentences)


def show(card: RunCard, face: UInt8, asked: Asked, answered: loaders.Sampled | None) -> Activations:
    """Draw the grid, the channel in full, and what can be taken along; return what is shown.

    Args:
        card: the model. face: (S, S) or (S, S, 3) uint8, as the model takes it. asked: the page's choices.
        answered: the sample; None until it is: what channels are told apart by is missing then.
    """
    maps = loaders.maps(card, asked.layer, face)
    sample, means, judged, classes = _judge(answered, asked, len(maps.values))
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
