"""Where everything on a built-in face lies: features moved by their action units, turned by the pose, in face units.

A face is modelled upright and frontal (x right, y down, the head about 1.2 wide and 1.75 tall, centred at the origin),
given depth by an ellipsoid plus each feature's own lift, then turned and projected without perspective. Sides are the
viewer's: 0 and sign -1 is the left half of the picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from engine.synthetic.canvas import Points, spline
from engine.synthetic.identity import Identity, within
from engine.synthetic.units import Expression
from engine.synthetic.view import View

SIGNS = (-1.0, 1.0)
EYE_Y, BROW_Y, NOSE_Y, MOUTH_Y, CHIN_Y = -0.10, -0.285, 0.235, 0.455, 0.85
_DEPTH, _AXES_SQUARED = 0.70, np.array([1 / 0.78**2, 1 / 1.15**2])


class Pose:
    """Turns and projects points of the upright head; holds the cosines once per picture."""

    def __init__(self, view: View) -> None:
        cos_y, sin_y, cos_p, sin_p = math.cos(view.yaw), math.sin(view.yaw), math.cos(view.pitch), math.sin(view.pitch)
        turn = np.array([[cos_y, 0.0, sin_y], [0.0, cos_p, -sin_p]])
        cos_r, sin_r = math.cos(view.roll), math.sin(view.roll)
        roll = view.scale * np.array([[cos_r, -sin_r], [sin_r, cos_r]])
        # The head turns about an axis behind the face's middle; this keeps it in the frame.
        self._offset = roll @ np.array([view.shift[0] - 0.26 * sin_y, view.shift[1] + 0.26 * sin_p])
        self._matrix = (roll @ turn).T

    def __call__(self, xy: ArrayLike, lift: ArrayLike = 0.0, *, depth: ArrayLike | None = None) -> Points:
        """Return projected points (N, 2): ``lift`` above the head's ellipsoid, or at an absolute ``depth``."""
        points = np.asarray(xy, np.float64)
        solid = np.empty((*points.shape[:-1], 3))
        solid[..., :2] = points
        if depth is None:
            inside = 1.0 - (points * points) @ _AXES_SQUARED
            solid[..., 2] = _DEPTH * np.sqrt(np.maximum(inside, 0.0)) + lift
        else:
            solid[..., 2] = depth
        return np.asarray(solid @ self._matrix + self._offset)


@dataclass(frozen=True, eq=False)
class Eye:
    """One eye: outlines (N, 2) from the inner to the outer corner, and the iris, all projected."""

    centre: Points
    upper: Points
    lower: Points
    crease: Points
    bag: Points
    iris: Points
    radius: float
    opening: float


@dataclass(frozen=True, eq=False)
class Mouth:
    """The lips as four projected curves (N, 2) from the left to the right corner; ``gap`` is how far they part."""

    upper_outer: Points
    upper_inner: Points
    lower_inner: Points
    lower_outer: Points
    gap: float
    upper_y: float
    lower_y: float
    bottom_y: float
    corners: tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Shape:
    """A face's geometry, projected. Pairs are (left, right) in the picture."""

    pose: Pose
    outline: Points
    brows: tuple[Points, Points]
    brow_flat: tuple[Points, Points]
    eyes: tuple[Eye, Eye]
    mouth: Mouth
    nose_lift: float
    jaw_drop: float


_OUTLINE = np.array(
    [
        (0.0, -0.905, 0.0),
        (0.24, -0.865, 0.0),
        (0.44, -0.74, 0.0),
        (0.555, -0.50, 0.0),
        (0.595, -0.20, 0.0),
        (0.588, 0.06, 0.0),
        (0.540, 0.30, 0.03),
        (0.452, 0.52, 0.10),
        (0.318, 0.695, 0.20),
        (0.160, 0.815, 0.30),
        (0.0, CHIN_Y, 0.33),
    ]
)

_LOW, _TIP, _FALLS = (
    np.clip((_OUTLINE[:, 1] - top) / tall, 0.0, 1.0) for top, tall in ((0.1, 0.5), (0.60, 0.22), (0.48, 0.32))
)
"""How much of the jaw's width, of the chin's, and of a dropping jaw each point of the outline takes, in [0, 1]."""
_MIRROR = np.array([-1.0, 1.0, 1.0])


def outline_model(who: Identity, jaw_drop: float) -> Points:
    """Return the upright head's outline (20, 3) from the crown clockwise: x, y, depth."""
    half = _OUTLINE.copy()
    y = half[:, 1]
    half[:, 0] *= who.face_width * (1.0 + (who.jaw - 1.0) * _LOW) * (1.0 + 0.9 * (who.chin - 1.0) * _TIP)
    half[:, 1] = y * np.where(y > 0, who.face_length, 1.0) + 0.125 * jaw_drop * _FALLS * _FALLS * (3 - 2 * _FALLS)
    mirrored = half[-2:0:-1] * _MIRROR
    return np.concatenate([half, mirrored])


def _brow(who: Identity, face: Expression, side: int) -> Points:
    """Return the five control points (5, 2) of one brow, inner end first, upright."""
    sign = SIGNS[side]
    au1, au2, au4, au9 = (face.side(n, side) for n in (1, 2, 4, 9))
    x = np.array([0.105, 0.19, 0.28, 0.37, 0.445]) * who.eye_spacing
    y = BROW_Y - who.brow_height + np.array([0.006, -0.012, -0.027, -0.024, 0.018])
    y = y - who.brow_tilt * (x - 0.27)
    inner = np.array([1.0, 0.72, 0.36, 0.08, 0.0])
    outer = np.array([0.0, 0.12, 0.50, 0.92, 1.0])
    press = np.array([1.0, 0.92, 0.72, 0.42, 0.22])
    y = y - 0.115 * au1 * inner - 0.112 * au2 * outer + 0.075 * au4 * (1.0 - 0.85 * au1) * press
    y = y + 0.040 * au9 * np.array([1.0, 0.7, 0.3, 0.05, 0.0])
    x = x - au4 * 0.042 * np.array([1.0, 0.8, 0.45, 0.15, 0.0])
    return np.stack([sign * x, y], axis=1)


def _eye(who: Identity, face: Expression, view: View, pose: Pose, side: int) -> Eye:
    """Return one eye with its lids where AU5, AU6 and AU7 put them."""
    sign = SIGNS[side]
    au5, au6, au7 = (face.side(n, side) for n in (5, 6, 7))
    cx, half = 0.258 * who.eye_spacing, 0.143 * who.eye_size
    tall = who.eye_size * (1.0 - 0.13 * who.age)
    up = 0.066 * tall + 0.046 * au5 - 0.025 * au7 * (1 - 0.4 * au5) - 0.012 * au6
    down = 0.047 * tall - 0.026 * au7 - 0.022 * au6 + 0.006 * au5
    tilt = who.eye_tilt
    along = np.array([-1.0, -0.55, 0.0, 0.55, 1.0])
    x = cx + half * along
    base = EYE_Y - tilt * half * along + 0.006 * (1 - along)
    upper = np.stack([sign * x, base - up * np.array([0.0, 0.82, 1.0, 0.74, 0.0])], axis=1)
    lower = np.stack([sign * x, base + down * np.array([0.0, 0.66, 1.0, 0.92, 0.0])], axis=1)
    fold = 0.020 + 0.016 * who.lid_fold
    crease = upper + np.array([0.0, -1.0]) * (fold * np.array([0.45, 0.95, 1.0, 1.05, 0.8]))[:, None]
    crease[-1, 0] += sign * 0.022
    crease[:, 1] += 0.5 * (0.046 * au5 - 0.025 * au7)
    bag = lower + np.array([[0.0, 0.012], [0.0, 0.040], [0.0, 0.048], [0.0, 0.040], [0.0, 0.014]])
    iris = np.array([sign * cx + 0.030 * view.gaze[0], EYE_Y + 0.002 + 0.012 * view.gaze[1]])
    parts = pose(np.concatenate([upper, lower, crease, bag, iris[None], [[sign * cx, EYE_Y]]]), 0.03)
    return Eye(
        centre=parts[21],
        upper=spline(parts[0:5]),
        lower=spline(parts[5:10]),
        crease=spline(parts[10:15]),
        bag=spline(parts[15:20]),
        iris=parts[20],
        radius=0.071 * who.eye_size * view.scale,
        opening=up + down,
    )


def _mouth(who: Identity, face: Expression, pose: Pose) -> Mouth:
    """Return the lips where AU9, 12, 15, 16, 17, 20, 23, 25 and 26 put them."""
    au9, au12, au16, au17, au20, au23, au25, au26 = (face.mean(n) for n in (9, 12, 16, 17, 20, 23, 25, 26))
    wide_smile = max(0.0, au12 - 0.30) / 0.70
    rest = MOUTH_Y * who.face_length
    corners = []
    for side, sign in enumerate(SIGNS):
        c12, c15, c20 = (face.side(n, side) for n in (12, 15, 20))
        x = 0.185 * who.mouth_width + 0.085 * c12 + 0.075 * c20 - 0.022 * au23 - 0.045 * au26 + 0.008 * c15
        y = rest + 0.004 - 0.088 * c12 + 0.080 * c15 + (0.022 + 0.030 * au26) * c20 + 0.045 * au26 - 0.010 * au9
        corners.append((sign * x, y))
    rise = 0.050 * au9 + 0.014 * au12 + 0.030 * au26 + 0.012 * au25 + 0.020 * au20 - 0.016 * au17
    fall = (
        0.165 * au26 * (1.0 - 0.30 * au20)
        + 0.040 * au25
        + 0.085 * wide_smile
        + 0.030 * au16
        + 0.045 * au20
        + 0.012 * au12
    )
    fall = max(fall - 0.036 * au17 - 0.012 * au23, -rise)
    upper_y, lower_y = rest - rise, rest + fall
    tight = 1.0 - 0.58 * au23
    upper_lip = 0.062 * who.lip_fullness * tight * (1 - 0.28 * au12) * (1 - 0.28 * au20) * (1 - 0.12 * au26)
    lower_lip = 0.084 * who.lip_fullness * tight * (1 - 0.22 * au12) * (1 - 0.28 * au20) * (1 + 0.15 * au16)
    gap = rise + fall
    part = np.linspace(-1.0, 1.0, 11)
    far = np.abs(part)
    round_arc, arch = 1.0 - np.sqrt(1.0 - far**2), far**1.9
    open_share = within(gap / 0.16, 0.0, 1.0)
    # A stretched mouth (AU20) opens like a slot: its edges stay level until close to the corners.
    slot = far**6
    bend = arch + (round_arc - arch) * open_share
    bend = bend + (slot - bend) * min(1.0, 0.75 * au20 + 0.35 * au16)
    corner_x = np.where(part < 0, corners[0][0], corners[1][0]) * far
    corner_y = np.where(part < 0, corners[0][1], corners[1][1])
    upper_inner = upper_y + (corner_y - upper_y) * bend
    lower_inner = lower_y + (corner_y - lower_y) * bend
    bow = np.interp(far, [0, 0.2, 0.4, 0.6, 0.8, 1.0], [0.80, 1.0, 0.86, 0.60, 0.28, 0.0])
    full = np.interp(far, [0, 0.2, 0.4, 0.6, 0.8, 1.0], [1.0, 0.98, 0.90, 0.70, 0.36, 0.0])
    lift = 0.035 * (1.0 - far**2)
    curves = pose(
        np.stack(
            [
                np.stack([corner_x, upper_inner - upper_lip * bow], axis=1),
                np.stack([corner_x, upper_inner], axis=1),
                np.stack([corner_x, lower_inner], axis=1),
                np.stack([corner_x, lower_inner + lower_lip * full], axis=1),
            ]
        ),
        lift,
    )
    outer_up, inner_up, inner_down, outer_down = (spline(curve, samples=4) for curve in curves)
    return Mouth(
        upper_outer=outer_up,
        upper_inner=inner_up,
        lower_inner=inner_down,
        lower_outer=outer_down,
        gap=gap,
        upper_y=upper_y - upper_lip,
        lower_y=lower_y,
        bottom_y=lower_y + lower_lip,
        corners=(corners[0], corners[1]),
    )


def shape_of(who: Identity, face: Expression, view: View) -> Shape:
    """Place every feature of ``who`` showing ``face`` as ``view`` sees it."""
    pose = Pose(view)
    jaw_drop = face.mean(26)
    model = outline_model(who, jaw_drop)
    outline = spline(pose(model[:, :2], depth=model[:, 2]), closed=True, samples=5)
    flat = (_brow(who, face, 0), _brow(who, face, 1))
    brows = (spline(pose(flat[0], 0.05)), spline(pose(flat[1], 0.05)))
    eyes = (_eye(who, face, view, pose, 0), _eye(who, face, view, pose, 1))
    mouth = _mouth(who, face, pose)
    return Shape(pose, outline, brows, flat, eyes, mouth, 0.022 * face.mean(9), jaw_drop)


def landmarks_of(who: Identity, shape: Shape) -> dict[str, Points]:
    """Return name -> (2,) of each landmark; apart from the shape, because a picture alone needs none."""
    pose, mouth, nose_lift = shape.pose, shape.mouth, shape.nose_lift
    chin = outline_model(who, shape.jaw_drop)[10]
    middle = len(mouth.upper_outer) // 2
    marks = {
        "nose_bridge": pose([[0.0, EYE_Y]], 0.03)[0],
        "nose_tip": pose([[0.0, NOSE_Y * who.nose_length - 0.06 - nose_lift]], 0.17)[0],
        "chin": pose(chin[None, :2], depth=chin[None, 2])[0],
        "lip_top": mouth.upper_outer[middle],
        "lip_upper_inner": mouth.upper_inner[middle],
        "lip_lower_inner": mouth.lower_inner[middle],
        "lip_bottom": mouth.lower_outer[middle],
    }
    for side, name in enumerate(("left", "right")):
        eye, brow = shape.eyes[side], shape.brows[side]
        half = len(eye.upper) // 2
        marks[f"brow_inner_{name}"], marks[f"brow_peak_{name}"], marks[f"brow_outer_{name}"] = (
            brow[0],
            brow[len(brow) * 3 // 5],
            brow[-1],
        )
        marks[f"eye_inner_{name}"], marks[f"eye_outer_{name}"] = eye.upper[0], eye.upper[-1]
        marks[f"eye_top_{name}"], marks[f"eye_bottom_{name}"] = eye.upper[half], eye.lower[half]
        marks[f"iris_{name}"] = eye.iris
        marks[f"nostril_{name}"] = pose(
            [[SIGNS[side] * 0.062 * who.nose_width, NOSE_Y * who.nose_length - nose_lift]], 0.05
        )[0]
        marks[f"mouth_corner_{name}"] = mouth.upper_inner[0 if side == 0 else -1]
    return marks
