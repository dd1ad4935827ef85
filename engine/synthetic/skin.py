"""Head, ears, neck, lips and nostrils: the skin's colours first, then the light over all of them at once."""

from __future__ import annotations

import numpy as np

from engine.synthetic.canvas import Canvas, Floats, ellipse, spline
from engine.synthetic.geometry import NOSE_Y, SIGNS, Shape, outline_model
from engine.synthetic.identity import Colour, Identity
from engine.synthetic.relief import Relief
from engine.synthetic.view import View


def mixed(first: Colour, second: Colour, share: float) -> Colour:
    """Return ``first`` with ``share`` in [0, 1] of ``second`` in it."""
    red, green, blue = ((1 - share) * a + share * b for a, b in zip(first, second, strict=True))
    return red, green, blue


def paint_neck(canvas: Canvas, who: Identity, shape: Shape, view: View) -> Floats:
    """Paint shoulders and neck, return the neck's coverage (S, S)."""
    pose = shape.pose
    wide = 0.335 * (1.08 - 0.22 * who.feminine)
    neck = [
        (-wide, 0.35),
        (-wide * 0.97, 0.80),
        (-wide * 1.25, 1.15),
        (wide * 1.25, 1.15),
        (wide * 0.97, 0.80),
        (wide, 0.35),
    ]
    neck_points = pose(neck, depth=0.0)
    wear = [
        (-1.3, 1.35),
        (-1.0, 1.02),
        (-0.62, 0.955),
        (-0.34, 0.90),
        (-0.17, 1.03),
        (0.0, 1.06),
        (0.17, 1.03),
        (0.34, 0.90),
        (0.62, 0.955),
        (1.0, 1.02),
        (1.3, 1.35),
    ]
    wear_points = spline(pose(wear, depth=-0.1), samples=4)
    skin = canvas.polygon(neck_points)
    canvas.blend(skin, mixed(who.skin_colour, (0.55, 0.30, 0.22), 0.12))
    # The shadow stays where the closed jaw throws it, so that a dropped jaw changes nothing but mouth and chin.
    jaw = outline_model(who, 0.0)
    chin = spline(pose(jaw[:, :2], depth=jaw[:, 2]), closed=True) + np.array([-0.05 * view.light[0], 0.105])
    canvas.fill(chin, tuple(0.50 * c for c in who.skin_colour), 0.75, soft=0.035, clip=canvas.full(skin))
    cloth = canvas.polygon(wear_points)
    canvas.blend(cloth, who.clothes)
    canvas.stroke(wear_points, 0.03, tuple(0.72 * c for c in who.clothes), 0.8, soft=0.01)
    return canvas.full(skin) * (1.0 - canvas.full(cloth))


def paint_ears(canvas: Canvas, who: Identity, shape: Shape) -> Floats:
    """Paint both ears, return their coverage (S, S)."""
    covered = np.zeros((canvas.size, canvas.size), np.float32)
    size = who.ear_size
    inner = mixed(who.skin_colour, (0.55, 0.22, 0.17), 0.42)
    for sign in SIGNS:
        half = [
            (0.565, -0.19),
            (0.640, -0.225),
            (0.690, -0.165),
            (0.685, -0.05),
            (0.650, 0.06),
            (0.620, 0.135),
            (0.575, 0.13),
        ]
        points = np.array([(sign * (0.59 * who.face_width + (x - 0.59) * size), y * size) for x, y in half])
        rim = spline(shape.pose(points, depth=-0.06), closed=True, samples=4)
        ear = canvas.polygon(rim)
        canvas.blend(ear, mixed(who.skin_colour, (0.75, 0.33, 0.26), 0.16))
        fold = np.array([(0.600, -0.15), (0.638, -0.175), (0.660, -0.12), (0.650, -0.03), (0.622, 0.03)])
        fold[:, 0] = sign * (0.59 * who.face_width + (fold[:, 0] - 0.59) * size)
        canvas.stroke(spline(shape.pose(fold, depth=-0.06)), 0.026, inner, 0.75, soft=0.010)
        if who.earrings:
            drop = shape.pose([[sign * (0.59 * who.face_width + 0.028), 0.165]], depth=-0.05)[0]
            canvas.fill(ellipse(drop, (0.020, 0.026)), (0.93, 0.80, 0.45))
        covered = np.maximum(covered, canvas.full(ear))
    return covered


def paint_face(canvas: Canvas, who: Identity, shape: Shape) -> Floats:
    """Paint the face's colours without light: skin, blush, freckles; return the head's coverage (S, S)."""
    pose, skin = shape.pose, who.skin_colour
    head_shape = canvas.polygon(shape.outline)
    canvas.blend(head_shape, skin)
    head = canvas.full(head_shape)
    warm = mixed(skin, (0.86, 0.30, 0.26), 0.5)
    nose_y = NOSE_Y * who.nose_length - shape.nose_lift
    flush = 0.30 * who.blush * (1.0 - 0.55 * who.skin)
    for sign in SIGNS:
        canvas.blend(canvas.glow(pose([[sign * 0.345, 0.14]])[0], (0.13, 0.10)), warm, flush + 0.06 * who.makeup, head)
        socket = mixed(skin, (0.38, 0.20, 0.20), 0.5)
        canvas.blend(
            canvas.glow(pose([[sign * 0.225, -0.125]])[0], (0.105, 0.055)),
            socket,
            0.34 + 0.12 * who.age + 0.10 * who.makeup,
            head,
        )
    canvas.blend(canvas.glow(pose([[0.0, nose_y - 0.06]], 0.15)[0], (0.06, 0.045)), warm, 0.22, head)
    canvas.blend(canvas.glow(pose([[0.0, 0.74]])[0], (0.10, 0.06)), warm, 0.10, head)
    if who.freckles > 0:
        _freckles(canvas, who, shape, head)
    return head


def _freckles(canvas: Canvas, who: Identity, shape: Shape, head: Floats) -> None:
    rng = np.random.default_rng(who.texture_seed)
    spots = rng.normal(0.0, 1.0, (34, 2)) * (0.21, 0.055) + (0.0, 0.10)
    tint = mixed(who.skin_colour, (0.45, 0.22, 0.10), 0.6)
    radii = rng.uniform(0.005, 0.010, 34)
    dots = np.stack([ellipse(spot, (r, r), steps=8) for spot, r in zip(shape.pose(spots, 0.03), radii, strict=True)])
    canvas.fill(dots, tint, 0.5 * who.freckles + 0.1, clip=head)


def lip_colour(who: Identity) -> Colour:
    """Return the colour of the lips before light, redder with make-up."""
    natural = mixed(who.skin_colour, (0.66, 0.20, 0.22), 0.50)
    return mixed(natural, (0.70, 0.12, 0.16), 0.45 * who.makeup)


def paint_lips(canvas: Canvas, who: Identity, shape: Shape, head: Floats) -> None:
    """Paint the lips' colour, before the light."""
    mouth, colour = shape.mouth, lip_colour(who)
    upper = np.concatenate([mouth.upper_outer, mouth.upper_inner[::-1]])
    lower = np.concatenate([mouth.lower_inner, mouth.lower_outer[::-1]])
    canvas.fill(
        np.concatenate([mouth.upper_outer, mouth.lower_outer[::-1]]),
        mixed(who.skin_colour, colour, 0.5),
        0.7,
        soft=0.012,
        clip=head,
    )
    canvas.fill(upper, mixed(colour, (0.30, 0.10, 0.10), 0.16), soft=0.004, clip=head)
    canvas.fill(lower, colour, soft=0.004, clip=head)


def light_skin(canvas: Canvas, view: View, relief: Relief, where: Floats) -> None:
    """Let the light fall on everything painted so far inside ``where``: warm shadows, clear lights, a little gloss."""
    floor = 0.30 + 0.35 * view.ambient
    shadow = canvas.tone((floor * 1.10, floor * 0.93, floor * 0.90))
    lit = canvas.tone((1.10, 1.06, 1.02))
    factor = shadow + relief.shade[:, :, None] * (lit - shadow)
    factor *= (1.0 - np.float32(0.26) * relief.furrows)[:, :, None]
    lightened = canvas.paint * factor
    lightened += (relief.gloss * np.float32(0.13 * (1.25 - view.ambient)))[:, :, None]
    canvas.paint += where[:, :, None] * (lightened - canvas.paint)


def paint_nostrils(canvas: Canvas, who: Identity, shape: Shape, view: View, head: Floats) -> None:
    """Paint the nostrils and the nose's own shadow, after the light."""
    nose_y = NOSE_Y * who.nose_length - shape.nose_lift
    dark = tuple(0.30 * c for c in mixed(who.skin_colour, (0.5, 0.15, 0.12), 0.4))
    under = [
        (-0.10 * who.nose_width, nose_y - 0.015),
        (0.0, nose_y + 0.012),
        (0.10 * who.nose_width, nose_y - 0.015),
        (0.05, nose_y + 0.045),
        (-0.05, nose_y + 0.045),
    ]
    fall = np.array([-0.05 * view.light[0], 0.0])
    canvas.fill(shape.pose(under, 0.06) + fall, dark, 0.34 * (1.2 - view.ambient), soft=0.022, clip=head)
    for sign in SIGNS:
        hole = shape.pose([[sign * 0.050 * who.nose_width, nose_y - 0.010]], 0.07)[0]
        canvas.fill(
            ellipse(hole, (0.027 * who.nose_width * view.scale, 0.0125 * view.scale), view.roll + sign * 0.22),
            dark,
            0.86,
            soft=0.005,
            clip=head,
        )
