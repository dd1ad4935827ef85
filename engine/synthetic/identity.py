"""Who a built-in face is: proportions, skin, hair, age and what it wears. Sampled once, kept through expressions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

Colour = tuple[float, float, float]
"""Red, green, blue in [0, 1]."""

SKIN_RAMP: Final[tuple[Colour, ...]] = (
    (0.985, 0.865, 0.795),
    (0.955, 0.800, 0.700),
    (0.910, 0.725, 0.600),
    (0.830, 0.630, 0.485),
    (0.730, 0.525, 0.385),
    (0.620, 0.430, 0.310),
    (0.525, 0.355, 0.255),
    (0.440, 0.295, 0.215),
)
"""Skin from light to dark; a face's tone is a point on this ramp."""

HAIR_COLOURS: Final[dict[str, Colour]] = {
    "black": (0.10, 0.085, 0.085),
    "dark brown": (0.21, 0.14, 0.10),
    "brown": (0.36, 0.235, 0.15),
    "auburn": (0.46, 0.23, 0.13),
    "red": (0.66, 0.32, 0.16),
    "dark blond": (0.60, 0.465, 0.30),
    "blond": (0.82, 0.68, 0.45),
    "grey": (0.60, 0.59, 0.585),
    "white": (0.86, 0.85, 0.83),
}
IRIS_COLOURS: Final[tuple[Colour, ...]] = (
    (0.27, 0.155, 0.085),
    (0.36, 0.225, 0.12),
    (0.42, 0.36, 0.20),
    (0.33, 0.42, 0.30),
    (0.30, 0.43, 0.56),
    (0.42, 0.49, 0.54),
)
CLOTHES: Final[tuple[Colour, ...]] = (
    (0.20, 0.27, 0.38),
    (0.45, 0.22, 0.24),
    (0.25, 0.36, 0.31),
    (0.72, 0.68, 0.62),
    (0.22, 0.22, 0.25),
    (0.55, 0.50, 0.38),
    (0.36, 0.31, 0.46),
)
HAIR_STYLES: Final[tuple[str, ...]] = (
    "short",
    "side",
    "crop",
    "bald",
    "long",
    "bob",
    "fringe",
    "curly",
    "bun",
    "receding",
)
HATS: Final[tuple[str, ...]] = ("none", "beanie", "cap")
GLASSES: Final[tuple[str, ...]] = ("none", "round", "square")
BEARDS: Final[tuple[str, ...]] = ("none", "stubble", "full", "goatee")


@dataclass(frozen=True)
class Identity:
    """One person. Lengths are factors around 1 unless said; colours are RGB in [0, 1].

    Attributes:
        skin: position on :data:`SKIN_RAMP` in [0, 1], light to dark.
        age: 0 (about twenty) to 1 (about eighty); sets lines, bags and folds.
        feminine: 0 to 1; softens the jaw and brow, fills the lips.
        freckles, blush, makeup: strengths in [0, 1].
        brow_tilt: radians, positive lifts the outer end. eye_tilt: the same for the eyes.
        texture_seed: seeds what has no name of its own: strands, freckles, stubble.
    """

    skin: float
    age: float
    feminine: float
    face_width: float
    face_length: float
    jaw: float
    chin: float
    cheek: float
    brow_height: float
    brow_thickness: float
    brow_tilt: float
    eye_size: float
    eye_spacing: float
    eye_tilt: float
    lid_fold: float
    nose_width: float
    nose_length: float
    mouth_width: float
    lip_fullness: float
    ear_size: float
    freckles: float
    blush: float
    makeup: float
    hair_style: str
    hair_colour: Colour
    hair_volume: float
    hair_part: float
    iris_colour: Colour
    glasses: str
    beard: str
    moustache: bool
    hat: str
    clothes: Colour
    hat_colour: Colour
    earrings: bool
    texture_seed: int

    @cached_property
    def skin_colour(self) -> Colour:
        """The skin's colour before light falls on it."""
        place = self.skin * (len(SKIN_RAMP) - 1)
        low = min(int(place), len(SKIN_RAMP) - 2)
        rest = place - low
        red, green, blue = ((1 - rest) * a + rest * b for a, b in zip(SKIN_RAMP[low], SKIN_RAMP[low + 1], strict=True))
        return red, green, blue


def within(value: float, low: float, high: float) -> float:
    """Return ``value`` kept in [low, high]; for one number a tenth of what NumPy's clip costs."""
    return min(max(value, low), high)


def _around_one(rng: np.random.Generator, spread: float) -> float:
    return within(rng.normal(1.0, spread), 1.0 - 2.2 * spread, 1.0 + 2.2 * spread)


def _hair(rng: np.random.Generator, skin: float, age: float, feminine: float) -> tuple[str, str]:
    """Return (style, colour name): dark skin has dark hair, old people grey, and styles lean by ``feminine``."""
    weights = {
        "short": 2.6 * (1 - feminine) + 0.2,
        "side": 2.4 * (1 - feminine) + 0.2,
        "crop": 1.6 * (1 - feminine) + 0.1 + 0.8 * skin,
        "bald": 0.8 * (1 - feminine) * (0.4 + age),
        "receding": 1.6 * (1 - feminine) * age,
        "long": 2.8 * feminine,
        "bob": 2.2 * feminine,
        "fringe": 1.8 * feminine,
        "curly": 0.7 + 1.2 * skin,
        "bun": 1.3 * feminine,
    }
    values = np.array([weights[style] for style in HAIR_STYLES])
    style = HAIR_STYLES[int(rng.choice(len(HAIR_STYLES), p=values / values.sum()))]
    fair = max(0.0, 1.0 - 2.6 * skin)
    greying = max(0.0, age - 0.5) * 5.0
    colours = {
        "black": 0.5 + 2.6 * skin,
        "dark brown": 1.3,
        "brown": 1.6 * fair + 0.2,
        "auburn": 0.7 * fair,
        "red": 0.5 * fair,
        "dark blond": 1.1 * fair,
        "blond": 1.1 * fair,
        "grey": greying,
        "white": 0.7 * greying,
    }
    shares = np.array(list(colours.values()))
    return style, list(colours)[int(rng.choice(len(colours), p=shares / shares.sum()))]


def sample_identity(rng: np.random.Generator) -> Identity:
    """Draw one person from ``rng``; every field is drawn in a fixed order, so equal generators give equal people."""
    skin, age = float(rng.random()), float(rng.beta(1.3, 2.0))
    feminine = within(rng.beta(0.6, 0.6), 0.0, 1.0)
    style, colour = _hair(rng, skin, age, feminine)
    fair_eyes = len(IRIS_COLOURS) if skin < 0.4 else 2
    hairy = feminine < 0.4 and rng.random() < 0.42
    hat = HATS[1 + int(rng.integers(2))] if rng.random() < 0.07 else "none"
    glasses = GLASSES[1 + int(rng.integers(2))] if rng.random() < 0.14 else "none"
    shade = float(rng.uniform(0.8, 1.2))
    hair_colour = HAIR_COLOURS[colour]
    return Identity(
        skin=skin,
        age=age,
        feminine=feminine,
        face_width=_around_one(rng, 0.045),
        face_length=_around_one(rng, 0.035),
        jaw=_around_one(rng, 0.06) * (1.05 - 0.10 * feminine),
        chin=_around_one(rng, 0.10) * (1.06 - 0.12 * feminine),
        cheek=_around_one(rng, 0.15),
        brow_height=within(rng.normal(0.008 * feminine, 0.012), -0.02, 0.03),
        brow_thickness=_around_one(rng, 0.15) * (1.15 - 0.35 * feminine),
        brow_tilt=within(rng.normal(0.02 * feminine, 0.05), -0.1, 0.12),
        eye_size=_around_one(rng, 0.06) * (0.97 + 0.06 * feminine),
        eye_spacing=_around_one(rng, 0.03),
        eye_tilt=float(rng.normal(0.02, 0.05)),
        lid_fold=float(rng.uniform(0.2, 1.0)),
        nose_width=_around_one(rng, 0.10) * (0.96 + 0.16 * skin),
        nose_length=_around_one(rng, 0.05),
        mouth_width=_around_one(rng, 0.06),
        lip_fullness=_around_one(rng, 0.14) * (0.84 + 0.22 * feminine + 0.22 * skin),
        ear_size=_around_one(rng, 0.08),
        freckles=float(rng.random()) if skin < 0.3 and rng.random() < 0.3 else 0.0,
        blush=float(rng.uniform(0.2, 0.9)),
        makeup=float(rng.random()) * feminine,
        hair_style=style,
        hair_colour=(hair_colour[0] * shade, hair_colour[1] * shade, hair_colour[2] * shade),
        hair_volume=_around_one(rng, 0.12),
        hair_part=float(rng.uniform(-0.3, 0.3)),
        iris_colour=IRIS_COLOURS[int(rng.integers(fair_eyes))],
        glasses=glasses,
        beard=BEARDS[1 + int(rng.integers(3))] if hairy else "none",
        moustache=hairy and bool(rng.random() < 0.6),
        hat=hat,
        clothes=CLOTHES[int(rng.integers(len(CLOTHES)))],
        hat_colour=CLOTHES[int(rng.integers(len(CLOTHES)))],
        earrings=feminine > 0.6 and bool(rng.random() < 0.4),
        texture_seed=int(rng.integers(2**31)),
    )
