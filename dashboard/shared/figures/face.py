"""A picture with its faces boxed, numbered as the face picker numbers them.

A prediction as bars: one row a class, most probable first, in the emotion's colour.

One explanation read out in a sentence or two: how sure the answer is, and where the Grad-CAM mass lies.

Only what the records hold is said. Whether a map can be believed is another question, with its own measures.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dashboard.report.subject import MOST_LISTED
from dashboard.report.subject import face as face_word
from dashboard.report.text import escape, layer_title, percent
from dashboard.shared.figures.colours import emotion_color, emotion_rgb
from engine.draw.class_colours import ink_on
from engine.records import Explanation, Float32, PicturePrediction, Prediction, UInt8
from engine.statistics.frequent import MOST_SHOWN

LONGEST: Final = 1200
"""Longest side of the drawn picture in pixels; more is never shown and only slows the page."""
SHORTEST: Final = 430
"""What the longest side of a small picture is brought to, so that boxes and numbers are drawn in full sharpness."""


def boxed_picture(pixels: UInt8, prediction: PicturePrediction, chosen: int = 0) -> UInt8:
    """Draw the faces' boxes in their emotion's colour, the chosen one thicker: (H, W, 3) uint8, 1,200 at most.

    Args:
        pixels: (H, W, 3) uint8 RGB, the upright picture.
        prediction: its faces; those without a box (none was found) leave the picture as it is.
        chosen: index of the face that the page explains.
    """
    picture = Image.fromarray(pixels).convert("RGB")
    factor = min(max(1.0, SHORTEST / max(picture.size)), LONGEST / max(picture.size))
    if factor != 1.0:
        fitted = (max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))
        picture = picture.resize(fitted, Image.Resampling.LANCZOS)
    draw = ImageDraw.Draw(picture)
    # Line and letters keep their weight on the page whatever the picture's own size.
    unit = max(1, round(max(picture.size) / 260))
    font = ImageFont.load_default(size=max(9, 6 * unit))
    for index, face in enumerate(prediction.faces):
        if face.box is None:
            continue
        left, top = round(face.box.x * factor), round(face.box.y * factor)
        right = round((face.box.x + face.box.width) * factor) - 1
        bottom = round((face.box.y + face.box.height) * factor) - 1
        color = emotion_rgb(face.prediction.label)
        width = unit * (2 if index == chosen else 1)
        draw.rectangle((left, top, max(left, right), max(top, bottom)), outline=color, width=width)
        if len(prediction.faces) > 1:
            label = str(index + 1)
            spread = draw.textbbox((0, 0), label, font=font)
            pad = 2 * unit
            draw.rectangle((left, top, left + spread[2] + 2 * pad, top + spread[3] + 2 * pad), fill=color)
            draw.text((left + pad, top + pad), label, fill=ink_on(color), font=font)
    return np.asarray(picture, dtype=np.uint8)


def probability_bars(prediction: Prediction, rows: int | None = None) -> str:
    """Return the K (or the first ``rows``) classes as HTML bars; a bar's length is the probability, full width is 1.

    Of more than 30 classes the first twelve are shown, and what the others have together.
    The most probable class stands full-coloured, the others fainter, so that confidence is seen before it is read.
    """
    lines = []
    shown = rows or (len(prediction.classes) if len(prediction.classes) <= MOST_SHOWN else MOST_LISTED)
    for rank, (name, probability) in enumerate(prediction.ranked()[:shown]):
        lines.append(
            f'<div class="fl-bar{" fl-first" if rank == 0 else ""}" role="img" '
            f'aria-label="{escape(name)} {percent(probability)}" title="{escape(name)}: {probability:.4f}">'
            f'<span class="fl-bar-name">{escape(name)}</span>'
            f'<span class="fl-bar-track"><span class="fl-bar-fill" '
            f'style="width:{100 * probability:.2f}%;background:{emotion_color(name)}"></span></span>'
            f'<span class="fl-bar-value">{percent(probability)}</span></div>'
        )
    left = len(prediction.classes) - len(lines)
    if rows is None and left:
        rest = 1.0 - sum(probability for _, probability in prediction.ranked()[: len(lines)])
        lines.append(f'<div class="fl-quiet">{left:,} more classes: {percent(max(rest, 0.0))} together</div>')
    return f'<div class="fl-bars">{"".join(lines)}</div>'


def verdict(prediction: Prediction) -> str:
    """Return the answer as a headline: the emotion with its colour, and the confidence."""
    return (
        f'<div class="fl-verdict"><span class="fl-dot" style="background:{emotion_color(prediction.label)}"></span>'
        f'<span class="fl-verdict-name">{escape(prediction.label)}</span>'
        f'<span class="fl-verdict-value">{percent(prediction.confidence)}</span></div>'
    )


CONFIDENT: Final = 0.8
"""Probability from which the answer is called confident."""
UNSURE: Final = 0.5
"""Probability below which it is called unsure: the other classes together are then more probable."""
LEVEL: Final = 0.05
"""How far from one half the share of a half must lie to be called more than the other."""


def certainty(prediction: Prediction) -> str:
    """Return ``Confident``, ``Fairly sure`` or ``Unsure``, after :data:`CONFIDENT` and :data:`UNSURE`."""
    if prediction.confidence >= CONFIDENT:
        return "Confident"
    return "Fairly sure" if prediction.confidence >= UNSURE else "Unsure"


def upper_share(heatmap: Float32) -> float:
    """Return the share of the positive mass of a map (h, w) in its upper half, in [0, 1]; .5 where there is none.

    The middle row of an odd grid counts half to either side.
    """
    rows = heatmap.clip(min=0.0).sum(axis=1, dtype=float)
    total = float(rows.sum())
    if total == 0.0:
        return 0.5
    height = len(rows)
    upper = float(rows[: height // 2].sum())
    if height % 2:
        upper += float(rows[height // 2]) / 2
    return upper / total


def read_answer(prediction: Prediction) -> str:
    """Say how sure the answer is and what comes second."""
    (first, probability), (second, runner_up) = prediction.ranked()[:2]
    word = certainty(prediction)
    if word == "Unsure":
        return f"Unsure: {first} {percent(probability)} or {second} {percent(runner_up)}."
    return (
        f"{word}: {first}, well before {second}." if probability > 4 * runner_up else f"{word}: {first}, then {second}."
    )


def read_map(explanation: Explanation, method: str = "Grad-CAM") -> str:
    """Say in which half of the face crop the map's mass lies, beside what a uniform map would give (50 %)."""
    where = f"{method} for {explanation.target} at {layer_title(explanation.layer)}"
    if not explanation.has_positive_evidence:
        return f"{where} finds no positive evidence for {explanation.target}."
    share = upper_share(explanation.heatmap)
    if abs(share - 0.5) < LEVEL:
        return f"The mass of {where} is spread evenly over the upper and lower half of the {face_word()}."
    half, part = ("upper", share) if share > 0.5 else ("lower", 1 - share)
    return f"{percent(part)} of the mass of {where} lies on the {half} half of the {face_word()} (a uniform map: 50 %)."
