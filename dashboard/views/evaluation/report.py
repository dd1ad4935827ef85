"""What the report of the Evaluation page holds: every tab's figure as drawn for print, its numbers, the answers raw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from dashboard.report.content import Array, Content, Section, Shot, Table
from dashboard.report.glossary import in_words
from dashboard.report.text import percent
from dashboard.views.evaluation.figures.people import correlation_words, people_rows
from engine.analysis.evaluation import Evaluation, MetricRow, no_temperature
from engine.analysis.report import share_words
from engine.analysis.report_figures import FIGURES, ReportInput, png_bytes
from engine.analysis.uncertainty import Uncertainty
from engine.statistics.intervals import Estimate

DPI: Final = 150
CALIBRATION: Final = (
    "answers", "confidence is off by (ECE)", "mean confidence", "surprise at the label (NLL), nats",
)  # fmt: skip


def _f1(found: Estimate) -> str:
    return "–" if found.mean is None else f"{found.mean:.3f} ({found.low:.3f}–{found.high:.3f})"


def _summary(found: Evaluation) -> Section:
    subsets = tuple(
        (one.name, f"{one.left_out:,}", "–", "–")
        if one.figures is None
        else (one.name, f"{one.left_out:,}", share_words(one.figures.accuracy), _f1(one.figures.macro_f1))
        for one in found.subsets
    )
    classes = tuple(
        (row.name, share_words(row.precision), share_words(row.recall), _f1(row.f1))
        for row in found.figures.shown.pick(found.figures.per_class)
    )
    words = (
        f"Accuracy {share_words(found.figures.accuracy)}, every class counted alike (macro F1) "
        f"{_f1(found.figures.macro_f1)}. Single view; 95 % "
        "intervals over pictures, which do not say how much another training seed would change."
    )
    return Section(
        "Summary",
        tuple(filter(None, (words, found.protocol.words, found.protocol.leak, found.figures.shown.words))),
        tables=(
            Table(("pictures", "left out", "accuracy", in_words("macro_f1")), subsets),
            Table(("class", "precision", "recall", "F1"), classes),
        ),
    )


def _calibration(found: Evaluation) -> Section:
    shown = {"as it answers": found.before}
    if found.temperature is not None and found.after is not None:
        shown[f"at temperature {found.temperature.value:.3f}"] = found.after
        said = f"Fitted on the {found.temperature.n:,} pictures of val by the smallest negative log likelihood."
    else:
        said, command = no_temperature(found.answers.model, found.answers.dataset, found.answers.split)
        said = " ".join(filter(None, (said, command)))
    rows = tuple(
        (title, f"{100 * one.ece:.2f} %", percent(one.confidence), f"{one.nll_nats:.3f}")
        for title, one in shown.items()
    )
    return Section(
        "Calibration in figures",
        (said,),
        tables=(
            Table(
                ("answers", "confidence is off by (ECE)", "mean confidence", "surprise at the label (NLL), nats"), rows
            ),
        ),
    )


def _metrics(rows: Sequence[MetricRow]) -> tuple[Section, ...]:
    if not rows:
        return ()
    lines = tuple(
        (
            f"{row.dataset} {row.split}",
            row.view,
            share_words(row.accuracy),
            "–" if row.macro_f1 is None else f"{row.macro_f1:.3f}",
            row.protocol,
        )
        for row in rows
    )
    head = ("measured on", "view", "accuracy", in_words("macro_f1"), "what the split may be used for")
    return (Section("On other data", tables=(Table(head, lines),)),)


def _arrays(given: ReportInput) -> dict[str, Array]:
    found, answers = given.found, given.found.answers
    arrays: dict[str, Array] = {
        "classes": np.array(list(answers.classes)),
        "ids": np.array(list(answers.ids)),
        "labels": answers.labels,
        "probabilities": answers.probabilities,
        "embedding": answers.places,
        "confusion": found.figures.confusion,
    }
    for name, curves in (("roc", found.roc), ("precision_recall", found.pr)):
        for curve in (*curves.classes, curves.macro, curves.micro):
            arrays[f"{name}/{curve.name}"] = np.stack([curve.x, curve.y])
    if given.history is not None:
        history = given.history
        arrays["training/epochs"] = np.asarray(history.epochs)
        arrays["training/loss"] = np.asarray(history.train_loss)
        arrays["training/val_accuracy"] = np.asarray(history.val_accuracy)
    if given.robustness is not None:
        rows = given.robustness.rows
        arrays["robustness/names"] = np.array([f"{row.corruption} {row.severity}" for row in rows])
        arrays["robustness/accuracy"] = np.array(
            [[np.nan if value is None else value for value in (one.mean, one.low, one.high)] for one in
             (row.accuracy for row in rows)], np.float64,
        )  # fmt: skip
    return arrays


def _people(model: str, seen: tuple[dict[str, Any], Uncertainty] | None) -> tuple[Section, ...]:
    if seen is None:
        return ()
    figures, uncertainty = seen
    rows = tuple((said, value, f"{n:,}") for said, value, n in people_rows(model, figures))
    correlations = tuple(
        (name, correlation_words(one), f"{one.n:,}")
        for name, one in (("all pictures", uncertainty.overall), *uncertainty.by_class.items())
    )
    return (
        Section("What people saw", tables=(Table(("ten people a picture (FER+)", "share (95 %)", "n"), rows),)),
        Section(
            "Whose uncertainty is it?",
            (
                (
                    "Are the model and the voters undecided about the same pictures? Order of their entropies "
                    "(Spearman's rank correlation), by what most people saw."
                ),
            ),
            tables=(Table(("pictures", "same order (rank correlation, 95 %)", "n"), correlations),),
        ),
    )


def evaluation_content(
    given: ReportInput,
    metrics: Sequence[MetricRow],
    notes: Sequence[str] = (),
    seen: tuple[dict[str, Any], Uncertainty] | None = None,
) -> Content:
    """Return the report's content, all tabs of it.

    Args:
        given: the evaluation and what else was measured. metrics: the card's measurements.
        notes: what could not be read, and why.
        seen: figures of people's votes and whose uncertainty it is; None where the votes are not at hand.
    """
    figures = []
    for name, (title, caption, draw) in FIGURES.items():
        figure = draw(given)
        if figure is not None:
            figures.append(Section(title, (), (Shot(name, png_bytes(figure, DPI), caption),)))
    sections = (_summary(given.found), *figures, _calibration(given.found))
    sections = (*sections, *_people(given.found.answers.model, seen), *_metrics(metrics))
    arrays = _arrays(given)
    if seen is not None:
        arrays["uncertainty/ids"] = np.array(seen[1].ids)
        arrays["uncertainty/model_bits"] = seen[1].model_bits
        arrays["uncertainty/people_bits"] = seen[1].people_bits
    return Content(sections, arrays, tuple(notes))
