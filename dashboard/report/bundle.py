"""A view report as a ZIP: ``report.html``, its pictures, ``arrays.npz`` and ``view.json``."""

from __future__ import annotations

import io
import json
import zipfile
from importlib.metadata import version
from typing import Any, Final

import numpy as np

from dashboard.report.content import ViewReport
from dashboard.report.html import report_html, span
from engine.models.checkpoint import library_versions

PAGE: Final = "report.html"
ARRAYS: Final = "arrays.npz"
VIEW: Final = "view.json"
PICTURES: Final = "pictures"
SHOWN_BY: Final[tuple[str, ...]] = ("streamlit", "plotly", "pillow")
"""Libraries that draw, named beside those that compute."""


def versions() -> dict[str, str]:
    """Return the versions of the libraries that computed and drew the view."""
    return {**library_versions(), **{name: version(name) for name in SHOWN_BY}}


def _figures(found: tuple[float, float, float] | None) -> dict[str, float | None]:
    low, mean, high = found or (None, None, None)
    return {"min": low, "mean": mean, "max": high}


def describe(report: ViewReport) -> dict[str, Any]:
    """Return the JSON-ready document: page, address, settings, models, versions, pictures, arrays, tables, results."""
    return {
        "page": report.page,
        "title": report.title,
        "address": report.address,
        "query": {key: list(values) for key, values in report.query.items()},
        "settings": dict(report.settings),
        "models": [{"name": model.name, "weights_sha256": model.sha256} for model in report.models],
        "versions": versions(),
        "notes": [*report.notes, *report.content.notes],
        "pictures": {f"{PICTURES}/{name}": shot.caption for name, shot in report.shots},
        "arrays": {
            name: {"shape": list(array.shape), "dtype": str(array.dtype), **_figures(span(array))}
            for name, array in report.content.arrays.items()
        },
        "sections": [
            {
                "heading": section.heading,
                "words": list(section.words),
                "tables": [{"head": table.head, "rows": table.rows} for table in section.tables],
            }
            for section in report.content.sections
        ],
        "results": dict(report.content.results),
    }  # fmt: skip


def npz_bytes(report: ViewReport) -> bytes:
    """Return the raw arrays as a compressed NPZ."""
    sink = io.BytesIO()
    # Written member by member: np.savez takes names as keywords, and "file" is one of its own.
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in report.content.arrays.items():
            member = io.BytesIO()
            np.save(member, array, allow_pickle=False)
            archive.writestr(f"{name}.npy", member.getvalue())
    return sink.getvalue()


def zip_bytes(report: ViewReport) -> bytes:
    """Return the report as the bytes of a ZIP file."""
    text = json.dumps(describe(report), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(PAGE, report_html(report, versions()))
        archive.writestr(VIEW, text)
        archive.writestr(ARRAYS, npz_bytes(report))
        for name, shot in report.shots:
            archive.writestr(f"{PICTURES}/{name}", shot.png)
    return sink.getvalue()
