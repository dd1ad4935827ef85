"""Draw what the live pipeline found onto the frame: boxes, labels, bars, and the map on each face.

OpenCV alone, on a copy of the frame, so that drawing costs a small part of a frame's time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from engine.draw.class_colours import Color, class_colour, ink_on, rgb
from engine.draw.colormaps import colormap
from engine.draw.overlay import GATE_RANGE, colorize, display_ranges
from engine.errors import UsageError
from engine.live.frame import FaceMap, LiveFace, LiveFrame, ModelReading
from engine.media.faces import crop_square
from engine.records import AttentionGate, UInt8

NO_FACE: Final = "no face found"
NO_EVIDENCE: Final = "no positive evidence"
_FONT: Final = cv2.FONT_HERSHEY_SIMPLEX
_WHITE: Final[Color] = (255, 255, 255)
_SHADE: Final = 0.35  # what is left of the picture's light behind text


@dataclass(frozen=True)
class Drawing:
    """How to draw.

    Attributes:
        opacity: of the map, 0 (the face alone) to 1 (the map alone).
        colors: a name in :data:`engine.draw.colormaps.COLORMAPS`.
        bars: how many classes a face's bars show; 0 draws none.
        smooth: interpolate the map between its cells, or draw each as the block that it is.
        status: whether to write frames per second, the overlay's name or "no face found" in the corner.
    """

    opacity: float = 0.55
    colors: str = "viridis"
    bars: int = 3
    smooth: bool = False
    status: bool = True

    def __post_init__(self) -> None:
        colormap(self.colors)
        if not 0.0 <= self.opacity <= 1.0:
            raise UsageError(f"Expected an opacity from 0 to 1, got {self.opacity}; choose another.")
        if self.bars < 0:
            raise UsageError(f"Expected 0 bars or more, got {self.bars}; choose another number.")


def annotate(
    frame: UInt8, live: LiveFrame, drawing: Drawing | None = None, *, frames_per_second: float | None = None
) -> UInt8:
    """Return a drawn copy of the frame.

    Args:
        frame: (H, W, 3) uint8 RGB, the frame that ``live`` speaks of.
        live: what was found.
        drawing: how to draw; None for the usual way.
        frames_per_second: as measured by the caller; None writes none.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    how = drawing or Drawing()
    if frame.shape[:2] != (live.height, live.width):
        raise ValueError(
            f"expected the frame of {live.width} x {live.height} pixels that was processed, got {frame.shape}"
        )
    picture = frame.copy()
    unit = max(0.4, min(frame.shape[:2]) / 480)
    for face in live.faces:  # every map first: a neighbour's map shall cover no label
        if face.reading.face_map is not None:
            _draw_map(picture, frame, face, face.reading.face_map, how)
    for face in live.faces:
        _draw_face(picture, face, how, unit)
    if how.status:
        _draw_status(picture, live, unit, frames_per_second)
    return picture


def _draw_map(picture: UInt8, frame: UInt8, face: LiveFace, face_map: FaceMap, how: Drawing) -> None:
    """Blend the map's colours over the grey face; a Grad-CAM without positive evidence is left away."""
    if isinstance(face_map, AttentionGate):
        values, limits = face_map.weights, GATE_RANGE
    elif face_map.has_positive_evidence:
        values = face_map.heatmap
        (limits,) = display_ranges([values], natural=None)
    else:
        return
    if face.over is None:
        left, top, across = crop_square(face.box)
        down = across
    else:
        left, top, across, down = face.over
    x, y = max(0, left), max(0, top)
    right, bottom = min(picture.shape[1], left + across), min(picture.shape[0], top + down)
    colours = colorize(values, limits, how.colors)
    kind = cv2.INTER_LINEAR if how.smooth else cv2.INTER_NEAREST
    # The map lies over the whole crop, so that the part outside the frame is cut off, not squeezed in.
    drawn = cv2.resize(colours, (across, down), interpolation=kind)[y - top : bottom - top, x - left : right - left]
    grey = cv2.cvtColor(frame[y:bottom, x:right], cv2.COLOR_RGB2GRAY)
    base = cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)
    picture[y:bottom, x:right] = cv2.addWeighted(base, 1.0 - how.opacity, drawn, how.opacity, 0.0)


def _draw_face(picture: UInt8, face: LiveFace, how: Drawing, unit: float) -> None:
    box, color = face.box, _rgb(face.reading, face.label)
    right, bottom = box.x + box.width - 1, box.y + box.height - 1
    thick = max(1, round((2 if face.seen else 1) * unit))
    if face.over is None:
        cv2.rectangle(picture, (box.x, box.y), (right, bottom), color, thick)
    line = _line_height(unit)
    several = len(face.readings) > 1
    tags = [
        (
            (f"#{face.track} " if index == 0 and face.over is None else "")
            + (f"{reading.model}: " if several else "")
            + f"{reading.label} {100 * reading.confidence:.0f} %",
            _rgb(reading, reading.label),
        )
        for index, reading in enumerate(face.readings)
    ]
    # Above the face where there is room, else inside it.
    top = box.y - line * len(tags) if box.y >= line * len(tags) else box.y
    for row, (text, ground) in enumerate(tags):
        _tag(picture, text, box.x, top + row * line, ground, unit)
    notes = []
    shown = face.reading.face_map
    if shown is not None and not isinstance(shown, AttentionGate) and not shown.has_positive_evidence:
        notes.append(NO_EVIDENCE)
    _draw_bars(picture, face, how.bars, notes, unit)


def _draw_bars(picture: UInt8, face: LiveFace, count: int, notes: list[str], unit: float) -> None:
    """Draw the largest probabilities as bars below the face, or at its lower edge where the frame ends."""
    rows = face.reading.top(count)
    line = _line_height(unit)
    height = line * (len(rows) + len(notes))
    if not height:
        return
    width = max(round(155 * unit), face.box.width) if face.over is None else round(240 * unit)
    x = max(0, min(face.box.x, picture.shape[1] - width))
    below = face.box.y + face.box.height
    y = below if below + height <= picture.shape[0] else max(0, picture.shape[0] - height)
    _shade(picture, x, y, width, height)
    names, numbers = round((66 if face.over is None else 110) * unit), _text_width("100", unit) + round(10 * unit)
    for index, (name, probability) in enumerate(rows):
        top = y + index * line
        length = round(max(0, width - names - numbers) * probability)
        cv2.rectangle(
            picture,
            (x + names, top + round(3 * unit)),
            (x + names + length, top + line - max(1, round(3 * unit))),
            _rgb(face.reading, name),
            -1,
        )
        _write(picture, _cut(name, names - round(4 * unit), unit), x, top, _WHITE, unit)
        number = f"{100 * probability:.0f}"
        _write(picture, number, x + width - _text_width(number, unit) - round(8 * unit), top, _WHITE, unit)
    for index, text in enumerate(notes, start=len(rows)):
        _write(picture, text, x, y + index * line, _WHITE, unit)


def _draw_status(picture: UInt8, live: LiveFrame, unit: float, frames_per_second: float | None) -> None:
    words = []
    if frames_per_second is not None:
        words.append(f"{frames_per_second:.0f} frames/s")
    if not live.faces:
        words.append(NO_FACE)
    elif live.overlay == "gate":
        words.append(f"attention gate {live.layer}, 0 to 1")
    elif live.overlay == "gradcam":
        words.append(f"Grad-CAM {live.layer}, predicted class")
    if words:
        text = "   ".join(words)
        _shade(picture, 0, 0, _text_width(text, unit) + round(8 * unit), _line_height(unit))
        _write(picture, text, 0, 0, _WHITE, unit)


def _line_height(unit: float) -> int:
    return max(9, round(18 * unit))


def _rgb(reading: ModelReading, label: str) -> Color:
    """Return the colour of one of the classes that a model tells apart."""
    return rgb(class_colour(label, reading.classes))


def _cut(text: str, width: int, unit: float) -> str:
    """Return a name as far as it fits into ``width`` pixels; what is cut ends on two dots."""
    if _text_width(text, unit) <= width:
        return text
    while text and _text_width(f"{text}..", unit) > width:
        text = text[:-1]
    return f"{text}.."


def _text_width(text: str, unit: float) -> int:
    (width, _), _ = cv2.getTextSize(text, _FONT, 0.45 * unit, 1)
    return int(width)


def _write(picture: UInt8, text: str, x: int, y: int, color: Color, unit: float) -> None:
    """Write one line with its upper left corner at (x, y); OpenCV's letters are ASCII, others become ``?``."""
    plain = text.encode("ascii", "replace").decode("ascii")
    place = (x + round(4 * unit), y + round(13 * unit))
    cv2.putText(picture, plain, place, _FONT, 0.45 * unit, color, max(1, round(unit)), cv2.LINE_AA)


def _tag(picture: UInt8, text: str, x: int, y: int, ground: Color, unit: float) -> None:
    width = _text_width(text, unit) + round(8 * unit)
    x = max(0, min(x, picture.shape[1] - width))
    cv2.rectangle(picture, (x, y), (x + width, y + _line_height(unit)), ground, -1)
    _write(picture, text, x, y, ink_on(ground), unit)


def _shade(picture: UInt8, x: int, y: int, width: int, height: int) -> None:
    region = picture[y : y + height, x : x + width]
    if region.size:
        region[:] = np.asarray(cv2.convertScaleAbs(region, alpha=_SHADE), dtype=np.uint8)
