"""Hair: what lies behind the head, and the cap with its hairline; strands flow from a point on the crown."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import ArrayLike

from engine.synthetic.canvas import Canvas, Floats, Points, ellipse, spline
from engine.synthetic.geometry import Shape
from engine.synthetic.identity import Identity
from engine.synthetic.relief import Relief
from engine.synthetic.view import View


@dataclass(frozen=True)
class Style:
    """A hair style, upright, for the right half (mirrored for the left).

    Attributes:
        outer: silhouette from the crown down, (x, y); ``volume`` pushes it away from the skull.
        inner: hairline from where the silhouette ends back up to the forehead's middle.
        back: outline of what hangs behind head and neck, empty for none.
        volume: how far the silhouette stands off the skull.
        crown: y of the point that strands flow from.
        opacity: how dense it is.
        sweep: how far the hairline's middle is drawn to one side, making it uneven.
        curl: 0 straight strands to 1 curls.
    """

    outer: tuple[tuple[float, float], ...]
    inner: tuple[tuple[float, float], ...]
    back: tuple[tuple[float, float], ...] = ()
    volume: float = 0.05
    crown: float = -1.45
    opacity: float = 1.0
    sweep: float = 0.0
    curl: float = 0.0


_CAP = ((0.0, -0.905), (0.25, -0.865), (0.45, -0.74), (0.565, -0.52), (0.605, -0.28))
_SIDES = ((0.600, -0.10), (0.585, -0.02))
_LINE = ((0.555, -0.06), (0.545, -0.24), (0.515, -0.40), (0.430, -0.535), (0.270, -0.615), (0.0, -0.635))

STYLES: dict[str, Style] = {
    "short": Style(_CAP + _SIDES, _LINE, volume=0.045),
    "side": Style(
        _CAP + _SIDES,
        ((0.555, -0.04), (0.540, -0.24), (0.505, -0.42), (0.40, -0.53), (0.22, -0.60), (0.0, -0.62)),
        volume=0.08,
        crown=-1.30,
        sweep=0.10,
    ),
    "crop": Style(_CAP + _SIDES, _LINE, volume=0.012, opacity=0.86),
    "receding": Style(
        _CAP + _SIDES,
        ((0.560, -0.05), (0.550, -0.24), (0.535, -0.42), (0.460, -0.62), (0.300, -0.74), (0.0, -0.70)),
        volume=0.02,
        opacity=0.88,
    ),
    "long": Style(
        (*_CAP, (0.640, -0.05), (0.655, 0.30), (0.675, 0.65), (0.70, 1.1)),
        (
            (0.50, 1.1),
            (0.520, 0.65),
            (0.560, 0.30),
            (0.555, -0.05),
            (0.520, -0.30),
            (0.400, -0.52),
            (0.200, -0.66),
            (0.03, -0.74),
        ),
        back=((0.0, -0.90), (0.40, -0.82), (0.62, -0.50), (0.70, 0.0), (0.73, 0.5), (0.76, 1.2)),
        volume=0.065,
    ),
    "bob": Style(
        (*_CAP, (0.640, -0.05), (0.665, 0.22), (0.650, 0.44), (0.600, 0.54)),
        (
            (0.515, 0.50),
            (0.540, 0.30),
            (0.560, 0.08),
            (0.550, -0.12),
            (0.520, -0.32),
            (0.420, -0.50),
            (0.230, -0.62),
            (0.02, -0.68),
        ),
        back=((0.0, -0.90), (0.40, -0.82), (0.62, -0.50), (0.68, 0.0), (0.66, 0.36), (0.55, 0.56)),
        volume=0.075,
        sweep=0.14,
    ),
    "fringe": Style(
        (*_CAP, (0.635, -0.05), (0.650, 0.25), (0.655, 0.60), (0.66, 1.1)),
        (
            (0.50, 1.1),
            (0.530, 0.60),
            (0.560, 0.25),
            (0.555, -0.05),
            (0.530, -0.24),
            (0.460, -0.385),
            (0.250, -0.415),
            (0.0, -0.425),
        ),
        back=((0.0, -0.90), (0.40, -0.82), (0.62, -0.50), (0.68, 0.0), (0.70, 0.5), (0.72, 1.2)),
        volume=0.065,
    ),
    "curly": Style(
        (*_CAP, (0.640, -0.05), (0.610, 0.12)),
        ((0.570, 0.10), (0.555, -0.10), (0.530, -0.30), (0.465, -0.46), (0.300, -0.55), (0.0, -0.575)),
        back=((0.0, -0.90), (0.42, -0.80), (0.66, -0.48), (0.72, -0.05), (0.66, 0.25), (0.50, 0.35)),
        volume=0.10,
        curl=1.0,
    ),
    "bun": Style(
        _CAP + _SIDES,
        ((0.565, -0.06), (0.550, -0.26), (0.515, -0.42), (0.420, -0.56), (0.250, -0.655), (0.0, -0.69)),
        volume=0.025,
        crown=-1.35,
    ),
}
"""Every hair style but ``bald``, which has nothing to draw."""


@lru_cache(maxsize=1)
def grain_textures() -> tuple[Floats, Floats]:
    """Return two (256, 256) textures in [-1, 1]: strands along rows, and curls."""
    rng = np.random.default_rng(20260101)
    fine, broad = _seamless(rng, 1.1, 22.0), _seamless(rng, 5.0, 40.0)
    curls = 0.75 * np.sin(2.4 * _seamless(rng, 3.0, 3.0))
    return np.clip((fine + 1.2 * broad) / 3.2, -1, 1).astype(np.float32), np.asarray(curls, np.float32)


def _seamless(rng: np.random.Generator, across: float, along: float) -> Floats:
    """Return smooth noise (256, 256) of unit deviation whose opposite edges meet, so that it can be repeated."""
    noise = np.pad(rng.standard_normal((256, 256), np.float32), 128, mode="wrap")
    smooth = np.asarray(cv2.GaussianBlur(noise, (0, 0), sigmaX=across, sigmaY=along), np.float32)[128:-128, 128:-128]
    return np.asarray(smooth / smooth.std(), np.float32)


def strand_map(canvas: Canvas, who: Identity, shape: Shape) -> tuple[Floats, Floats] | None:
    """Return the strands' grain (S, S) in [-1, 1] and the distance (S, S) from the crown; None for a bald head."""
    style = STYLES.get(who.hair_style)
    if style is None:
        return None
    crown = shape.pose([[1.1 * who.hair_part, style.crown]], depth=[0.1])[0]
    units = ((np.arange(canvas.size) + 0.5) * (2.0 / canvas.size) - 1.0).astype(np.float32)
    x, y = np.broadcast_arrays(units[None, :] - np.float32(crown[0]), units[:, None] - np.float32(crown[1]))
    # Angles from the upward direction, so that the seam where they wrap lies above the hair.
    reach, angle = cv2.cartToPolar(np.ascontiguousarray(-y), np.ascontiguousarray(x))
    reach, angle = np.asarray(reach, np.float32), np.asarray(angle, np.float32)
    strands, curls = grain_textures()
    offset = np.float32(who.texture_seed % 251)
    if style.curl > 0:
        columns, rows = (x * 62 + offset).astype(np.float32), (y * 62 + offset).astype(np.float32)
        return np.asarray(
            cv2.remap(curls, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP), np.float32
        ), reach
    wave = np.float32(2.2) * np.sin(reach * np.float32(9.0)) if who.hair_volume > 1.02 else np.float32(0.0)
    columns = angle * np.float32(78.0) + wave + offset
    rows = reach * np.float32(46.0) + offset
    return np.asarray(
        cv2.remap(strands, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP), np.float32
    ), reach


def ragged(points: Points, who: Identity, amount: float, salt: int) -> Points:
    """Return ``points`` (N, 2) each moved a little at random, the same way for the same person and ``salt``."""
    rng = np.random.default_rng(who.texture_seed + salt)
    return points + rng.normal(0.0, amount, points.shape)


def _mirror(half: ArrayLike) -> Points:
    right = np.asarray(half, np.float64)
    left = right[::-1] * (-1.0, 1.0)
    return np.concatenate([left[:-1] if abs(right[0, 0]) < 1e-9 else left, right])


def hair_outline(who: Identity, shape: Shape) -> Points | None:
    """Return the outline (N, 2) of the hair in front of the skull, projected, or None for a bald head."""
    style = STYLES.get(who.hair_style)
    if style is None:
        return None
    volume = style.volume * who.hair_volume
    outer = np.array(style.outer)
    outer[:, 0] *= who.face_width
    push = outer - (0.0, -0.15)
    outer = outer + push / np.linalg.norm(push, axis=1, keepdims=True) * volume
    silhouette = spline(shape.pose(_mirror(outer), depth=-0.02), samples=4)
    half = np.array(style.inner)
    half[:, 0] *= who.face_width
    both = np.concatenate([half, (half[-2::-1] if abs(half[-1, 0]) < 1e-9 else half[::-1]) * (-1.0, 1.0)])
    high = np.clip((-0.30 - both[:, 1]) / 0.35, 0.0, 1.0)
    lean = who.hair_part / 0.3
    both[:, 0] += high * 0.55 * who.hair_part
    both[:, 1] += style.sweep * high * np.clip(both[:, 0] * lean, -0.5, 0.5) * -1.0
    edge = np.clip(np.abs(both[:, 0]) / 0.59, 0.0, 1.0) ** 8
    depth = 0.70 * np.sqrt(np.maximum(0.0, 1 - (both[:, 0] / 0.78) ** 2 - (np.minimum(both[:, 1], 0.2) / 1.15) ** 2))
    hairline = spline(shape.pose(both, depth=depth * (1 - 0.7 * edge) + 0.02), samples=4)
    rough = 0.004 + 0.013 * style.curl
    return np.concatenate([ragged(silhouette, who, rough, 2), ragged(hairline, who, rough, 3)])


def paint_back_hair(canvas: Canvas, who: Identity, shape: Shape, strands: tuple[Floats, Floats] | None) -> Floats:
    """Paint what hangs behind the head, return its coverage (S, S)."""
    style = STYLES.get(who.hair_style)
    covered = np.zeros((canvas.size, canvas.size), np.float32)
    if style is None or strands is None:
        return covered
    if who.hair_style == "bun" and who.hat == "none":
        knot = canvas.polygon(ellipse(shape.pose([[0.0, -0.955]], depth=[-0.1])[0], (0.20, 0.13)))
        canvas.blend(knot, tuple(0.85 * c for c in who.hair_colour))
        covered = canvas.full(knot)
    if style.back:
        half = np.array(style.back)
        half[:, 0] += 0.06 * (who.hair_volume - 1.0) + style.volume * (0.6 if style.curl else 0.15)
        points = ragged(spline(shape.pose(_mirror(half), depth=-0.2), samples=4), who, 0.005 + 0.016 * style.curl, 4)
        mass = canvas.polygon(points)
        grain, _ = strands
        colour = canvas.tone(who.hair_colour) * np.float32(0.62)
        if mass is not None:
            canvas.blend(mass, colour * (1.0 + 0.35 * grain[mass[1]])[:, :, None])
        covered = np.maximum(covered, canvas.full(mass))
    return covered


def paint_hair(
    canvas: Canvas,
    who: Identity,
    shape: Shape,
    view: View,
    relief: Relief,
    head: Floats,
    strands: tuple[Floats, Floats] | None,
) -> Floats:
    """Paint the hair in front with its shadow on the forehead, return its coverage (S, S)."""
    style = STYLES.get(who.hair_style)
    outline = hair_outline(who, shape)
    if style is None or outline is None or strands is None:
        return np.zeros((canvas.size, canvas.size), np.float32)
    shadow = tuple(0.42 * c for c in who.skin_colour)
    canvas.fill(
        outline + np.array([-0.02 * view.light[0], 0.028]),
        shadow,
        0.55 if style.volume > 0.015 else 0.2,
        soft=0.020,
        clip=head,
    )
    cap = canvas.polygon(outline, 0.014 if style.opacity < 1 else 0.006)
    if cap is None:
        return np.zeros((canvas.size, canvas.size), np.float32)
    window = cap[1]
    grain, reach = strands
    grain, reach, shade = grain[window], reach[window], relief.shade[window]
    base = canvas.tone(who.hair_colour)
    floor = 0.35 + 0.35 * view.ambient
    lit = floor + ((1.20 - 0.30 * float(base.mean())) - floor) * shade
    band = np.exp(-0.5 * ((reach - (-0.74 - style.crown)) / 0.11) ** 2) * shade
    # Pale hair is bright enough without a highlight.
    strength = (0.34 if style.curl == 0 else 0.16) * (1.0 - 0.75 * float(base.mean()))
    value = lit * (1.0 + (0.42 - 0.12 * style.curl) * (1.0 - 0.6 * float(base.mean())) * grain)
    colour = base * value[:, :, None] + (
        (strength * (0.45 + 0.55 * grain) * band)[:, :, None] * (0.35 * base + np.float32(0.35))
    )
    canvas.blend(cap, np.clip(colour, 0.0, 1.0), style.opacity)
    return canvas.full(cap)
