"""A view report as one HTML file that needs nothing else: pictures and charts are inside, Plotly's code too.

A content security policy forbids everything that is not in the file, and every script that is not one of its own two:
what comes from file names or ids is escaped, and could not run if it were not.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
import plotly.io
from plotly.offline import get_plotlyjs

from dashboard.report.content import Array, Chart, Section, Shot, Table, ViewReport
from dashboard.report.glossary import TITLE, named_in
from dashboard.report.text import escape
from engine.analysis.report import STYLE

MORE_STYLE: Final = """.shots{display:grid;grid-template-columns:repeat(auto-fill,minmax(185px,1fr));gap:1rem}
.shots.one{display:block}.shots figure{margin:0}.shots img{display:block}
.wide{overflow-x:auto}.chart{min-height:300px}pre{white-space:pre-wrap;overflow-wrap:anywhere}
.note{border-left:3px solid #7b879c;padding-left:.7rem}td{overflow-wrap:break-word}
@media print{figure{break-inside:avoid}}"""

DRAW: Final = """
for (const holder of document.querySelectorAll("div.chart")) {
  const spec = JSON.parse(document.getElementById(holder.dataset.spec).textContent);
  Plotly.newPlot(holder, spec.data, spec.layout, { displayModeBar: false, responsive: true });
}
"""


def _policy(scripts: tuple[str, ...]) -> str:
    """Return the content security policy that lets ``scripts`` run, and nothing else."""
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii") for text in scripts]
    allowed = " ".join(f"'sha256-{found}'" for found in hashes) or "'none'"
    return (
        f"default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src {allowed}; base-uri 'none'; "
        "form-action 'none'"
    )


def _data_script(name: str, chart: Chart) -> str:
    # Inside a script element "<" must not begin a tag; in JSON it may be written as an escape everywhere.
    figure = go.Figure(chart.figure, layout_template="plotly_white")
    spec = plotly.io.to_json(figure, validate=False).replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{spec}</script>'


def _shot(name: str, shot: Shot) -> str:
    data = base64.b64encode(shot.png).decode("ascii")
    said = escape(shot.caption or shot.name)
    caption = f"<figcaption>{escape(shot.caption)}</figcaption>" if shot.caption else ""
    return f'<figure><img src="data:image/png;base64,{data}" alt="{said}" title="{escape(name)}">{caption}</figure>'


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table.head)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in row[1:])}</tr>'
        for row in table.rows
    )
    caption = f'<p class="quiet">{escape(table.caption)}</p>' if table.caption else ""
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{caption}'


def _section(section: Section, shots: Iterator[tuple[str, Shot]], number: int) -> str:
    parts = [f"<h2>{escape(section.heading)}</h2>", *(f"<p>{escape(said)}</p>" for said in section.words if said)]
    drawn = [_shot(*next(shots)) for _ in section.shots]
    if drawn:
        parts.append(f'<div class="shots{" one" if len(drawn) == 1 else ""}">{"".join(drawn)}</div>')
    for index, chart in enumerate(section.charts):
        name = f"chart-{number}-{index}"
        height = int(chart.figure.layout.height or 400)
        said = f'<figcaption class="quiet">{escape(chart.caption)}</figcaption>' if chart.caption else ""
        parts.append(
            f'<figure><div class="chart" data-spec="{name}" style="height:{height}px"></div>{said}</figure>'
            f"{_data_script(name, chart)}"
        )
    return "".join((*parts, *(_table(table) for table in section.tables)))


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _settings(report: ViewReport, versions: Mapping[str, str]) -> str:
    rows = [(name, _value(value)) for name, value in report.settings.items()]
    rows += [(f"weights of {model.name}, sha256", model.sha256) for model in report.models]
    rows.append(("versions", ", ".join(f"{name} {number}" for name, number in versions.items())))
    return _table(Table(("setting", "value"), tuple(rows)))


def span(array: Array) -> tuple[float, float, float] | None:
    """Return minimum, mean and maximum of an array's finite numbers; None where it has none."""
    if not np.issubdtype(array.dtype, np.number):
        return None
    finite = array[np.isfinite(array)].astype(np.float64)
    return (float(finite.min()), float(finite.mean()), float(finite.max())) if finite.size else None


def _arrays(arrays: Mapping[str, Array]) -> str:
    rows = []
    for name, array in arrays.items():
        found = span(array)
        figures = ("–",) * 3 if found is None else tuple(f"{value:.4g}" for value in found)
        kind = "text" if array.dtype.kind in "US" else str(array.dtype)
        rows.append((name, " × ".join(map(str, array.shape)) or "one value", kind, *figures))
    return _table(Table(("array", "shape", "kind", "min", "mean", "max"), tuple(rows)))


def _opens(report: ViewReport) -> str:
    said = f"<code>{escape(report.address)}</code>"
    if report.address.startswith(("http://", "https://")):
        said = f'<a href="{escape(report.address)}" rel="noreferrer">{said}</a>'
    return f"<p>This view, opened again: {said}</p>"


def _words(report: ViewReport) -> str:
    """Return what the measures that the report names mean; nothing where it names none."""
    said: list[str] = []
    for section in report.content.sections:
        said += (section.heading, *section.words, *(chart.caption for chart in section.charts))
        for table in section.tables:
            said += (*table.head, table.caption, *(cell for row in table.rows for cell in row))
    found = named_in("\n".join(said))
    rows = "".join(
        f"<dt><b>{escape(one.word)}</b> ({escape(one.term)})</dt><dd>{escape(one.meaning)} {escape(one.reading)}</dd>"
        for one in found
    )
    return f"<h2>{TITLE}</h2><dl>{rows}</dl>" if found else ""


def report_html(report: ViewReport, versions: Mapping[str, str]) -> str:
    """Return the page; ``versions`` says which libraries made what it shows."""
    shots = iter(report.shots)
    body = "".join(_section(section, shots, number) for number, section in enumerate(report.content.sections))
    scripts = (get_plotlyjs(), DRAW) if any(section.charts for section in report.content.sections) else ()
    notes = "".join(f'<p class="note">{escape(said)}</p>' for said in (*report.notes, *report.content.notes))
    title = escape(f"{report.page}: {report.title}")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(scripts)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{title}</title><style>{STYLE}{MORE_STYLE}</style></head><body><h1>{title}</h1>"
        f"{notes}{_opens(report)}{body}<h2>Settings</h2>{_settings(report, versions)}"
        f'<h2>Raw arrays</h2><p class="quiet">In arrays.npz beside this page in its ZIP.</p>'
        f"{_arrays(report.content.arrays)}{_words(report)}"
        '<p class="quiet">Made by FERLens. A reading of an expression is not knowledge of a feeling: do not judge '
        "people by it.</p>"
        f"{''.join(f'<script>{text}</script>' for text in scripts)}</body></html>\n"
    )
