"""What a face wears and what covers it: glasses, hats, a hand, a lock of hair."""

from __future__ import annotations

import numpy as np

from engine.synthetic.canvas import Canvas, Floats, Points, ellipse, spline, splines
from engine.synthetic.geometry import EYE_Y, SIGNS, Shape
from engine.synthetic.identity import Identity
from engine.synthetic.relief import Relief
from engine.synthetic.view import View


def paint_glasses(canvas: Canvas, who: Identity, shape: Shape) -> None:
    """Paint spectacles: rims, bridge, temples and a faint glare."""
    if who.glasses == "none":
        return
    frame = (0.10, 0.085, 0.085) if who.texture_seed % 3 else (0.42, 0.28, 0.16)
    power = 2.0 if who.glasses == "round" else 3.6
    turn = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    x = np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** (2 / power)
    y = np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** (2 / power)
    tall = 0.145 if who.glasses == "round" else 0.115
    centre = 0.268 * who.eye_spacing
    for sign in SIGNS:
        rim = shape.pose(np.stack([sign * centre + 0.175 * x, EYE_Y + 0.018 + tall * y], axis=1), 0.10)
        canvas.fill(rim, (0.92, 0.95, 0.98), 0.07)
        canvas.stroke(rim, 0.020, frame, 0.92, closed=True)
        glare = np.stack(
            [sign * centre + np.array([-0.10, -0.04, -0.09, -0.13]), EYE_Y + np.array([-0.05, -0.06, 0.07, 0.06])],
            axis=1,
        )
        canvas.fill(shape.pose(glare, 0.10), (1.0, 1.0, 1.0), 0.13, soft=0.010)
        temple = [(sign * (centre + 0.172), EYE_Y - 0.02), (sign * 0.605, EYE_Y - 0.035)]
        canvas.stroke(shape.pose(temple, depth=[0.42, -0.05]), 0.018, frame, 0.9)
    bridge = [(-(centre - 0.172), EYE_Y - 0.005), (0.0, EYE_Y - 0.028), (centre - 0.172, EYE_Y - 0.005)]
    canvas.stroke(spline(shape.pose(bridge, 0.11)), 0.018, frame, 0.92)


def hat_outline(who: Identity, shape: Shape) -> Points | None:
    """Return a hat's outline (N, 2), or None without one."""
    if who.hat == "none":
        return None
    rim = -0.50 if who.hat == "beanie" else -0.56
    half = np.array([(0.0, -1.02), (0.34, -0.97), (0.56, -0.78), (0.655, -0.50), (0.665, -0.36)])
    top = np.concatenate([half[::-1] * (-1.0, 1.0), half[1:]])
    edge = np.array([(0.60, -0.36), (0.40, rim + 0.045), (0.0, rim), (-0.40, rim + 0.045), (-0.60, -0.36)])
    depth = np.array([0.0, 0.45, 0.62, 0.45, 0.0])
    return np.concatenate(
        [spline(shape.pose(top, depth=-0.02), samples=4), spline(shape.pose(edge, depth=depth), samples=4)]
    )


def paint_hat(canvas: Canvas, who: Identity, shape: Shape, view: View, relief: Relief, head: Floats) -> Floats:
    """Paint a beanie or a cap over the hair, return its coverage (S, S)."""
    outline = hat_outline(who, shape)
    if outline is None:
        return np.zeros((canvas.size, canvas.size), np.float32)
    canvas.fill(
        outline + np.array([-0.02 * view.light[0], 0.04]),
        tuple(0.4 * c for c in who.skin_colour),
        0.6,
        soft=0.025,
        clip=head,
    )
    body = canvas.polygon(outline)
    if body is None:
        return np.zeros((canvas.size, canvas.size), np.float32)
    lit = 0.50 + 0.65 * relief.shade[body[1]]
    canvas.blend(body, np.clip(canvas.tone(who.hat_colour) * lit[:, :, None], 0, 1))
    covered = canvas.full(body)
    dark = tuple(0.60 * c for c in who.hat_colour)
    if who.hat == "beanie":
        x = np.linspace(-0.5, 0.5, 9)
        along = [(x * 0.85, 0 * x - 0.98), (x * 1.05, 0 * x - 0.70), (x * 1.15, 0.12 * x * x - 0.52)]
        ribs = np.stack([np.stack(place, axis=1) for place in along], axis=1)
        canvas.stroke(splines(shape.pose(ribs, depth=[0.3, 0.5, 0.55])), 0.016, dark, 0.35, soft=0.006, clip=covered)
        band = shape.pose(
            [(-0.63, -0.52), (-0.40, -0.60), (0.0, -0.645), (0.40, -0.60), (0.63, -0.52)],
            depth=[0.0, 0.45, 0.62, 0.45, 0.0],
        )
        canvas.stroke(spline(band), 0.020, dark, 0.7, soft=0.006, clip=covered)
    else:
        brim = shape.pose(
            [
                (-0.50, -0.50),
                (-0.30, -0.63),
                (0.0, -0.665),
                (0.30, -0.63),
                (0.50, -0.50),
                (0.34, -0.475),
                (0.0, -0.46),
                (-0.34, -0.475),
            ],
            depth=[0.3, 0.6, 0.7, 0.6, 0.3, 0.85, 0.98, 0.85],
        )
        visor = canvas.polygon(spline(brim, closed=True, samples=4))
        canvas.blend(visor, dark)
        covered = np.maximum(covered, canvas.full(visor))
    return covered


def paint_occluder(canvas: Canvas, who: Identity, shape: Shape, view: View) -> tuple[Floats, str]:
    """Paint what hides part of the face, return its coverage (S, S) and the region that its pixels belong to."""
    if view.occluder == "hand":
        return _hand(canvas, who, view), "other_skin"
    if view.occluder == "strand":
        return _strand(canvas, who, shape, view), "hair"
    return np.zeros((canvas.size, canvas.size), np.float32), "other_skin"


def _hand(canvas: Canvas, who: Identity, view: View) -> Floats:
    """Paint a hand raised to the lower face: a palm below the frame and four fingers."""
    sign = -1.0 if view.occluder_place < 0.5 else 1.0
    reach = abs(view.occluder_place - 0.5) * 2.0
    base = np.array([sign * (0.30 + 0.22 * reach), 0.98])
    skin, edge = np.asarray(who.skin_colour), tuple(0.48 * c for c in who.skin_colour)
    covered = np.zeros((canvas.size, canvas.size), np.float32)
    palm = ellipse(base + np.array([0.0, 0.02]), (0.27, 0.24))
    canvas.fill(palm + np.array([0.0, 0.02]), edge, 0.5, soft=0.03)
    part = canvas.polygon(palm)
    canvas.blend(part, skin * 0.88)
    covered = np.maximum(covered, canvas.full(part))
    for k, length in enumerate((0.40, 0.48, 0.47, 0.36)):
        root = base + np.array([(-0.165 + 0.11 * k), -0.12])
        tip = root + np.array([-sign * 0.10 + 0.028 * (k - 1.5), -length])
        bend = 0.5 * (root + tip) + np.array([0.012 * sign, 0.0])
        line = spline(np.stack([root, bend, tip]))
        canvas.stroke(line + np.array([0.012, 0.012]), 0.125, edge, 0.55, soft=0.018)
        finger = canvas.line(line, 0.115)
        canvas.blend(finger, skin * 0.94)
        covered = np.maximum(covered, canvas.full(finger))
        canvas.stroke(line + np.array([-0.018 * sign, 0.0]), 0.035, np.minimum(skin * 1.14, 1.0), 0.55, soft=0.015)
        canvas.fill(
            ellipse(tip + np.array([0.0, 0.005]), (0.030, 0.040)), np.minimum(skin * 1.12 + 0.03, 1.0), 0.6, soft=0.006
        )
        canvas.stroke(
            np.stack([bend + np.array([-0.04, 0.0]), bend + np.array([0.04, 0.004])]), 0.010, edge, 0.35, soft=0.005
        )
    return covered


def _strand(canvas: Canvas, who: Identity, shape: Shape, view: View) -> Floats:
    """Paint a lock of hair that falls over one side of the face."""
    sign = -1.0 if view.occluder_place < 0.5 else 1.0
    shift = 0.10 * (2 * abs(view.occluder_place - 0.5))
    spine = np.array([(0.10, -0.80), (0.26, -0.50), (0.34 - shift, -0.18), (0.36 - shift, 0.12), (0.43 - shift, 0.44)])
    half = np.array([0.16, 0.15, 0.11, 0.08, 0.012])
    left, right = spine - np.stack([half, 0 * half], 1), spine + np.stack([half, 0 * half], 1)
    outline = np.concatenate(
        [spline(shape.pose(left * (sign, 1.0), 0.06)), spline(shape.pose(right[::-1] * (sign, 1.0), 0.06))]
    )
    canvas.fill(outline + np.array([0.015, 0.02]), tuple(0.4 * c for c in who.skin_colour), 0.4, soft=0.02)
    lock = canvas.polygon(outline)
    canvas.blend(lock, tuple(0.85 * c for c in who.hair_colour))
    clip = canvas.full(lock)
    rng = np.random.default_rng(who.texture_seed + 9)
    for share, tone in zip(rng.uniform(-0.9, 0.9, 16), rng.uniform(0.6, 1.35, 16), strict=True):
        line = spline(shape.pose((spine + np.stack([half * share, 0 * half], 1)) * (sign, 1.0), 0.06))
        canvas.stroke(line, 0.012, np.clip(np.asarray(who.hair_colour) * tone, 0, 1), 0.7, clip=clip)
    return clip
