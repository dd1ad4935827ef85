"""The head as a relief: an ellipsoid with bumps and furrows, and how soft light falls on it.

Heights are in face units towards the camera. Bumps are Gaussians (one matrix product for all of them), furrows are
blurred lines cut into the surface; both move with their action units.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from engine.synthetic.canvas import Canvas, Floats, splines
from engine.synthetic.geometry import BROW_Y, EYE_Y, MOUTH_Y, NOSE_Y, SIGNS, Shape
from engine.synthetic.identity import Identity
from engine.synthetic.units import Expression
from engine.synthetic.view import View


@dataclass(frozen=True, eq=False)
class Relief:
    """How light meets the head, each (S, S) in [0, 1].

    Attributes:
        shade: 1 where fully lit.
        furrows: how deep a line is cut.
        gloss: how strongly the skin mirrors the light.
    """

    shade: Floats
    furrows: Floats
    gloss: Floats


def _bumps(who: Identity, face: Expression, shape: Shape) -> list[tuple[float, float, float, float, float, float]]:
    """Return (x, y, lift, radius x, radius y, height) of each Gaussian bump, upright."""
    nose_x, nose_y = who.nose_width, NOSE_Y * who.nose_length - shape.nose_lift
    wrinkle = face.mean(9)
    mouth = shape.mouth
    chin = 0.045 + 0.025 * face.mean(17)
    bumps = [
        (0.0, nose_y - 0.265, 0.03, 0.034, 0.060, 0.045),
        (0.0, nose_y - 0.190, 0.07, 0.036, 0.055, 0.055),
        (0.0, nose_y - 0.125, 0.11, 0.042, 0.050, 0.065),
        (0.0, nose_y - 0.065, 0.15, 0.056 * nose_x, 0.042, 0.105),
        (0.0, 0.5 * (mouth.upper_y + nose_y) + 0.02, 0.03, 0.15, 0.07, 0.030),
        (0.0, mouth.bottom_y + 0.034, 0.02, 0.085, 0.017, -0.016 - 0.014 * face.mean(17)),
        (0.0, 0.690 * who.face_length + 0.12 * shape.jaw_drop, 0.02, 0.105 * who.chin, 0.065, chin),
        (0.0, -0.52, 0.0, 0.30, 0.16, 0.035),
    ]
    for side, sign in enumerate(SIGNS):
        raise6, pull12 = face.side(6, side), face.side(12, side)
        eye_x = 0.258 * who.eye_spacing
        brow = shape.brow_flat[side]
        bumps += [
            (sign * 0.080 * nose_x, nose_y - 0.040, 0.05, 0.034 * nose_x, 0.034, 0.055),
            (sign * 0.135, EYE_Y - 0.045, 0.0, 0.050, 0.070, -0.045),
            (sign * eye_x, EYE_Y - 0.070, 0.0, 0.150, 0.050, -0.030),
            (sign * eye_x, EYE_Y, 0.0, 0.090, 0.065, 0.040),
            (
                sign * (eye_x - 0.01),
                0.3 * float(brow[:, 1].mean()) + 0.7 * BROW_Y - 0.016,
                0.03,
                0.17,
                0.042,
                0.026 * (1.3 - 0.6 * who.feminine),
            ),
            (sign * 0.335, 0.135, 0.0, 0.130, 0.100, 0.040 * who.cheek),
            (sign * 0.325, 0.075, 0.0, 0.115, 0.060, 0.045 * raise6),
            (sign * 0.325, 0.140, 0.0, 0.115, 0.052, 0.036 * pull12),
            (sign * 0.43, 0.36, 0.0, 0.12, 0.13, -0.020 * (0.5 + who.age)),
            (sign * 0.120, 0.10, 0.0, 0.050, 0.040, 0.022 * wrinkle),
        ]
    return bumps


def _furrow_lines(who: Identity, face: Expression, shape: Shape) -> list[tuple[list[tuple[float, float]], float]]:
    """Return (four upright control points, depth in [0, 1]) of every line that skin can show."""
    age, nose_x, nose_y = who.age, who.nose_width, NOSE_Y * who.nose_length - shape.nose_lift
    lines: list[tuple[list[tuple[float, float]], float]] = []
    bottom = shape.mouth.bottom_y + 0.034
    lines.append(
        ([(-0.10, bottom - 0.008), (-0.04, bottom), (0.04, bottom), (0.10, bottom - 0.008)], 0.22 + 0.5 * face.mean(17))
    )
    old = max(0.0, age - 0.25)
    for side, sign in enumerate(SIGNS):
        au1, au2, au4, au6, au9, au12, au15 = (face.side(n, side) for n in (1, 2, 4, 6, 9, 12, 15))
        corner_x, corner_y = abs(shape.mouth.corners[side][0]), shape.mouth.corners[side][1]
        # The fold belongs to the cheek: of all that moves the corner, only AU12 takes it along.
        fold_x, fold_y = 0.235 * who.mouth_width + 0.085 * au12, MOUTH_Y * who.face_length - 0.088 * au12
        fold = min(1.0, 0.10 + 0.40 * old + 0.50 * au12 + 0.58 * au9)
        start = nose_y - 0.060
        bow = 0.02 + 0.16 * au12
        wing_x = 0.118 * nose_x
        curve = [
            (wing_x, start),
            (wing_x + (0.30 + bow) * (fold_x - wing_x), start + 0.26 * (fold_y - start)),
            (wing_x + (0.70 + bow) * (fold_x - wing_x), start + 0.58 * (fold_y - start)),
            (fold_x, fold_y),
        ]
        lines.append(([(sign * x, y) for x, y in curve], fold))
        wing = [(0.078, nose_y - 0.085), (0.112, nose_y - 0.062), (0.116, nose_y - 0.022), (0.088, nose_y + 0.002)]
        lines.append(([(sign * x * nose_x, y) for x, y in wing], 0.50 + 0.25 * au9))
        droop = [
            (corner_x + 0.016, corner_y + 0.012),
            (corner_x + 0.030, corner_y + 0.032),
            (corner_x + 0.034, corner_y + 0.052),
            (corner_x + 0.034, corner_y + 0.070),
        ]
        lines.append(([(sign * x, y) for x, y in droop], min(1.0, 0.10 * old + 0.60 * au15)))
        outer = 0.258 * who.eye_spacing + 0.143 * who.eye_size + 0.022
        for slope in (-0.45, 0.05, 0.5):
            feet = [
                (outer + 0.026 * k, EYE_Y + 0.010 + slope * 0.026 * k + math.copysign(0.002 * k * k, slope))
                for k in range(4)
            ]
            lines.append(([(sign * x, y) for x, y in feet], min(1.0, 0.35 * max(0.0, age - 0.45) + 0.55 * au6)))
        frown = [
            (0.040 - 0.010 * au4, -0.345 + 0.02 * au4),
            (0.036 - 0.008 * au4, -0.30),
            (0.037 - 0.008 * au4, -0.26),
            (0.043, -0.215),
        ]
        lines.append(([(sign * x, y) for x, y in frown], min(1.0, 0.10 * old + 0.75 * au4 * (1.0 - 0.45 * au1))))
        for k in range(3):
            bunny = [
                (0.012, -0.055 + 0.035 * k),
                (0.034, -0.062 + 0.038 * k),
                (0.054, -0.060 + 0.044 * k),
                (0.070, -0.050 + 0.050 * k),
            ]
            lines.append(([(sign * x, y - shape.nose_lift) for x, y in bunny], 0.45 * au9))
        for k, high in enumerate((-0.455, -0.525, -0.590)):
            inner, lateral = min(1.0, 0.26 * old + 0.44 * au1), min(1.0, 0.26 * old + 0.44 * au2)
            shrink = 1.0 - 0.12 * k
            lines.append(
                (
                    [
                        (0.0, high - 0.006),
                        (sign * 0.06, high - 0.010),
                        (sign * 0.12, high - 0.012),
                        (sign * 0.18, high - 0.008),
                    ],
                    inner * shrink,
                )
            )
            lines.append(
                (
                    [
                        (sign * 0.17, high - 0.008),
                        (sign * 0.24, high - 0.006),
                        (sign * 0.31 * shrink, high + 0.008),
                        (sign * 0.36 * shrink, high + 0.022),
                    ],
                    lateral * shrink,
                )
            )
    return lines


def _draw_furrows(canvas: Canvas, who: Identity, face: Expression, shape: Shape) -> Floats:
    lines = [line for line in _furrow_lines(who, face, shape) if line[1] > 0.02]
    curves = splines(shape.pose(np.array([points for points, _ in lines]), 0.02), samples=3)
    cuts = [(curve, depth, 0.014) for curve, (_, depth) in zip(curves, lines, strict=True)]
    for side in (0, 1):
        eye = shape.eyes[side]
        bag = 0.08 + 0.40 * max(0.0, who.age - 0.2) + 0.42 * face.side(6, side) + 0.15 * face.side(7, side)
        cuts.append((eye.bag, min(1.0, bag), 0.016))
        cuts.append((eye.crease, 0.35 + 0.25 * who.lid_fold, 0.010))
    drawn = np.zeros((canvas.size, canvas.size), np.uint8)
    cuts.sort(key=lambda cut: cut[1])
    ends = np.cumsum([len(points) for points, _, _ in cuts])[:-1]
    fixed = np.rint(canvas.pixels(np.concatenate([points for points, _, _ in cuts])) * 16).astype(np.int32)
    for local, (_, depth, width) in zip(np.split(fixed, ends), cuts, strict=True):
        thick = width * 0.5 * canvas.size
        level = round(255 * depth * min(1.0, thick / max(1, round(thick))))
        cv2.polylines(drawn, [local], False, level, max(1, round(thick)), cv2.LINE_AA, 4)
    soft = np.asarray(cv2.GaussianBlur(drawn, (0, 0), max(0.4, canvas.sigma(0.0105))), np.uint8)
    return soft.astype(np.float32) * np.float32(1 / 255)


def light_relief(canvas: Canvas, who: Identity, face: Expression, shape: Shape, view: View) -> Relief:
    """Return how light falls on the head: a half-Lambert shade (soft, never black) and a narrow gloss."""
    size = canvas.size
    bumps = np.array(_bumps(who, face, shape))
    centres = canvas.pixels(shape.pose(bumps[:, :2], bumps[:, 2]))
    scale = view.scale * 0.5 * size
    grid = np.arange(size)
    across = np.exp(-0.5 * ((grid[None] - centres[:, :1]) / (bumps[:, 3:4] * scale)) ** 2)
    down = np.exp(-0.5 * ((grid[None] - centres[:, 1:]) / (bumps[:, 4:5] * scale)) ** 2)
    height = ((down * bumps[:, 5:]).T @ across).astype(np.float32)
    furrows = _draw_furrows(canvas, who, face, shape)
    height -= np.float32(0.017) * furrows
    per_pixel = np.float32(0.5 * size / 8.0)
    slope_x = np.asarray(cv2.Sobel(height, cv2.CV_32F, 1, 0), np.float32) * per_pixel
    slope_y = np.asarray(cv2.Sobel(height, cv2.CV_32F, 0, 1), np.float32) * per_pixel
    middle = shape.pose([[0.0, -0.03]], depth=[0.0])[0]
    units = ((grid + 0.5) * (2.0 / size) - 1.0).astype(np.float32)
    cosine, sine = np.float32(np.cos(view.roll)), np.float32(np.sin(view.roll))
    x, y = units[None, :] - np.float32(middle[0]), units[:, None] - np.float32(middle[1])
    u = (x * cosine + y * sine) * np.float32(1 / (0.66 * view.scale))
    v = (y * cosine - x * sine) * np.float32(1 / (1.02 * view.scale))
    steep = 0.62 / np.sqrt(np.float32(1.12) - np.minimum(u * u + v * v, np.float32(1.0)))
    dome_x, dome_y = u * steep, v * steep * np.float32(0.8)
    normal_x = dome_x * cosine - dome_y * sine - slope_x
    normal_y = dome_x * sine + dome_y * cosine - slope_y
    light = np.array(view.light, np.float32)
    light /= np.linalg.norm(light)
    length = 1.0 / np.sqrt(normal_x**2 + normal_y**2 + np.float32(1.0))
    facing = (normal_x * light[0] + normal_y * light[1] + light[2]) * length
    shade = np.clip(facing * np.float32(0.60) + np.float32(0.40), 0.0, 1.0)
    half_z = light + np.array([0, 0, 1], np.float32)
    half_z /= np.linalg.norm(half_z)
    gloss = np.clip((normal_x * half_z[0] + normal_y * half_z[1] + half_z[2]) * length, 0.0, 1.0)
    for _ in range(4):  # to the sixteenth power
        gloss *= gloss
    return Relief(shade.astype(np.float32), furrows, gloss.astype(np.float32))
