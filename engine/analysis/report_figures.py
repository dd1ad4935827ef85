"""The figures of ``python -m engine report`` as matplotlib figures on white, drawn off screen, saved at any size."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from engine.analysis.evaluation import Evaluation, History, spread
from engine.draw.class_colours import class_colour
from engine.measure.robustness import RobustnessReport
from engine.statistics.calibration import Calibration
from engine.statistics.curves import MICRO, CurveSet, thinned
from engine.statistics.frequent import OTHERS
from engine.statistics.intervals import Estimate

INK: Final = "#1d2026"
NEUTRAL: Final = "#7b879c"
GRID: Final = "#d9dde4"
POINTS_MOST: Final = 5_000


@dataclass(frozen=True, eq=False)
class ReportInput:
    """What a report shows; ``robustness``, ``history`` and ``people`` are None where there is none.

    ``people``: what they saw, from :func:`engine.analysis.people.people_seen`.
    """

    found: Evaluation
    robustness: RobustnessReport | None
    history: History | None
    people: dict[str, Any] | None = None


def png_bytes(figure: Figure, dpi: int) -> bytes:
    """Return a figure as PNG at ``dpi`` dots an inch, which the file says."""
    FigureCanvasAgg(figure)
    sink = io.BytesIO()
    # Nothing of the machine or the time goes into the file: the same figures give the same bytes.
    figure.savefig(sink, format="png", dpi=dpi, facecolor="white", metadata={"Software": None})
    return sink.getvalue()


def _new(width: float, height: float, rows: int = 1, columns: int = 1, **more: Any) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, **more).ravel().tolist()
    for one in axes:
        one.spines[["top", "right"]].set_visible(False)
        one.spines[["left", "bottom"]].set_color(NEUTRAL)
        one.tick_params(colors=INK, labelsize=8)
        one.set_axisbelow(True)
    return figure, axes


def _arms(found: list[Estimate]) -> np.ndarray[Any, Any]:
    """Return how far each interval reaches below and above its mean, float64 (2, n)."""
    return np.array(
        [
            [(one.mean or 0.0) - (one.low or 0.0) for one in found],
            [(one.high or 0.0) - (one.mean or 0.0) for one in found],
        ]
    ).clip(min=0.0)


def classes_figure(given: ReportInput) -> Figure:
    """Draw precision, recall and F1 of each class with intervals."""
    of = given.found.figures
    rows = of.shown.pick(of.per_class)
    figure, axes = _new(7.2, 0.9 + 0.34 * len(rows), 1, 3, sharey=True)
    at = np.arange(len(rows))
    for one, (title, found) in zip(
        axes,
        {
            "precision": [row.precision for row in rows],
            "recall": [row.recall for row in rows],
            "F1": [row.f1 for row in rows],
        }.items(),
        strict=True,
    ):
        means = np.array([np.nan if value.mean is None else value.mean for value in found])
        one.barh(at, means, color=[class_colour(row.name, of.classes) for row in rows], height=0.66)
        there = [k for k, value in enumerate(found) if value.mean is not None]
        one.errorbar(
            means[there],
            at[there],
            xerr=_arms([found[k] for k in there]),
            fmt="none",
            ecolor=INK,
            elinewidth=1,
            capsize=2,
        )
        for k in set(at.tolist()) - set(there):
            one.text(0.02, k, "never answered" if title == "precision" else "no pictures", va="center", fontsize=7)
        one.set(title=title, xlim=(0, 1.02), yticks=at, yticklabels=[row.name for row in rows])
        one.grid(axis="x", color=GRID)
    axes[0].invert_yaxis()
    return figure


def confusion_figure(given: ReportInput) -> Figure:
    """Draw the confusion matrix: counts, shaded by their share of the true class."""
    figures = given.found.figures
    shown = figures.shown
    whole = figures.confusion
    share = shown.matrix(whole / np.maximum(whole.sum(axis=1, keepdims=True), 1))
    counts = shown.matrix(whole)
    side = max(1.0, len(counts) / 12)  # a cell keeps its size where there are more
    figure, (one,) = _new(5.4 * side, 4.8 * side)
    edges = np.arange(len(counts) + 1) - 0.5  # drawn as squares, not as a picture, which a PDF would hold as pixels
    one.pcolormesh(edges, edges, share, cmap="Greys", vmin=0, vmax=1)
    one.set(aspect="equal", ylim=(len(counts) - 0.5, -0.5))
    for row in range(len(counts)):
        for column in range(len(counts)):
            one.text(
                column, row, f"{counts[row, column]:,}", ha="center", va="center", fontsize=8,
                color="white" if share[row, column] > 0.55 else INK,
            )  # fmt: skip
    ticks = np.arange(len(counts))
    one.set(xticks=ticks, yticks=ticks, yticklabels=shown.names, xlabel="answer", ylabel="true class")
    one.set_xticklabels(shown.names, rotation=40 if side == 1.0 else 90, ha="right")
    return figure


def _curves(given: ReportInput, found: CurveSet, x: str, y: str, area: str) -> Figure:
    of = given.found.figures
    drawn = [curve for curve in found.classes if curve.name in of.shown.names]
    figure, (one,) = _new(6.4, max(4.8, 0.8 + 0.18 * len(drawn)))
    for curve in (*drawn, found.macro, found.micro):
        points = thinned(curve, 1_500)
        pooled = curve in (found.macro, found.micro)
        one.plot(
            *points,
            drawstyle="steps-pre" if found.kind == "pr" else "default",
            color=INK if pooled else class_colour(curve.name, of.classes),
            linestyle="--" if curve.name == MICRO else "-",
            linewidth=2 if pooled else 1.2,
            label=f"{curve.name}, {area} {curve.area:.3f}",
        )
    if found.kind == "roc":
        one.plot([0, 1], [0, 1], color=GRID, linewidth=1, zorder=0)
    one.set(xlabel=x, ylabel=y, xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    one.grid(color=GRID, linewidth=0.6)
    figure.legend(*one.get_legend_handles_labels(), loc="outside right center", fontsize=8, frameon=False)
    return figure


def roc_figure(given: ReportInput) -> Figure:
    """Draw the ROC curves."""
    return _curves(given, given.found.roc, "false positive rate", "true positive rate", "AUC")


def precision_recall_figure(given: ReportInput) -> Figure:
    """Draw the precision-recall curves."""
    return _curves(given, given.found.pr, "recall", "precision", "AP")


def calibration_figure(given: ReportInput) -> Figure:
    """Draw reliability before, and where there is a temperature after."""
    found = given.found
    shown: dict[str, Calibration] = {"as it answers": found.before}
    if found.temperature is not None and found.after is not None:
        shown[f"at temperature {found.temperature.value:.2f}"] = found.after
    figure, axes = _new(3.7 * len(shown), 3.7, 1, len(shown), sharey=True)
    for one, (title, measured) in zip(axes, shown.items(), strict=True):
        full = [(entry, entry.interval) for entry in measured.bins if entry.interval is not None]
        one.plot([0, 1], [0, 1], color=GRID)
        share = [Estimate(entry.accuracy, low, high, entry.n) for entry, (low, high) in full]
        one.errorbar(
            [entry.confidence or 0.0 for entry, _ in full],
            [entry.mean or 0.0 for entry in share],
            yerr=_arms(share),
            fmt="o-",
            color=INK,
            ecolor=NEUTRAL,
            linewidth=0.8,
            markersize=4,
            capsize=2,
        )
        one.set(title=f"{title}: ECE {100 * measured.ece:.1f} %", xlabel="confidence", xlim=(0, 1.01), ylim=(0, 1.02))
        one.grid(color=GRID, linewidth=0.6)
    axes[0].set_ylabel("accuracy")
    return figure


def embedding_figure(given: ReportInput) -> Figure:
    """Draw the features' first two principal components, coloured by true class."""
    answers = given.found.answers
    shown = spread(len(answers.ids), POINTS_MOST)
    figure, (one,) = _new(6.4, 4.8)
    right = answers.labels == answers.predicted
    named = given.found.figures.shown
    marks = [(name, answers.labels[shown] == k) for k, name in zip(named.places, named.names, strict=True)]
    if not named.are_all:
        marks.append((OTHERS, ~np.isin(answers.labels[shown], named.places)))
    for name, mine in marks:
        for ok, marker in ((True, "o"), (False, "x")):
            inside = shown[mine & (right[shown] == ok)]
            one.scatter(
                answers.places[inside, 0],
                answers.places[inside, 1],
                s=7,
                marker=marker,
                linewidths=0.7,
                color=class_colour(name, answers.classes),
                alpha=0.7,
                label=name if ok else None,
            )
    one.set(xlabel="first principal component", ylabel="second principal component", xticks=[], yticks=[])
    figure.legend(
        *one.get_legend_handles_labels(), loc="outside right center", fontsize=8, frameon=False, markerscale=2
    )
    return figure


def robustness_figure(given: ReportInput) -> Figure | None:
    """Draw accuracy by severity for each corruption."""
    report = given.robustness
    if report is None:
        return None
    names = list(dict.fromkeys(row.corruption for row in report.rows))
    figure, axes = _new(7.2, 2.4, 1, len(names), sharey=True)
    for one, name in zip(axes, names, strict=True):
        found = [report.clean, *(row.accuracy for row in report.rows if row.corruption == name)]
        one.errorbar(
            range(len(found)), [entry.mean or 0.0 for entry in found], yerr=_arms(found), fmt="o-", color=INK,
            ecolor=NEUTRAL, linewidth=1.2, markersize=3, capsize=2,
        )  # fmt: skip
        one.set(title=name, xlabel="severity", ylim=(0, 1.03), xticks=range(6))
        one.grid(color=GRID, linewidth=0.6)
    axes[0].set_ylabel("accuracy")
    return figure


def training_figure(given: ReportInput) -> Figure | None:
    """Draw loss and validation accuracy by epoch, with the chosen epoch."""
    history = given.history
    if history is None:
        return None
    figure, axes = _new(7.2, 2.8, 1, 2)
    axes[0].plot(history.epochs, history.train_loss, "o-", color=INK, linewidth=1.2, markersize=3)
    axes[1].plot(history.epochs, history.val_accuracy, "o-", color=INK, linewidth=1.2, markersize=3, label="weights")
    if history.averaged is not None:
        axes[1].plot(history.epochs, history.averaged, ":", color=NEUTRAL, label="averaged weights")
        axes[1].legend(fontsize=8, frameon=False)
    for one, title in zip(axes, ("training loss, nats", "accuracy on val"), strict=True):
        if history.chosen is not None:
            one.axvline(history.chosen, color=NEUTRAL, linestyle="--", linewidth=1)
        one.set(title=title, xlabel="epoch")
        one.grid(color=GRID, linewidth=0.6)
    return figure


FIGURES: Final[dict[str, tuple[str, str, Callable[[ReportInput], Figure | None]]]] = {
    "classes": (
        "Class by class",
        "Whiskers: 95 %; Wilson for precision and recall, bootstrap over pictures for F1.",
        classes_figure,
    ),
    "confusion": ("Confusion", "Pictures; shaded by their share of the true class.", confusion_figure),
    "roc": (
        "ROC",
        "Each class against the rest. Macro: the mean of the classes' curves. Micro: all their questions pooled.",
        roc_figure,
    ),
    "precision-recall": (
        "Precision and recall",
        "AP: average precision, nothing interpolated. Macro and micro as above.",
        precision_recall_figure,
    ),
    "calibration": (
        "Calibration",
        "Accuracy against confidence in equal-width bins, 95 % Wilson intervals.",
        calibration_figure,
    ),
    "embedding": (
        "Embedding",
        "PCA of the features before the last layer, by true class. Dot: answered rightly; cross: wrongly.",
        embedding_figure,
    ),
    "robustness": (
        "Robustness",
        "Accuracy by severity, 95 % Wilson intervals; 0 is the pictures as they are.",
        robustness_figure,
    ),
    "training": (
        "Training",
        "The dashed line is the epoch whose weights were kept; accuracy on val chose it, so it is optimistic.",
        training_figure,
    ),
}
"""File name → heading, caption, and what draws it (None where there is nothing to draw)."""
