"""One picture of the gallery as HTML: itself or a map over it, what it is labelled with, and what was answered.

The gallery in words and figures: what is shown, how it compares, and where its maps lie.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from dashboard.report.glossary import opener
from dashboard.report.subject import is_about_pictures
from dashboard.report.text import escape, percent, short
from dashboard.shared.figures.colours import emotion_color
from dashboard.shared.figures.described import where_words
from dashboard.shared.figures.map_card import data_uri, received_maps
from dashboard.shared.figures.votes import side_words, votes_html
from engine.analysis.mistakes import Means, MistakesView
from engine.draw.overlay import GATE_RANGE, display_ranges, overlay, placed_gates, placed_maps, resize_face
from engine.edit.face_template import OVAL, REGIONS
from engine.records import Explanation, FaceExplanation, Float32, UInt8

TILE_PIXELS: Final = 144
"""Side of a drawn tile: three times 48."""

NEUTRAL: Final = "#7b879c"
"""The interface's neutral: no emotion's colour."""

MAPS: Final[tuple[str, ...]] = ("picture", "last gate", "Grad-CAM")
"""What a tile shows."""

CSS: Final = """<style>
.fl-tile{min-width:0;font-size:.8rem;line-height:1.35}
.fl-tile .fl-map img{width:100%;aspect-ratio:var(--fl-ratio,1)}
.fl-tile .fl-map{background:color-mix(in srgb,currentColor 6%,transparent)}
.fl-answer{display:flex;align-items:baseline;flex-wrap:wrap;gap:0 .3rem;margin-top:.35rem;white-space:nowrap}
.fl-answer b{font-weight:600}.fl-answer .fl-dot{margin-right:.1em}
.fl-id{display:block;opacity:.62;font-size:.74rem;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.fl-figures{opacity:.8;font-variant-numeric:tabular-nums;font-size:.74rem}
.fl-absent{position:absolute;inset:0;display:flex;align-items:center;justify-content:center;text-align:center;
 font-size:.74rem;opacity:.62;padding:.6rem}
.fl-mostly{position:absolute;inset:auto 0 .25rem;text-align:center;font-size:.74rem;opacity:.75}
.fl-where{display:grid;grid-template-columns:5.4rem 1fr auto;gap:.18rem .6rem;align-items:center;font-size:.8rem;
 font-variant-numeric:tabular-nums}
.fl-where .fl-pair{display:grid;gap:2px}
.fl-where .fl-pair i{display:block;height:5px;background:currentColor;border-radius:1px;min-width:1px}
.fl-where .fl-pair i+i{opacity:.3}
.fl-figure-row{display:grid;grid-template-columns:repeat(auto-fill,minmax(88px,1fr));gap:.3rem .6rem;margin:.2rem 0}
.fl-figure-row div{font-size:.78rem;line-height:1.3}.fl-figure-row b{display:block;font-size:1.02rem;
 font-variant-numeric:tabular-nums}
.fl-figure-row span{opacity:.66}
.st-key-gallery{display:grid!important;gap:1.1rem .9rem;
 grid-template-columns:repeat(auto-fill,minmax(var(--fl-tile,132px),1fr))}
.st-key-gallery [data-testid="stCheckbox"] label{min-height:0}
.st-key-gallery [data-testid="stPageLink-NavLink"]{padding:0}
</style>"""
"""Drawn once a run by the page, after the frame's own."""


@dataclass(frozen=True, eq=False)
class Place:
    """Where a map is strong, as the store keeps it: what is shown where the picture itself is not here.

    Attributes:
        x, y: its centre of mass, fractions of the picture; None where the map has nothing positive.
        region: the region with most of its mass, and ``share`` of it in [0, 1].
    """

    x: float | None
    y: float | None
    region: str = ""
    share: float = 0.0


def _number(value: Any) -> float | None:
    return None if value is None or math.isnan(float(value)) else float(value)


def place_of_map(row: Mapping[str, Any], name: str) -> Place:
    """Read a :class:`Place` off a row of the store: columns ``<name>.centre_x`` and so on."""
    masses = {region: _number(row.get(f"{name}.mass.{region}")) or 0.0 for region in REGIONS}
    best = max(masses, key=lambda region: masses[region])
    x, y = _number(row.get(f"{name}.centre_x")), _number(row.get(f"{name}.centre_y"))
    return Place(x, y, best if masses[best] > 0 else "", masses[best])


def place_columns(name: str) -> tuple[str, ...]:
    """Return the columns that :func:`place_of_map` reads."""
    return (f"{name}.centre_x", f"{name}.centre_y", *(f"{name}.mass.{region}" for region in REGIONS))


def _svg_uri(inside: str) -> str:
    """Return an SVG of 100 x 100 as a ``data:`` address: Streamlit takes ``<svg>`` out of the HTML it is given."""
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">{inside}</svg>'
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode("ascii")


def place_svg(place: Place) -> str:
    """Draw the template's face and the map's centre of mass in it, in a neutral that reads on light and dark."""
    x, y, width, height = (100 * part for part in OVAL)
    inside = (
        ""
        if is_about_pictures()
        else f'<ellipse cx="{x:.0f}" cy="{y:.0f}" rx="{width:.0f}" ry="{min(height, 46):.0f}" fill="none" '
        f'stroke="{NEUTRAL}" stroke-opacity=".6" stroke-width="1"/>'
    )
    if place.x is not None and place.y is not None:
        inside += f'<circle cx="{100 * place.x:.1f}" cy="{100 * place.y:.1f}" r="4.5" fill="{NEUTRAL}"/>'
    where = f"{place.region.replace('_', ' ')} {percent(place.share)}" if place.region else "centre of mass"
    said = where if place.x is not None else "no positive evidence"
    return (
        f'<div class="fl-map" title="centre of mass of the map"><img src="{_svg_uri(inside)}" '
        f'alt="the map lies mostly on: {escape(said)}"><span class="fl-mostly">{escape(said)}</span></div>'
    )


def absent_html() -> str:
    """Return the field of a picture that is not on this machine."""
    return (
        f'<div class="fl-map"><img src="{_svg_uri("")}" alt="">'
        '<span class="fl-absent">picture not on this machine</span></div>'
    )


def picture_html(face: UInt8, alternative: str) -> str:
    """Return a picture (S, S) or (S, S, 3) uint8 as a tile's field."""
    return (
        f'<div class="fl-map"><img src="{data_uri(resize_face(face, TILE_PIXELS))}" alt="{escape(alternative)}"></div>'
    )


def _drawn(face: UInt8, values: Float32, limits: tuple[float, float], alternative: str) -> str:
    picture = overlay(face, values, limits=limits, smooth=True, size=TILE_PIXELS)
    return f'<div class="fl-map"><img src="{data_uri(picture)}" alt="{escape(alternative)}"></div>'


def map_html(explained: FaceExplanation, shows: str) -> str:
    """Return a map over its face: the last spatial gate on the fixed 0 to 1 scale, or the Grad-CAM on its own.

    A model without spatial gates shows what each place received in its last attention between cells, from 0 on.
    """
    if shows == "Grad-CAM":
        return _gradcam(explained.face, explained.maps[0])
    spatial = placed_gates(explained.gates)
    if not spatial:
        gate, values = received_maps(explained.gates)[-1]
        (limits,) = display_ranges([values], natural=None)
        return _drawn(
            explained.face,
            values,
            limits,
            f"{gate.layer}, 0 to {short(float(values.max()))} of even; {where_words(values)}",
        )
    last, values = placed_maps(spatial)[-1]
    said = f"{last.layer}, {short(float(values.min()))} to {short(float(values.max()))}; {where_words(values)}"
    return _drawn(explained.face, values, GATE_RANGE, said)


def _gradcam(face: UInt8, entry: Explanation) -> str:
    if not entry.has_positive_evidence:
        grey = np.asarray(resize_face(face, TILE_PIXELS))
        return (
            f'<div class="fl-map fl-none"><img src="{data_uri(grey)}" alt="">'
            f'<span class="fl-nothing">no positive evidence for {escape(entry.target)}</span></div>'
        )
    (limits,) = display_ranges([entry.heatmap], natural=None)
    return _drawn(face, entry.heatmap, limits, f"Grad-CAM for {entry.target}; {where_words(entry.heatmap)}")


def _dot(name: str) -> str:
    return f'<span class="fl-dot" style="background:{emotion_color(name)}"></span>'


def _label_html(label: str, predicted: str) -> str:
    if label == predicted:
        return f"{_dot(label)}<b>{escape(label)}</b> <span>right</span>"
    return f"{_dot(label)}{escape(label)} <span>→</span> {_dot(predicted)}<b>{escape(predicted)}</b>"


def tile_html(
    row: Mapping[str, Any], field: str, other: str = "", voted: Sequence[str] = (), truth: str = "label"
) -> str:
    """Return a tile.

    Args:
        row: of the store: ``id``, ``label``, ``predicted``, ``confidence``, ``loss``, ``suspicion``, ``suggested``, and
            ``predicted|<other>`` where a second model is there.
        field: the picture or what stands in its place, as HTML.
        other: the second model's name, or empty.
        voted: the model's classes where the row has what people saw and a probability for each class, else empty.
        truth: ``label``, or ``majority`` where the answer stands beside what most people saw.
    """
    by_people = truth == "majority" and bool(row.get("majority"))
    label, predicted = str(row["majority" if by_people else "label"]), str(row["predicted"])
    answer = _label_html(label, predicted)
    notes = []
    if other:
        notes.append(f"{escape(other)}: {escape(str(row[f'predicted|{other}']))}")
    if row.get("suggested"):
        notes.append(f"label suspect: {escape(str(row['suggested']))}?")
    if by_people and row["label"] != label:
        notes.append(f"labelled {escape(str(row['label']))}")
    elif voted and row.get("majority") and row["majority"] != label:
        notes.append(f"most people saw {escape(str(row['majority']))}")
    if voted and (side := side_words(row)):
        notes.append(side)
    people = votes_html(row, voted) if voted else ""
    below = "".join(f'<span class="fl-id">{note}</span>' for note in notes)
    return (
        f'<div class="fl-tile" data-id="{escape(str(row["id"]))}">{field}<div class="fl-answer">{answer}</div>'
        f'<div class="fl-figures">{percent(float(row["confidence"]))} sure · surprise '
        f"{float(row['loss']):.2f} (loss)</div>"
        f"{people}"
        f'<span class="fl-id" title="{escape(str(row["id"]))}">{escape(str(row["id"]))}</span>{below}</div>'
    )


def alike_html(picture_id: str, label: str, predicted: str, figures: tuple[float, float], field: str) -> str:
    """Return a tile of a picture that is answered like another.

    Args:
        picture_id, label, predicted: of it. figures: how sure the answer is in [0, 1], and the cosine in [-1, 1].
        field: the picture or what stands in its place, as HTML.
    """
    sure, cosine = figures
    return (
        f'<div class="fl-tile" data-id="{escape(picture_id)}">{field}<div class="fl-answer">'
        f"{_label_html(label, predicted)}</div>"
        f'<div class="fl-figures">{percent(sure)} sure · alike {cosine:.2f}</div>'
        f'<span class="fl-id" title="{escape(picture_id)}">{escape(picture_id)}</span></div>'
    )


def answer_html(said: Sequence[tuple[str, str]]) -> str:
    """Return what each (label, people, a model) says a picture shows, as a list: (who, emotion)."""
    rows = "".join(f"<dt>{escape(who)}</dt><dd>{_dot(what)}{escape(what)}</dd>" for who, what in said)
    return f'<dl class="fl-truths">{rows}</dl>'


COLUMNS: Final[dict[str, str]] = {
    "confidence": "confidence",
    "loss": "surprise at the label (loss, nats)",
    "margin": "lead of the true class (margin)",
    "suspicion": "doubt about the label (suspicion)",
}
"""Column → what it is called; in this order."""
_OPENS: Final[dict[str, str]] = {"loss": "nll", "margin": "margin", "suspicion": "suspicion"}
"""Column → its measure in the glossary."""


def _either(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " or " + names[-1]


def read_choice(view: MistakesView, pictures: int) -> str:
    """Say what the gallery shows: ``14 pictures of fear answered as surprise``."""
    count = f"{pictures:,} picture{'' if pictures == 1 else 's'}"
    seen = view.truth == "majority"
    of = f" {'seen as' if seen else 'of'} {_either(view.labels)}" if view.labels else ""
    if view.predicted:
        return f"{count}{of} answered as {_either(view.predicted)}" + (
            "" if view.cell else {"wrong": ", wrongly", "right": ", rightly", "all": ""}[view.answered]
        )
    answered = {"wrong": " answered wrongly", "right": " answered rightly", "all": ""}[view.answered]
    by = " by what most people saw" if seen and answered else ""
    agreed = f", people {_either(view.agreement)}" if view.agreement else ""
    sided = (
        f", people siding with {'neither' if view.side == ('neither',) else 'the ' + _either(view.side)}"
        if view.side
        else ""
    )
    return f"{count}{of}{answered}{by}{agreed}{sided}"


def _figure(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"


def figures_html(shown: Means, everything: Means) -> str:
    """Return the means of what is shown, each beside that of all pictures the matrix counts."""
    cells = "".join(
        f"<div><span>mean {opener(_OPENS[name], title) if name in _OPENS else escape(title)}</span>"
        f"<b>{_figure(shown.means[name])}</b>"
        f"<span>all: {_figure(everything.means[name])}</span></div>"
        for name, title in COLUMNS.items()
    )
    return f'<div class="fl-figure-row">{cells}</div>'


def regions_html(shown: Mapping[str, float], right: Mapping[str, float]) -> str:
    """Return the shares of a map's mass by region, as pairs of bars: what is shown, and right answers of the same.

    Args:
        shown: region → mean share in [0, 1]. right: the same, for comparison; NaN where there is none.
    """
    known = [value for value in (*shown.values(), *right.values()) if not math.isnan(value)]
    longest = max(known, default=1.0) or 1.0

    def width(value: float) -> str:
        return f"{0.0 if math.isnan(value) else 100 * value / longest:.1f}%"

    def said(value: float) -> str:
        return "–" if math.isnan(value) else percent(value)

    rows = "".join(
        f"<span>{escape(region.replace('_', ' '))}</span>"
        f'<span class="fl-pair"><i style="width:{width(shown[region])}"></i>'
        f'<i style="width:{width(right[region])}"></i></span>'
        f'<span>{said(shown[region])} <span class="fl-quiet">{said(right[region])}</span></span>'
        for region in shown
    )
    return f'<div class="fl-where">{rows}</div>'
