"""The answers of several models, class by class in aligned rows on one scale, and the difference of two of them.

The Compare page's sentences, and the choices that need no page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dashboard.report.glossary import opener
from dashboard.report.subject import face, listed
from dashboard.report.text import escape, percent
from dashboard.shared.figures.colours import emotion_color
from dashboard.shared.figures.pair import PairedMaps, signed
from engine.analysis.files.places import AnalysedSplit, analyze_command
from engine.labels import few, same_classes
from engine.measure.nearer import Nearer
from engine.records import Prediction, RunCard
from engine.statistics.comparison import ALPHA
from engine.statistics.paired import Difference

LEAST_POINTS: Final = 10.0
"""Half the difference column stands for 10 percentage points at least, so that a tenth of a point stays small."""


def common_order(predictions: Sequence[Prediction]) -> tuple[str, ...]:
    """Return the classes that any model knows, highest mean probability first; ties keep the first model's order."""
    of_models = [dict(zip(one.classes, one.probabilities.tolist(), strict=True)) for one in predictions]
    names = dict.fromkeys(name for one in predictions for name in one.classes)
    return tuple(sorted(names, key=lambda name: -sum(one.get(name, 0.0) for one in of_models)))


def shared_classes(classes: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return the classes that all models know, in the first one's order and words (:func:`same_classes`)."""
    known = [same_classes(classes[0], others) for others in classes[1:]]
    return tuple(name for name in classes[0] if all(name in others for others in known))


def apart_words(cards: Sequence[RunCard]) -> str:
    """Say which classes not all of the models know; empty where all know the same."""
    shared = shared_classes([card.classes for card in cards])
    own = [
        f"{card.name} also answers {few(more)}"
        for card in cards
        if (more := [name for name in card.classes if name not in same_classes(card.classes, shared)])
    ]
    if not own:
        return ""
    return (
        f"{'; '.join(own)}. Maps are of the {len(shared)} classes that all know; a verdict on a dataset takes models "
        "of the same classes."
    )


def probability_of(prediction: Prediction, name: str) -> float:
    """Return the probability of a class by name, in [0, 1]: two models may order their classes differently."""
    return float(prediction.probabilities[prediction.classes.index(name)])


def _bar(prediction: Prediction, name: str, model: str) -> str:
    if name not in prediction.classes:
        return f'<div class="fl-quiet">no answer of {escape(model)}</div>'
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
        predictions: one a model.
        pair: which two are subtracted, as indices.
    """
    order = listed(common_order(predictions))
    first, second = predictions[pair[0]], predictions[pair[1]]
    points = {
        name: 100.0 * (probability_of(second, name) - probability_of(first, name))
        for name in order
        if name in first.classes and name in second.classes
    }
    limit = max(LEAST_POINTS, *(abs(value) for value in points.values()))
    rows = []
    for name in order:
        cells = [_bar(one, name, model) for model, one in zip(models, predictions, strict=True)]
        title = f"{name}, {models[pair[1]]} minus {models[pair[0]]}"
        cells.append(_difference(points[name], limit, title) if name in points else "")
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


def read_pictures(names: Sequence[str], predictions: Sequence[Prediction]) -> str:
    """Say whether one model answers two pictures alike, and which class's probability differs most.

    Args:
        names: the pictures'. predictions: one each, of the same classes.
    """
    first, second = predictions
    alike = (
        f"Both are answered {first.label}: {names[0]} {percent(first.confidence)}, {names[1]} "
        f"{percent(second.confidence)}."
        if first.label == second.label
        else f"{names[0]} is answered {first.label} ({percent(first.confidence)}), {names[1]} {second.label} "
        f"({percent(second.confidence)})."
    )
    points = {name: 100.0 * (probability_of(second, name) - probability_of(first, name)) for name in first.classes}
    most = max(points, key=lambda name: abs(points[name]))
    if abs(points[most]) < 0.05:
        return f"{alike} No class differs by a tenth of a point."
    return f"{alike} Most differs {most}: {signed(points[most])} points from the first to the second."


LEAST: Final = 2
MOST: Final = 4


def pairs_of(count: int) -> tuple[tuple[int, int], ...]:
    """Return every pair (first, second) of ``count`` columns, the earlier first."""
    return tuple((one, two) for one in range(count) for two in range(one + 1, count))


def refused(reference: RunCard, card: RunCard) -> str:
    """Say why a model cannot stand beside the reference."""
    return (
        f"Expected models that share two classes or more, but '{reference.name}' knows {few(reference.classes)} and "
        f"'{card.name}' knows {few(card.classes)}; '{card.name}' is left out, compare it with models of its own "
        "classes."
    )


def read_agreement(pair: PairedMaps | None, first: str, second: str, what: str) -> str:
    """Say how alike two explanations are, beside what chance gives."""
    if pair is None:
        return f"{what}: one of {first} and {second} has no positive evidence, so there is nothing to compare."
    found = pair.agreement
    ranks = (
        "one map is constant"
        if found.spearman is None
        else f"order of the cells {signed(found.spearman, 2)} (rank correlation; 1 is the same)"
    )
    return (
        f"{what}, {first} and {second}: {ranks}; of the strongest tenth of cells {percent(found.top_overlap)} are "
        f"common (unrelated maps: {percent(found.chance)})."
    )


def parameter_words(first: RunCard, second: RunCard) -> str:
    """Say what the second model has in parameters over the first."""
    more = second.parameters - first.parameters
    share = 100.0 * more / first.parameters
    sign = "+" if more > 0 else "−" if more < 0 else "±"
    digits = 2 if abs(share) < 1 else 1
    return f"{sign}{abs(more):,} ({sign}{abs(share):.{digits}f} %)"


def p_words(p: float) -> str:
    """Return a p-value to two significant digits; ``< .001`` below that."""
    if p < 0.001:
        return "< .001"
    text = f"{p:.2f}" if p >= 0.1 else f"{p:.3f}" if p < 0.01 else f"{p:.2g}"
    return text.replace("0.", ".", 1) if text.startswith("0.") else text


def nearer_words(found: Nearer) -> str:
    """Say which of two models is nearer to what people saw, and how often each answers what most of them saw."""
    accuracy = found.accuracy
    p = p_words(accuracy.p)
    said = f"p {p}" if p.startswith("<") else f"p = {p}"
    return (
        f"{found.verdict} What most people saw: {found.first} {share_words(accuracy.first)}, {found.second} "
        f"{share_words(accuracy.second)}, difference {interval_words(accuracy)} points; by luck "
        f"alone {said} (McNemar’s exact test, n = {found.n:,})."
    )


def share_words(value: float) -> str:
    """Return a share in per cent with one decimal."""
    return f"{100.0 * value:.1f} %"


def interval_words(found: Difference) -> str:
    """Return a difference in points with its interval: ``+0.5 (−1.0 to +2.1)``."""
    low, high = signed(100.0 * found.low), signed(100.0 * found.high)
    return f"{signed(100.0 * found.difference)} ({low} to {high})"


def is_clear(found: Difference) -> bool:
    """Whether a difference counts as detected: p below the level, and 0 outside the interval."""
    return found.p < ALPHA and (found.low > 0.0 or found.high < 0.0)


def tests_table(first: str, second: str, rows: Sequence[tuple[str, str, Difference]]) -> str:
    """Return (figure, test, difference) rows as an HTML table."""
    lines = [
        f"<tr><th scope='row'>{escape(figure)}</th><td class='fl-number'>{share_words(found.first)}</td>"
        f"<td class='fl-number'>{share_words(found.second)}</td>"
        f"<td class='fl-number'>{interval_words(found)}</td>"
        f"<td class='fl-number'>{p_words(found.p)}</td><td class='fl-wide fl-say'>{escape(test)}</td></tr>"
        for figure, test, found in rows
    ]
    return (
        f'<table class="fl-table fl-tests"><thead><tr><th></th><th class="fl-number">{escape(first)}</th>'
        f'<th class="fl-number">{escape(second)}</th><th class="fl-number">difference, points '
        f"({opener('interval', '95 %')})</th>"
        f'<th class="fl-number">{opener("p", "by luck (p)")}</th><th '
        f'class="fl-wide">test</th></tr></thead><tbody>{"".join(lines)}</tbody></table>'
    )


def commands_missing(first: RunCard, second: RunCard, analysed: Sequence[AnalysedSplit]) -> tuple[str, ...]:
    """Return the commands after which both models have answers to one split.

    A split that one of them was analysed on already is taken; else that of the data they were trained on.
    """
    names = (first.name, second.name)
    for one in analysed:
        missing = [name for name in names if name not in one.models]
        if len(missing) == 1:
            return (analyze_command(missing[0], one.dataset, one.split),)
    dataset = str(first.data.get("dataset") or "fer2013")
    split = "private" if dataset == "fer2013" else "test"
    return tuple(analyze_command(name, dataset, split) for name in names)


def cost_table(first: RunCard, second: RunCard, milliseconds: tuple[float | None, float | None]) -> str:
    """Return parameters and speed of both models as an HTML table; what was not measured is a dash."""
    one, two = milliseconds
    more = "—" if one is None or two is None else f"{signed(two - one, 2)} ({signed(100.0 * (two / one - 1.0), 0)} %)"
    rows = (
        ("parameters", f"{first.parameters:,}", f"{second.parameters:,}", parameter_words(first, second)),
        (f"ms a {face()}, bare inference", *("—" if each is None else f"{each:.2f}" for each in milliseconds), more),
    )
    lines = [
        f"<tr><th scope='row'>{figure}</th>" + "".join(f"<td class='fl-number'>{cell}</td>" for cell in cells) + "</tr>"
        for figure, *cells in rows
    ]
    return (
        f'<table class="fl-table fl-tests"><thead><tr><th></th><th class="fl-number">{escape(first.name)}</th>'
        f'<th class="fl-number">{escape(second.name)}</th><th class="fl-number">more</th></tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table>"
    )
