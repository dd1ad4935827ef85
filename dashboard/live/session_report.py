"""A session's figures as the HTML that stands under the picture when the camera is stopped."""

from __future__ import annotations

from dashboard.live.session_summary import FaceSummary, SessionSummary
from dashboard.report.text import escape, percent
from dashboard.shared.figures.colours import emotion_color

MEASURED = (
    "Camera to screen: from the moment at which the browser got the frame from the camera until the browser's first "
    "animation frame after the drawn picture was decoded; sending, finding, following, reading, drawing and encoding "
    "lie between. What the camera takes before and the screen after it is not in it. Server: from the frame's arrival "
    "to its answer."
)
"""Exactly what is measured."""


def session_report(summary: SessionSummary) -> str:
    """Return the statistics, or a sentence where no frame came."""
    if not summary.frames:
        return '<p class="live-quiet">The session ended before a frame came.</p>'
    rate = "not known" if summary.frames_per_second is None else f"{summary.frames_per_second:.1f} a second"
    whole = bool(summary.faces) and all(face.whole for face in summary.faces)
    rows = [
        ("Duration", f"{summary.seconds:.1f} s"),
        ("Frames shown", f"{summary.shown:,} ({rate})"),
        *(
            ()
            if whole
            else (("Frames with a face", f"{percent(summary.with_face / summary.frames)} of {summary.frames:,}"),)
        ),
        ("Camera to screen", _times(summary.latency_median, summary.latency_95)),
        ("Server", _times(summary.server_median, summary.server_95)),
    ]
    table = "".join(f"<tr><th>{name}</th><td>{value}</td></tr>" for name, value in rows)
    faces = "".join(_face(face) for face in summary.faces) or '<p class="live-quiet">No face was found.</p>'
    dropped = (
        f'<p class="live-quiet">The table keeps its latest rows; the first {summary.rows_dropped:,} are gone.</p>'
        if summary.rows_dropped
        else ""
    )
    return (
        f'<h3>The session</h3><table class="live-table">{table}</table>{faces}{dropped}'
        f'<p class="live-quiet">{MEASURED}</p>'
    )


def _times(median: float | None, high: float | None) -> str:
    if median is None or high is None:
        return "not measured"
    return f"median {median:.0f} ms, 95 % within {high:.0f} ms"


def _face(face: FaceSummary) -> str:
    bar = "".join(
        f'<span style="width:{100 * share:.2f}%;background:{emotion_color(name)}" title="{escape(name)} '
        f'{percent(share)}"></span>'
        for name, share in face.shares
    )
    words = ", ".join(f"{escape(name)} {percent(share)}" for name, share in face.shares[:3])
    changes = f"{face.changes} label change{'' if face.changes == 1 else 's'}"
    return (
        f'<div class="live-face"><div>{"frames" if face.whole else f"face {face.track}"}: {face.seconds:.1f} s, '
        f"{changes}. {words}</div>"
        f'<div class="live-shares">{bar}</div></div>'
    )
