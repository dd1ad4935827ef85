"""The tables of the Evaluation page as HTML: duplicates, calibration, robustness, and the card's measurements."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.report.glossary import opener
from dashboard.report.text import escape
from dashboard.views.evaluation.figures.charts import words
from engine.analysis.evaluation import Evaluation, MetricRow
from engine.measure.robustness import CORRUPTIONS, SEVERITIES, RobustnessReport
from engine.statistics.calibration import Calibration
from engine.statistics.intervals import Estimate

NUMBER = ' class="fl-number"'
UNBROKEN = "white-space:nowrap"


def _table(head: Sequence[str], rows: Sequence[str]) -> str:
    """Return a table; ``head`` and ``rows`` are HTML."""
    first, *others = head
    cells = "".join(f"<th{NUMBER}>{title}</th>" for title in others)
    return (
        f'<table class="fl-table"><thead><tr><th>{first}</th>{cells}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
    )


def _row(title: str, cells: Sequence[str]) -> str:
    numbers = "".join(f'<td{NUMBER} style="{UNBROKEN}">{cell}</td>' for cell in cells)
    return f'<tr><th scope="row">{escape(title)}</th>{numbers}</tr>'


def f1_words(mean: float | None, low: float | None, high: float | None) -> str:
    """Return an F1 as ``0.943 (0.934–0.951)``."""
    if mean is None:
        return "–"
    return f"{mean:.3f}" + ("" if low is None or high is None else f" ({low:.3f}–{high:.3f})")


def _share(found: Estimate) -> str:
    """Return a share and its interval where n has a column of its own."""
    return words(found).partition(", n =")[0]


def subsets_table(found: Evaluation) -> str:
    """Return accuracy and macro F1 with and without duplicates."""
    rows = []
    for one in found.subsets:
        if one.figures is None:
            rows.append(_row(one.name, ["–", "not known here", "–"]))
            continue
        f1 = one.figures.macro_f1
        rows.append(
            _row(
                one.name,
                [f"{one.figures.n:,}", _share(one.figures.accuracy), f1_words(f1.mean, f1.low, f1.high)],
            )
        )
    return _table(("pictures", "n", opener("accuracy", "accuracy"), opener("macro_f1")), rows)


def calibration_table(shown: dict[str, Calibration]) -> str:
    """Return ECE, mean confidence beside accuracy, and the log loss."""
    rows = [
        _row(
            title,
            [
                f"{100 * found.ece:.1f} %",
                f"{100 * found.confidence:.1f} %",
                f"{100 * found.accuracy:.1f} %",
                f"{found.nll_nats:.3f}",
            ],
        )
        for title, found in shown.items()
    ]
    heads = (
        "answers",
        opener("ece", "confidence is off by (ECE)"),
        "mean confidence",
        opener("accuracy", "accuracy"),
        opener("nll", "surprise at the label (NLL), nats"),
    )
    return _table(heads, rows)


def robustness_table(report: RobustnessReport) -> str:
    """Return the accuracies in per cent by corruption and severity, and their mean."""
    rows = []
    for name, kind in CORRUPTIONS.items():
        found = [row.accuracy for row in report.rows if row.corruption == name]
        cells = [
            f'<span title="{escape(f"{amount:g} ({kind.unit}): {words(one)}")}">{100 * (one.mean or 0.0):.1f}</span>'
            for amount, one in zip(kind.amounts, found, strict=True)
        ]
        rows.append(_row(name, [*cells, f"{100 * report.mean_accuracy(name):.1f}"]))
    return _table(("accuracy, %", *(str(severity) for severity in SEVERITIES), "mean"), rows)


def metrics_table(found: Sequence[MetricRow]) -> str:
    """Return the card's measurements, a row a dataset, split and view."""
    rows = []
    for row in found:
        clean = "–" if row.clean is None else words(row.clean)
        rows.append(
            f'<tr><th scope="row">{escape(row.dataset)} {escape(row.split)}<span class="fl-tag">{escape(row.view)}'
            f"</span></th><td{NUMBER}>{words(row.accuracy)}</td><td{NUMBER}>{clean}</td>"
            f"<td{NUMBER}>{f1_words(row.macro_f1, None, None)}</td>"
            f'<td class="fl-number fl-wide">{escape(row.protocol)}</td></tr>'
        )
    head = ("measured on", opener("accuracy", "accuracy"), "without training copies", opener("macro_f1"))
    table = _table(head, rows)
    return table.replace(
        "</tr></thead>", '<th class="fl-number fl-wide">what the split may be used for</th></tr></thead>'
    )
