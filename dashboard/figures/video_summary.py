"""What became of a film, in words and as a table of its faces."""

from __future__ import annotations

from typing import Final

from dashboard.figures.video_tracks import FaceTimeline
from dashboard.report.text import escape, percent
from dashboard.shared.figures.colours import emotion_color
from engine.live.video import VideoSummary

CSS: Final = """<style>
.fl-film-shares{display:flex;height:.72rem;min-width:9rem;border-radius:2px;overflow:hidden}
.fl-film-shares i{display:block;min-width:1px}
.fl-film-faces td{font-variant-numeric:tabular-nums}.fl-film-faces :is(td:nth-child(2),thead th){white-space:nowrap}
.fl-film-wide{overflow-x:auto}
.st-key-film-frame img{max-height:300px;width:auto;max-width:100%;border-radius:4px}
.st-key-film-player video{max-height:430px}
</style>"""


def summary_words(summary: VideoSummary) -> str:
    """Return the film in one sentence."""
    faces = f"{summary.tracks} face" + ("" if summary.tracks == 1 else "s")
    share = summary.frames_with_faces / max(1, summary.frames)
    return (
        f"{summary.frames:,} frames, {summary.seconds:.1f} s, {summary.width} × {summary.height} pixels, read by "
        f"{summary.model}: {faces}, and {percent(share)} of the frames show one or more."
    )


def face_title(timeline: FaceTimeline) -> str:
    """Return a face's entry in the menu: its number, its time, the label shown most."""
    label, share = timeline.shares()[0]
    return f"#{timeline.track} · {len(timeline.seconds) * timeline.frame_seconds:.1f} s · {label} {percent(share)}"


def faces_table(timelines: tuple[FaceTimeline, ...]) -> str:
    """Return a row for each face as HTML: when it is there, which labels it shows for how long, how often they change.

    A bar's parts are shares of the frames that show the face, in the emotions' colours.
    """
    rows = "".join(_row(timeline) for timeline in timelines)
    return (
        '<div class="fl-film-wide"><table class="fl-table fl-film-faces"><thead><tr><th>Face</th><th>In the film</th>'
        "<th>Labels shown</th><th></th><th>Changes</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def _row(timeline: FaceTimeline) -> str:
    shares = timeline.shares()
    bar = "".join(
        f'<i style="width:{100 * share:.2f}%;background:{emotion_color(name)}" title="{escape(name)} {percent(share)}">'
        "</i>"
        for name, share in shares
    )
    words = ", ".join(f"{escape(name)} {percent(share)}" for name, share in shares[:3])
    return (
        f"<tr><th>#{timeline.track}</th><td>{timeline.seconds[0]:.1f}–{timeline.seconds[-1]:.1f} s</td>"
        f'<td><span class="fl-film-shares" role="img" aria-label="{words}">{bar}</span></td><td>{words}</td>'
        f"<td>{timeline.changes}</td></tr>"
    )
