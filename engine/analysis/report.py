"""An evaluation as one HTML file that needs nothing else, and its figures as PNG files for print."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any, Final

from engine.analysis.evaluation import Evaluation, MetricRow, no_temperature
from engine.analysis.paper.kit import FOLDER, PaperInput, write_kit
from engine.analysis.report_figures import FIGURES, ReportInput, png_bytes
from engine.analysis.report_people import people_section
from engine.analysis.store.voted import has_votes
from engine.errors import UsageError
from engine.measure.robustness import CORRUPTIONS, SEVERITIES, robustness_command
from engine.statistics.intervals import Estimate
from engine.writing.whole import whole_folder

PAGE: Final = "report.html"
NUMBERS: Final = "evaluation.json"
PRINT_DPI: Final = 300
SCREEN_DPI: Final = 130

STYLE: Final = """body{font:16px/1.55 system-ui,sans-serif;color:#1d2026;background:#fff;max-width:860px;
margin:2.5rem auto;padding:0 1.2rem}h1{font:600 2rem/1.2 Georgia,serif;margin:0}
h2{font:600 1.25rem Georgia,serif;margin:2.4rem 0 .4rem}
figure{margin:.6rem 0}img{max-width:100%;height:auto}figcaption,.quiet{color:#5b6472;font-size:.86rem}
table{border-collapse:collapse;width:100%;font-size:.9rem;margin:.6rem 0}th,td{text-align:right;padding:.3rem .5rem;
border-bottom:1px solid #e3e6eb;font-variant-numeric:tabular-nums}th:first-child{text-align:left}
code{background:#f3f4f6;padding:.1rem .3rem;overflow-wrap:anywhere}"""


def share_words(found: Estimate) -> str:
    """Return a share as ``94.3 % (93.4–95.1), n = 3,000``; a dash where there is none."""
    if found.mean is None:
        return "–"
    ends = "" if found.low is None or found.high is None else f" ({100 * found.low:.1f}–{100 * found.high:.1f})"
    return f"{100 * found.mean:.1f} %{ends}, n = {found.n:,}"


def _f1(found: Estimate) -> str:
    return "–" if found.mean is None else f"{found.mean:.3f} ({found.low:.3f}–{found.high:.3f})"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in row[1:])}</tr>'
        for row in rows
    )
    return (
        f"<table><thead><tr>{''.join(f'<th>{escape(cell)}</th>' for cell in head)}</tr></thead><tbody>{body}</tbody>"
        "</table>"
    )


def _subsets(given: ReportInput) -> str:
    rows = [
        (one.name, "–", "not known for this data", "–")
        if one.figures is None
        else (one.name, f"{one.left_out:,}", share_words(one.figures.accuracy), _f1(one.figures.macro_f1))
        for one in given.found.subsets
    ]
    return _table(("pictures", "left out", "accuracy", "macro F1"), rows)


def _calibration(given: ReportInput) -> str:
    found = given.found
    shown = {"as it answers": found.before}
    if found.temperature is not None and found.after is not None:
        shown[f"at temperature {found.temperature.value:.3f}"] = found.after
        fitted = found.temperature
        said = f"Temperature fitted on the {fitted.n:,} pictures of val by the smallest negative log likelihood."
    else:
        why, command = no_temperature(found.answers.model, found.answers.dataset, found.answers.split)
        said = escape(why) + (f" <code>{escape(command)}</code>" if command else "")
    rows = [
        (title, f"{100 * one.ece:.1f} %", f"{100 * one.confidence:.1f} %", f"{one.nll_nats:.3f}")
        for title, one in shown.items()
    ]
    table = _table(("answers", f"ECE, {len(found.before.bins)} bins", "mean confidence", "NLL, nats"), rows)
    return f'{table}<p class="quiet">{said}</p>'


def _robustness(given: ReportInput) -> str:
    report = given.robustness
    if report is None:
        answers = given.found.answers
        command = robustness_command(answers.model, answers.dataset, answers.split)
        return f'<p class="quiet">Not measured yet; measure with <code>{escape(command)}</code></p>'
    rows = []
    for name in CORRUPTIONS:
        found = [100 * (row.accuracy.mean or 0.0) for row in report.rows if row.corruption == name]
        rows.append((name, *(f"{value:.1f}" for value in found), f"{100 * report.mean_accuracy(name):.1f}"))
    amounts = "; ".join(
        f"{name}: {', '.join(f'{amount:g}' for amount in kind.amounts)} ({kind.unit})"
        for name, kind in CORRUPTIONS.items()
    )
    table = _table(("accuracy, %", *(str(severity) for severity in SEVERITIES), "mean"), rows)
    return f'{table}<p class="quiet">n = {report.pictures:,} of {report.total:,}. Amounts: {escape(amounts)}.</p>'


def _metrics(rows: Sequence[MetricRow]) -> str:
    if not rows:
        return '<p class="quiet">Nothing is on the model\'s card yet.</p>'
    return _table(
        ("measured on", "view", "accuracy", "macro F1", "what the split may be used for"),
        [
            (
                f"{row.dataset} {row.split}",
                row.view,
                share_words(row.accuracy),
                "–" if row.macro_f1 is None else f"{row.macro_f1:.3f}",
                row.protocol,
            )
            for row in rows
        ],
    )


def _said(found: Evaluation) -> tuple[str, ...]:
    return found.protocol.words, found.protocol.leak, found.figures.shown.words


def report_html(given: ReportInput, metrics: Sequence[MetricRow], pictures: dict[str, bytes]) -> str:
    """Return the page.

    Args:
        given: the evaluation and what else was measured.
        metrics: the card's measurements.
        pictures: figure's name → PNG, put into the page itself.
    """
    found = given.found
    answers = found.answers
    more = {"calibration": _calibration(given), "robustness": _robustness(given)}
    parts = []
    for name, (title, caption, _) in FIGURES.items():
        drawn = ""
        if name in pictures:
            data = base64.b64encode(pictures[name]).decode("ascii")
            drawn = (
                f'<figure><img src="data:image/png;base64,{data}" alt="{escape(title, quote=True)}">'
                f"<figcaption>{escape(caption)}</figcaption></figure>"
            )
        if drawn or name in more:
            parts.append(f"<h2>{escape(title)}</h2>{drawn}{more.get(name, '')}")
    title = f"{answers.model} on {answers.dataset} {answers.split}"
    people = people_section(answers.model, given.people, voted=has_votes(answers.dataset))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><h1>{escape(title)}</h1>"
        f"<p>Accuracy <b>{share_words(found.figures.accuracy)}</b>, macro F1 {_f1(found.figures.macro_f1)}. Single "
        "view; 95 % intervals over pictures, which do not say how much another training seed would change.</p>"
        f"{''.join(f'<p>{escape(said)}</p>' for said in _said(found) if said)}"
        f"<h2>With and without duplicates</h2>{_subsets(given)}{people}{''.join(parts)}"
        f"<h2>On other data</h2>{_metrics(metrics)}</body></html>\n"
    )


def check_new_folder(out: Path) -> None:
    """Raise UsageError where ``out`` could not be written anew."""
    if out.exists():
        raise UsageError(f"'{out.name}' exists already; choose another --out, or remove it first.")
    if not out.absolute().parent.is_dir():
        raise UsageError(f"The folder '{out.parent.name}' for --out does not exist; make it, or choose another --out.")


def write_report(
    out: Path, given: ReportInput, metrics: Sequence[MetricRow], *, paper: PaperInput | None = None
) -> dict[str, Any]:
    """Write ``report.html``, ``evaluation.json`` and ``figures/*.png`` into a new folder, complete or not at all.

    With ``paper`` the folder ``paper`` is written there, too (see :mod:`engine.analysis.paper.kit`).

    Returns:
        what ``evaluation.json`` holds.

    Raises:
        UsageError: the folder exists already.
    """
    check_new_folder(out)
    figures = {name: figure for name, (_, _, draw) in FIGURES.items() if (figure := draw(given)) is not None}
    document = {
        **given.found.as_dict(),
        "robustness": None if given.robustness is None else given.robustness.as_dict(),
        **({} if given.people is None else {"votes": given.people}),
        "figures": [f"figures/{name}.png" for name in figures],
    }
    with whole_folder(out) as temporary:
        (temporary / "figures").mkdir()
        for name, figure in figures.items():
            (temporary / "figures" / f"{name}.png").write_bytes(png_bytes(figure, PRINT_DPI))
        page = report_html(given, metrics, {name: png_bytes(figure, SCREEN_DPI) for name, figure in figures.items()})
        (temporary / PAGE).write_text(page, encoding="utf-8")
        if paper is not None:
            document["paper"] = [f"{FOLDER}/{name}" for name in write_kit(temporary / FOLDER, given, paper)]
        text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        (temporary / NUMBERS).write_text(text, encoding="utf-8")
        check_new_folder(out)  # again: another run may have been quicker
    return document
