"""The PNG to take along: face, answer, each spatial gate and the explanations, with their scales, on one sheet.

What the download buttons hand out: the raw arrays as NPZ, the numbers as JSON, named as ``engine explain`` does.

The page shows the explanation of every class, so a map's key here ends with its target.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dashboard.report.subject import listed
from dashboard.report.text import grid, percent, short
from dashboard.shared.figures.colours import emotion_color
from dashboard.shared.figures.map_card import MapCard, MapStyle
from dashboard.shared.figures.trust import map_place
from engine.draw.colormaps import DIVERGING, colormap
from engine.draw.overlay import overlay, resize_face
from engine.explain.cmaen_shares import CmaenShares
from engine.predict.bundle import describe, raw_arrays
from engine.records import Explanation, FaceExplanation, UInt8

TILE: Final = 240
GAP: Final = 24
BELOW: Final = 74
"""Pixels that a tile's words and colour bar take."""
COLUMNS: Final = 4
INK: Final = "#1d2026"
QUIET: Final = "#6d7078"
PAPER: Final = "#ffffff"


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=size)


def _answer(sheet: Image.Image, explanation: FaceExplanation) -> None:
    """Draw the face as the model saw it, and the probability bars beside it."""
    draw = ImageDraw.Draw(sheet)
    sheet.paste(Image.fromarray(resize_face(explanation.face, TILE)), (GAP, GAP + 44))
    left, top, line = 2 * GAP + TILE, GAP + 44, TILE // max(7, len(listed(explanation.prediction.ranked())))
    room = sheet.width - left - GAP - 160
    for index, (name, probability) in enumerate(listed(explanation.prediction.ranked())):
        y = top + index * line
        draw.text((left, y + 4), name, fill=INK, font=_font(16))
        draw.rectangle((left + 90, y + 6, left + 90 + room, y + 22), fill="#efece6")
        draw.rectangle((left + 90, y + 6, left + 90 + round(room * probability), y + 22), fill=emotion_color(name))
        draw.text((left + 100 + room, y + 4), percent(probability), fill=INK, font=_font(16))


def _tile(sheet: Image.Image, face: UInt8, card: MapCard, style: MapStyle, corner: tuple[int, int]) -> None:
    """Draw one card with its title, colour bar and raw range at ``corner`` (left, top)."""
    draw = ImageDraw.Draw(sheet)
    left, top = corner
    draw.text((left, top), card.title, fill=INK, font=_font(15))
    if card.values is None:
        sheet.paste(Image.fromarray(resize_face(face, TILE)).convert("L"), (left, top + 22))
        draw.rectangle((left, top + TILE - 12, left + TILE - 1, top + TILE + 21), fill=PAPER, outline=QUIET)
        draw.text((left + 8, top + TILE - 4), card.note, fill=INK, font=_font(13))
        return
    colors = DIVERGING if card.signed else style.colors
    drawn = overlay(
        face, card.values, limits=card.limits, colors=colors, opacity=style.opacity, smooth=style.smooth, size=TILE
    )
    sheet.paste(Image.fromarray(drawn), (left, top + 22))
    text = grid(card.values.shape).replace("×", "x")  # Pillow's own font has no multiplication sign
    draw.text((left + TILE - draw.textlength(text, font=_font(13)), top + 2), text, fill=QUIET, font=_font(13))
    ramp = np.repeat(colormap(colors).table[None, :, :], 8, axis=0)
    bar = top + 22 + TILE + 6
    sheet.paste(Image.fromarray(ramp).resize((TILE, 8)), (left, bar))
    low, high = short(card.limits[0]), short(card.limits[1])
    draw.text((left, bar + 11), low, fill=QUIET, font=_font(12))
    draw.text((left + TILE - draw.textlength(high, font=_font(12)), bar + 11), high, fill=QUIET, font=_font(12))
    raw = f"{short(float(card.values.min()))} / {short(float(card.values.mean()))} / {short(float(card.values.max()))}"
    middle = left + (TILE - draw.textlength(raw, font=_font(12))) / 2
    draw.text((middle, bar + 11), raw, fill=INK, font=_font(12))


def tile(face: UInt8, card: MapCard, style: MapStyle) -> UInt8:
    """Draw one card by itself, title, grid, colour bar and raw range with it: (314, 240, 3) uint8 RGB on white."""
    canvas = Image.new("RGB", (TILE, TILE + BELOW), PAPER)
    _tile(canvas, face, card, style, (0, 0))
    return np.asarray(canvas, dtype=np.uint8)


def sheet(
    explanation: FaceExplanation, rows: Sequence[tuple[str, Sequence[MapCard]]], style: MapStyle, *, footer: str
) -> UInt8:
    """Compose the sheet: (H, W, 3) uint8 RGB on white.

    Args:
        explanation: the face and the answer.
        rows: a heading and its cards each, for example the spatial gates and the explanations.
        style: how the cards are drawn on the page, and so here.
        footer: the line that says how to read it: scale, colour map, file.
    """
    rows = [(heading, cards) for heading, cards in rows if cards]
    row_height = TILE + BELOW
    width = COLUMNS * TILE + (COLUMNS + 1) * GAP
    lines = sum(-(-len(cards) // COLUMNS) for _, cards in rows)
    height = GAP + 44 + TILE + sum(52 for _ in rows) + lines * row_height + 2 * GAP + 20
    canvas = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(canvas)
    prediction = explanation.prediction
    title = f"{prediction.label}  {percent(prediction.confidence)}"
    draw.text((GAP, GAP), title, fill=INK, font=_font(28))
    model = f"model: {explanation.model}"
    draw.text((width - GAP - draw.textlength(model, font=_font(16)), GAP + 8), model, fill=QUIET, font=_font(16))
    _answer(canvas, explanation)
    y = GAP + 44 + TILE + 20
    for heading, cards in rows:
        draw.text((GAP, y), heading, fill=INK, font=_font(18))
        y += 32
        for index, card in enumerate(cards):
            column, line = index % COLUMNS, index // COLUMNS
            _tile(canvas, explanation.face, card, style, (GAP + column * (TILE + GAP), y + line * row_height))
        y += -(-len(cards) // COLUMNS) * row_height + 20
    draw.text((GAP, height - GAP - 14), footer, fill=QUIET, font=_font(13))
    return np.asarray(canvas, dtype=np.uint8)


def named_arrays(explanation: FaceExplanation, maps: Sequence[Explanation]) -> dict[str, Any]:
    """Return the raw arrays, on their native grids.

    Keys: ``face`` (uint8, as the model saw it), ``probabilities`` and ``logits`` (K,), ``classes`` (K,) text,
    ``gate/<layer>`` each gate's weights, ``map/<method>/<layer>/<target>`` each explanation (a method that needs no
    layer: ``map/<method>/<target>``; of settings that are not the usual ones they stand at the end).
    """
    arrays: dict[str, Any] = {
        key: value for key, value in raw_arrays(explanation).items() if not key.startswith("map/")
    }
    arrays["classes"] = np.array(explanation.prediction.classes)
    for entry in maps:
        arrays["/".join(filter(None, ("map", *map_place(entry))))] = entry.heatmap
    return arrays


def npz_bytes(explanation: FaceExplanation, maps: Sequence[Explanation]) -> bytes:
    """Return :func:`named_arrays` as a compressed NPZ."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **named_arrays(explanation, maps))
    return buffer.getvalue()


def number_rows(explanation: FaceExplanation, maps: Sequence[Explanation]) -> list[dict[str, Any]]:
    """Return a row for each gate, then for each explanation: name, kind, grid, minimum, mean, maximum.

    Minimum and maximum of an explanation are those before any rectification.
    """
    gates = [
        {
            "name": gate.layer,
            "kind": gate.kind,
            "grid": grid(gate.shape),
            "min": gate.minimum,
            "mean": gate.mean,
            "max": gate.maximum,
        }
        for gate in explanation.gates
    ]
    drawn = [
        {
            "name": " → ".join(filter(None, map_place(entry)[1:])),
            "kind": entry.method,
            "grid": grid(entry.heatmap.shape),
            "min": entry.raw_minimum,
            "mean": float(entry.heatmap.mean()),
            "max": entry.raw_maximum,
        }
        for entry in maps
    ]
    return gates + drawn


def json_text(
    explanation: FaceExplanation, maps: Sequence[Explanation], *, source: str, shares: CmaenShares | None = None
) -> str:
    """Return the numbers as JSON: the picture's name (without a path), the prediction, every gate and map.

    What a ``cmaen``'s answer is made of stands there as ``shares``.
    """
    document = {"source": source, **describe(replace(explanation, maps=tuple(maps)))}
    if shares is not None:
        document["shares"] = shares.as_dict()
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
