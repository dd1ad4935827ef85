"""The running timeline: each face's emotion probabilities over the last half minute, as HTML with inline SVG."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dashboard.live.history import SPAN_SECONDS, FaceHistory
from dashboard.report.subject import drawn_columns
from dashboard.report.text import escape, percent
from engine.draw.class_colours import class_colour

FACES: Final = 4
"""Timelines drawn at once."""
WIDTH: Final = 600
HEIGHT: Final = 84

EMPTY: Final = '<p class="live-quiet">A line for each class will run here with the first answer.</p>'


def timeline(faces: Sequence[FaceHistory]) -> str:
    """Return one strip a face under a common legend; a sentence where there is none."""
    if not faces:
        return EMPTY
    drawn = {
        face.classes[column]: class_colour(face.classes[column], face.classes)
        for face in faces
        for column in drawn_columns(face.probabilities)
    }
    legend = "".join(f'<span><i style="background:{own}"></i>{escape(name)}</span>' for name, own in drawn.items())
    return f'<div class="live-legend">{legend}</div>' + "".join(_strip(face) for face in faces)


def _strip(face: FaceHistory) -> str:
    lines = "".join(
        f'<path d="{path}" stroke="{class_colour(name, face.classes)}" '
        f'stroke-width="{2.6 if name == face.label else 1.2}" fill="none" vector-effect="non-scaling-stroke"/>'
        for index in drawn_columns(face.probabilities)
        for name in (face.classes[index],)
        if (path := _path(face, index))
    )
    grid = "".join(
        f'<path d="M0 {y}H{WIDTH}" stroke="currentColor" stroke-opacity=".15" vector-effect="non-scaling-stroke"/>'
        for y in (0, HEIGHT // 2, HEIGHT)
    )
    head = f"{'picture' if face.whole else f'face {face.track}'}: {escape(face.label)} {percent(face.confidence)}"
    return (
        f'<figure class="live-strip" data-face="{face.track}">'
        f'<figcaption><i style="background:{class_colour(face.label, face.classes)}"></i>{head}</figcaption>'
        '<div class="live-plot"><span class="live-top">100 %</span><span class="live-low">0 %</span>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="Probabilities of {head}, last {SPAN_SECONDS:.0f} seconds">{grid}{lines}</svg></div>'
        f'<div class="live-axis"><span>{SPAN_SECONDS:.0f} s ago</span><span>now</span></div></figure>'
    )


def _path(face: FaceHistory, column: int) -> str:
    """Return the SVG path of one class, broken where the face was away."""
    x = WIDTH * (1.0 - face.ages / SPAN_SECONDS)
    y = HEIGHT * (1.0 - face.probabilities[:, column])
    return "".join(
        f"{'M' if index == 0 or start else 'L'}{px:.1f} {py:.1f}"
        for index, (start, px, py) in enumerate(zip(face.starts, x, y, strict=True))
    )
