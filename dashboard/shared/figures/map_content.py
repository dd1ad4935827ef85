"""What the reports of several pages share: maps as captioned pictures, answers as a table, how maps are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dashboard.report.content import Array, Shot, Table
from dashboard.report.subject import face as face_word
from dashboard.report.subject import listed, more_words
from dashboard.report.text import grid, short
from dashboard.shared.figures.map_card import MapCard, MapStyle
from dashboard.shared.figures.sheet import tile
from engine.draw.colormaps import DIVERGING
from engine.draw.overlay import colorize, resize_face, resize_map
from engine.records import Float32, Prediction, UInt8

FACE_PIXELS = 288
"""Side of a face that stands alone: six times 48."""


def face_shot(face: UInt8, name: str = "", caption: str = "") -> Shot:
    """Return a face, or what else the model saw, (H, W) or (H, W, 3) uint8, enlarged."""
    name, caption = name or face_word(), caption or f"the {face_word()} as the model saw it"
    pixels = f"{face.shape[1]} × {face.shape[0]} pixels"
    return Shot.of(name, np.asarray(resize_face(face, FACE_PIXELS)), f"{caption}, {pixels}")


def card_words(card: MapCard) -> str:
    """Return what a map's caption says: its title, grid, raw range, and the range of its colours."""
    if card.values is None:
        return f"{card.title}: {card.note}"
    low, mean, high = (short(float(value)) for value in (card.values.min(), card.values.mean(), card.values.max()))
    first, last = (short(value) for value in card.limits)
    signed = ", zero in the middle" if card.signed else ""
    said = (
        f"{card.title}: {grid(card.values.shape)}, min {low}, mean {mean}, max {high}; colours from {first} to {last}"
    )
    return f"{said}{signed}{'; ' + card.note if card.note else ''}"


def map_shots(face: UInt8, cards: Sequence[MapCard], style: MapStyle, stem: str) -> tuple[Shot, ...]:
    """Return each card as a picture over the face, its colour bar with it; ``stem`` begins the files' names."""
    return tuple(Shot.of(f"{stem} {card.title}", tile(face, card, style), card_words(card)) for card in cards)


def bare_map(values: Float32, limits: tuple[float, float], *, signed: bool, colors: str = "viridis") -> UInt8:
    """Return a map (h, w) without a face, each cell a block: (288, 288, 3) uint8."""
    table = DIVERGING if signed else colors
    return colorize(resize_map(values, FACE_PIXELS, smooth=False), limits, table)


def answers_table(names: Sequence[str], predictions: Sequence[Prediction], caption: str = "") -> Table:
    """Return a row a class, most probable for the first answer first, and a column for each answer."""
    order = listed([name for name, _ in predictions[0].ranked()])
    rows = tuple(
        (
            name,
            *(
                f"{float(one.probabilities[one.classes.index(name)]):.4f}" if name in one.classes else "–"
                for one in predictions
            ),
        )
        for name in order
    )
    return Table(("class", *names), rows, " ".join(filter(None, (caption, more_words(len(predictions[0].classes))))))


def answer_arrays(prediction: Prediction, prefix: str = "") -> dict[str, Array]:
    """Return ``probabilities``, ``logits`` and ``classes``, (K,) each, below ``prefix``."""
    return {
        f"{prefix}probabilities": prediction.probabilities,
        f"{prefix}logits": prediction.logits,
        f"{prefix}classes": np.array(prediction.classes),
    }


def style_settings(style: MapStyle) -> dict[str, Any]:
    """Return how maps are drawn, as a report's settings say it."""
    return {
        "scale": style.scale,
        "colours": style.colors,
        "opacity": style.opacity,
        "cells": "smooth" if style.smooth else "blocks",
    }
