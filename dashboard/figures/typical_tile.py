"""A picture near to or far from its class's mean map, as HTML."""

from __future__ import annotations

from collections.abc import Mapping

from dashboard.figures.received import received_maps
from dashboard.report.text import escape, percent, short
from dashboard.shared.figures.colours import emotion_color
from dashboard.shared.figures.map_card import data_uri
from dashboard.shared.figures.tile import TILE_PIXELS, Place, picture_html, place_svg
from engine.analysis.typical import TypicalPicture
from engine.draw.overlay import Range, display_ranges, overlay
from engine.records import AttentionGate, Explanation, Float32, UInt8


def place_field(picture: TypicalPicture, face: UInt8 | None) -> str:
    """Return the picture (S, S) or (S, S, 3) uint8; where it is not here, where its map lies."""
    if face is not None:
        return picture_html(face, picture.id)
    best = max(picture.masses, key=lambda region: picture.masses[region])
    return place_svg(Place(picture.centre_x, picture.centre_y, best, picture.masses[best]))


def _drawn(face: UInt8, values: Float32, limits: Range, alternative: str) -> str:
    picture = overlay(face, values, limits=limits, smooth=True, size=TILE_PIXELS)
    return f'<div class="fl-map"><img src="{data_uri(picture)}" alt="{escape(alternative)}"></div>'


def gate_field(face: UInt8, gate: AttentionGate, limits: Range) -> str:
    """Return a spatial gate over its face."""
    said = f"{gate.layer}, {short(gate.minimum)} to {short(gate.maximum)}"
    return _drawn(face, gate.weights, limits, said)


def received_fields(maps: Mapping[str, tuple[UInt8, AttentionGate]]) -> dict[str, str]:
    """Return picture → what its places received in an attention between cells, all on one scale from zero on."""
    values = {name: one for name, (_, gate) in maps.items() for _, one in received_maps([gate])}
    ranges = display_ranges(list(values.values()), "shared", natural=None)
    return {
        name: _drawn(maps[name][0], one, limits, f"{maps[name][1].layer}, 0 to {short(float(one.max()))} of even")
        for (name, one), limits in zip(values.items(), ranges, strict=True)
    }


def cam_fields(maps: Mapping[str, tuple[UInt8, Explanation]]) -> dict[str, str]:
    """Return picture → Grad-CAM over its face, all on one scale from zero to the largest value among them."""
    ranges = display_ranges([entry.heatmap for _, entry in maps.values()], "shared", natural=None)
    return {
        name: _drawn(face, entry.heatmap, limits, f"Grad-CAM for {entry.target}")
        for (name, (face, entry)), limits in zip(maps.items(), ranges, strict=True)
    }


def typical_html(picture: TypicalPicture, field: str) -> str:
    """Return the tile: its field, what was answered, how far it lies from the mean, its id."""
    dot = f'<span class="fl-dot" style="background:{emotion_color(picture.predicted)}"></span>'
    right = picture.predicted == picture.label
    answer = f"{dot}<b>{escape(picture.predicted)}</b> {'right' if right else 'wrong'}"
    name = escape(picture.id)
    return (
        f'<div class="fl-tile" data-id="{name}">{field}<div class="fl-answer">{answer}</div>'
        f'<div class="fl-figures">{percent(picture.confidence)} sure · {100 * picture.moved:.1f} % to move</div>'
        f'<span class="fl-id" title="{name}">{name}</span></div>'
    )
