"""What the report of the Activations page holds: the maps shown, one channel in full, and the whole layer raw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dashboard.report.content import Array, Content, Section, Shot, Table
from dashboard.report.subject import face as face_word
from dashboard.shared.figures.map_content import face_shot
from dashboard.views.activations.figures.tiles import ChannelFigures, Look, activation_sheet
from engine.draw.overlay import resize_face
from engine.explain.feature_maps import FeatureMaps
from engine.records import Float32, UInt8


@dataclass(frozen=True, eq=False)
class Activations:
    """What the page shows of one layer for one face.

    Attributes:
        model: its name. maps: the whole layer. face: (S, S) or (S, S, 3) uint8, as the model takes it.
        order: what channels are sorted by. reading: what is said of the layer.
        shown: the channels of this page, in order. look: how their maps are drawn.
        channel: the one in full. parts: (caption, picture) of it.
        sample: the dataset that channels are ranked on. means: float32 (N, C) over its N pictures; ids: N.
        f: float64 (C,), the F statistic of each channel; NaN where it is constant.
        strongest: (caption, picture) of the sample's pictures that excite the channel most.
    """

    model: str
    maps: FeatureMaps
    face: UInt8
    order: str
    reading: str
    shown: Sequence[ChannelFigures]
    look: Look
    channel: int
    parts: Sequence[tuple[str, UInt8]]
    sample: str
    means: Float32
    ids: Sequence[str]
    f: NDArray[np.floating]
    strongest: Sequence[tuple[str, UInt8]]


def _layer(seen: Activations) -> Section:
    layer = seen.maps.layer
    sheet = activation_sheet(
        seen.maps.values,
        seen.face,
        seen.shown,
        seen.look,
        title=f"{seen.model}, {layer}: channels by {seen.order}",
        footer=f"scale: {seen.look.scale} | {layer} is {seen.maps.kind} | sample: {seen.sample} | FERLens",
    )
    rows = tuple(
        (
            str(one.channel),
            f"{one.energy:.4g}",
            "–" if one.f is None else f"{one.f:.2f}",
            one.favourite or "no class beyond chance",
        )
        for one in seen.shown
    )
    table = Table(("channel", "loudness (energy)", "tells classes apart (F over the sample)", "answers most to"), rows)
    return Section(
        f"{layer}, {seen.maps.kind}",
        (seen.reading,),
        (Shot(f"{layer} maps", sheet, f"The {len(seen.shown)} channels of this page, by {seen.order}."),),
        tables=(table,),
    )


def activations_content(seen: Activations) -> Content:
    """Return the report's content; the arrays hold every channel of the layer, not only those shown."""
    face = Section(f"The {face_word()}", shots=(face_shot(seen.face),))
    own = Section(
        f"Channel {seen.channel}",
        (f"Below its own pictures: those of {seen.sample} with the highest mean.",),
        tuple(
            Shot.of(f"channel {seen.channel} {said}", np.asarray(resize_face(picture, 288)), said)
            for said, picture in (*seen.parts, *seen.strongest)
        ),
    )
    arrays: dict[str, Array] = {
        "face": seen.face,
        "maps": seen.maps.values,
        "channels_shown": np.array([one.channel for one in seen.shown], np.int64),
        "channel": np.array(seen.channel, np.int64),
        "sample/ids": np.array(list(seen.ids)),
        "sample/channel_means": seen.means,
        "sample/f": np.asarray(seen.f),
    }
    if seen.maps.filters is not None:
        arrays["filters"] = seen.maps.filters
    return Content((face, _layer(seen), own), arrays)
