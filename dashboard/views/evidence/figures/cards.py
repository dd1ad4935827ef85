"""A face's maps under the outline of its true evidence, each with how well it agrees.

The true evidence as an outline over a picture: exact pixel edges, drawn as SVG so that it is sharp at any size.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dashboard.report.text import escape, grid, layer_title, percent, short
from dashboard.shared.figures.colours import emotion_color
from dashboard.shared.figures.described import where_words
from dashboard.shared.figures.map_card import MapStyle, color_bar, data_uri
from dashboard.views.evidence.figures.numbers import method_title
from engine.draw.colormaps import DIVERGING
from engine.draw.overlay import Range, display_ranges, overlay, resize_face
from engine.evidence.face import JudgedFace, JudgedMap, KnownFace
from engine.records import Float32, UInt8

THIN: Final = 0.0055
"""Width of the light line, in sides of the picture; the dark one under it is twice as wide."""


def _runs(edges: NDArray[np.bool_]) -> list[tuple[int, int, int]]:
    """Return (line, start, length) of each run of True along the rows of ``edges``."""
    padded = np.pad(edges, ((0, 0), (1, 1))).astype(np.int8)
    change = np.diff(padded, axis=1)
    lines, starts = np.nonzero(change == 1)
    _, stops = np.nonzero(change == -1)
    return [(int(line), int(a), int(b - a)) for line, a, b in zip(lines, starts, stops, strict=True)]


def outline_path(mask: NDArray[np.bool_]) -> str:
    """Return the SVG path of the edges between ``mask`` (S, S) bool and the pixels outside it; empty for an empty mask.

    One unit is one pixel. The picture's border closes a region that reaches it.
    """
    padded = np.pad(mask, 1)
    lying = _runs(padded[1:, 1:-1] != padded[:-1, 1:-1])
    upright = _runs((padded[1:-1, 1:] != padded[1:-1, :-1]).T)
    return "".join(f"M{x} {y}h{n}" for y, x, n in lying) + "".join(f"M{x} {y}v{n}" for x, y, n in upright)


def outline_image(mask: NDArray[np.bool_]) -> str:
    """Return the outline as an ``<img>`` that fills its positioned parent; empty for an empty mask.

    A light line on a dark one, to read on any map. It is an image because Streamlit strips SVG elements from a page.
    """
    path = outline_path(mask)
    if not path:
        return ""
    side = len(mask)
    line = f'fill="none" stroke-linecap="square" d="{path}"'
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}">'
        f'<path {line} stroke="#000" stroke-opacity=".7" stroke-width="{2.2 * THIN * side:.3f}"/>'
        f'<path {line} stroke="#fff" stroke-width="{THIN * side:.3f}"/></svg>'
    )
    data = base64.b64encode(drawn.encode("ascii")).decode("ascii")
    return f'<img class="fl-outline" src="data:image/svg+xml;base64,{data}" alt="outline of the true evidence">'


MAP_PIXELS: Final = 240
"""Side of a drawn map: five times 48, so that the cells of every four-block grid are whole pixels."""
FACE_PIXELS: Final = 384


def face_html(known: KnownFace) -> str:
    """Return the picture as the model gets it, its true evidence outlined."""
    picture = data_uri(np.asarray(resize_face(known.image, FACE_PIXELS)))
    return (
        f'<div class="fl-map fl-known"><img src="{picture}" alt="built-in face {escape(known.id)}, {known.label}">'
        f"{outline_image(known.evidence)}</div>"
    )


def unit_words(known: KnownFace) -> str:
    """Say which action units the face shows, strongest first, those of other expressions apart."""

    def listed(units: dict[int, float]) -> str:
        strongest = sorted(units.items(), key=lambda entry: -entry[1])
        return ", ".join(f"AU{unit} {100 * value:.0f} %" for unit, value in strongest)

    said = f"Action units: {listed(known.units)}." if known.units else "No action unit of its own: a neutral face."
    return f"{said} Distractors: {listed(known.distractors)}." if known.distractors else said


def evidence_words(known: KnownFace) -> str:
    """Say what the outline is and how much of the picture it takes."""
    if known.area == 0.0:
        why = "a neutral face has none" if not known.units else "what would be evidence is covered"
        return f"This face has no known evidence ({why}), so its maps are shown and not judged."
    share = f"{100 * known.area:.1f}\u00a0% of the picture"
    if known.cue is not None:
        return f"Outlined: the planted mark, here that of “{known.cue}”, {share}."
    return f"Outlined: the regions that this expression’s own action units move, {share}."


def _drawn(judged: JudgedMap, style: MapStyle) -> tuple[Float32, Range, str] | None:
    """Return what is drawn (values, range, colours), or None for an explanation without positive evidence.

    An explanation spans its own range from zero: layers and methods have no common unit. Gates share the scale chosen.
    """
    values = judged.heatmap
    if judged.source.kind == "gate":
        (limits,) = display_ranges([values], style.scale)
        return values, limits, style.colors
    from engine.explain.methods.registry import METHODS  # brings torch: not before it is needed

    if METHODS[judged.source.name].signed:
        (limits,) = display_ranges([values], "stretch", natural=None, signed=True)
        return values, limits, DIVERGING
    values = np.maximum(values, 0.0)
    if not values.any():
        return None
    (limits,) = display_ranges([values], "stretch", natural=None)
    return values, limits, style.colors


def figures_words(judged: JudgedMap) -> str:
    """Return hit, mass and enrichment of one map as HTML."""
    if judged.hit is None or judged.mass is None or judged.enrichment is None or judged.off_face is None:
        return '<div class="fl-judged fl-quiet">not judged</div>'
    return (
        f'<div class="fl-judged"><b title="enrichment; log2 {judged.enrichment:+.2f}">'
        f"{2.0**judged.enrichment:.1f}× denser</b>"
        f'<span title="share of the largest cell that is evidence">strongest place hits {percent(judged.hit)}</span>'
        f'<span title="share of the mass on evidence">on evidence {percent(judged.mass)}</span>'
        f'<span title="share of the mass off the face">off the face {percent(judged.off_face)}</span></div>'
    )


def map_html(face: UInt8, judged: JudgedMap, outline: str, style: MapStyle, target: str) -> str:
    """Return one map as a card: title and grid, the map over the face under the outline, its figures, its raw range."""
    title = layer_title(judged.source.layer)
    size = f'<span class="fl-quiet">{grid(judged.source.grid)}</span>'
    head = f'<figure class="fl-card"><figcaption><b>{escape(title)}</b>{size}</figcaption>'
    drawn = _drawn(judged, style)
    if drawn is None:
        plain = data_uri(np.asarray(resize_face(face, MAP_PIXELS)))
        note = f"no positive evidence for {escape(target)}"
        return (
            f'{head}<div class="fl-map fl-none"><img src="{plain}" alt="{escape(title)}: {note}">{outline}'
            f'<span class="fl-nothing">{note}</span></div>{figures_words(judged)}</figure>'
        )
    values, limits, colors = drawn
    where = where_words(values, signed=colors == DIVERGING)
    layers = []
    for smooth in (False, True) if style.smooth else (False,):
        seen = overlay(
            face, values, limits=limits, colors=colors, opacity=style.opacity, smooth=smooth, size=MAP_PIXELS
        )
        words = "" if smooth else f"{title}: map of {grid(judged.source.grid)}; {where}"
        layers.append(f'<img{" class=fl-smooth" if smooth else ""} src="{data_uri(seen)}" alt="{escape(words)}">')
    low, mean, high = (short(float(value)) for value in (values.min(), values.mean(), values.max()))
    return (
        f'{head}<div class="fl-map" title="{grid(judged.source.grid)}">{"".join(layers)}{outline}</div>'
        f"{figures_words(judged)}{color_bar(values, limits, colors)}"
        f'<div class="fl-raw">min {low} · mean <b>{mean}</b> · max {high}</div></figure>'
    )


def map_rows(judged: JudgedFace) -> tuple[tuple[str, str, tuple[JudgedMap, ...]], ...]:
    """Return (title, words, maps) for each method, then for the spatial gates: a row a piece."""
    rows: dict[tuple[str, str], list[JudgedMap]] = {}
    for entry in judged.maps:
        rows.setdefault((entry.source.kind, entry.source.name), []).append(entry)
    found = []
    for (kind, name), entries in rows.items():
        title = f"{name.capitalize()} gates" if kind == "gate" else method_title(name)
        words = (
            "class-agnostic: the same for every emotion"
            if kind == "gate"
            else f"for the answer, “{judged.prediction.label}”"
        )
        found.append((title, words, tuple(entries)))
    return tuple(found)


def row_html(judged: JudgedFace, title: str, words: str, maps: Sequence[JudgedMap], style: MapStyle) -> str:
    """Return one row of maps with its heading."""
    outline = outline_image(judged.known.evidence)
    cards = "".join(map_html(judged.known.image, entry, outline, style, judged.prediction.label) for entry in maps)
    return (
        f'<div class="fl-row-title"><b>{escape(title)}</b><span class="fl-quiet">{escape(words)}</span></div>'
        f'<div class="fl-cards fl-four">{cards}</div>'
    )


def verdict_html(judged: JudgedFace) -> str:
    """Say what the face shows and what the model answered."""
    known, answer = judged.known, judged.prediction
    right = answer.label == known.label
    word = "rightly" if right else "wrongly"
    if not right and known.cue == answer.label:
        word = "wrongly, with the mark’s class"
    dot = '<span class="fl-dot" style="background:{}"></span>'
    return (
        f'<div class="fl-shows"><span>shows</span>{dot.format(emotion_color(known.label))}<b>{known.label}</b>'
        f"<span>· answered</span>{dot.format(emotion_color(answer.label))}<b>{escape(answer.label)}</b>"
        f"<span>{percent(answer.confidence)} · {word}</span></div>"
    )
