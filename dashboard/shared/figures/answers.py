"""The answers of several models, class by class in aligned rows on one scale, and the difference of two of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dashboard.report.text import escape, percent
from dashboard.shared.figures.colours import emotion_color
from dashboard.shared.figures.pair import signed
from engine.records import Prediction

LEAST_POINTS: Final = 10.0
"""Half the difference column stands for 10 percentage points at least, so that a tenth of a point stays small."""


def common_order(predictions: Sequence[Prediction]) -> tuple[str, ...]:
    """Return the classes, highest mean probability first; ties keep the first model's class order."""
    means = {
        name: sum(probability_of(one, name) for one in predictions) / len(predictions)
        for name in predictions[0].classes
    }
    return tuple(sorted(means, key=lambda name: -means[name]))


def probability_of(prediction: Prediction, name: str) -> float:
    """Return the probability of a class by name, in [0, 1]: two models may order their classes differently."""
    return float(prediction.probabilities[prediction.classes.index(name)])


def _bar(prediction: Prediction, name: str, model: str) -> str:
    probability = probability_of(prediction, name)
    first = " fl-first" if prediction.label == name else ""
    return (
        f'<div class="fl-cbar{first}" role="img" aria-label="{escape(model)}: {escape(name)} {percent(probability)}" '
        f'title="{escape(model)}, {escape(name)}: {probability:.4f}"><span class="fl-bar-track">'
        f'<span class="fl-bar-fill" style="width:{100 * probability:.2f}%;background:{emotion_color(name)}"></span>'
        f'</span><span class="fl-bar-value">{percent(probability)}</span></div>'
    )


def _difference(points: float, limit: float, title: str) -> str:
    width = 50.0 * abs(points) / limit
    left = 50.0 if points >= 0 else 50.0 - width
    return (
        f'<div class="fl-cbar" title="{escape(title)}: {points:+.2f} points"><span class="fl-both">'
        f'<span style="left:{left:.2f}%;width:{width:.2f}%"></span></span>'
        f'<span class="fl-bar-value">{signed(points)}</span></div>'
    )


def answer_rows(
    models: Sequence[str], predictions: Sequence[Prediction], pair: tuple[int, int]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return (label, cells) a class as HTML: a bar for each model from 0 to 1, then second minus first of ``pair``.

    Args:
        models: their names.
        predictions: one a model, of the same set of classes.
        pair: which two are subtracted, as indices.
    """
    order = common_order(predictions)
    first, second = predictions[pair[0]], predictions[pair[1]]
    points = {name: 100.0 * (probability_of(second, name) - probability_of(first, name)) for name in order}
    limit = max(LEAST_POINTS, *(abs(value) for value in points.values()))
    rows = []
    for name in order:
        cells = [_bar(one, name, model) for model, one in zip(models, predictions, strict=True)]
        cells.append(_difference(points[name], limit, f"{name}, {models[pair[1]]} minus {models[pair[0]]}"))
        dot = f'<span class="fl-dot" style="background:{emotion_color(name)}"></span>'
        rows.append((f"{dot}{escape(name)}", tuple(cells)))
    return tuple(rows)


def read_answers(models: Sequence[str], predictions: Sequence[Prediction]) -> str:
    """Say in a sentence whether the models give one answer."""
    labels = {one.label for one in predictions}
    if len(labels) == 1:
        sure = ", ".join(f"{model} {percent(one.confidence)}" for model, one in zip(models, predictions, strict=True))
        return f"{'Both' if len(models) == 2 else f'All {len(models)}'} answer {predictions[0].label}: {sure}."
    said = [f"{model} {one.label} ({percent(one.confidence)})" for model, one in zip(models, predictions, strict=True)]
    return f"They disagree: {', '.join(said)}."
