"""Colours of classes: told apart by everybody, also by who does not see red, green or blue; labels on them are read."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.draw.class_colours import OTHER, PALETTE, class_colour, colours_of, ink_on, luminance, rgb
from engine.labels import EMOTION_COLORS

Float64 = NDArray[np.float64]

APART = 11.0
"""Smallest distance of two colours by CIEDE2000: eleven times what is just seen side by side."""

# G. Machado, M. Oliveira, L. Fernandes. A Physiologically-based Model for Simulation of Color Vision Deficiency.
# IEEE TVCG 2009: the matrices for linear RGB at severity 1.
SEEN = {
    "all colours": np.eye(3),
    "no red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "no blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
                   [0.0193339, 0.1191920, 0.9503041]])  # fmt: skip
WHITE = np.array([0.95047, 1.0, 1.08883])


def linear(colour: str) -> Float64:
    values = np.array(rgb(colour)) / 255.0
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(light: Float64) -> Float64:
    """CIELAB of linear RGB under D65."""
    of_white = TO_XYZ @ np.clip(light, 0.0, 1.0) / WHITE
    root = np.where(of_white > 216 / 24389, np.cbrt(of_white), (24389 / 27 * of_white + 16) / 116)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


def ciede2000(first: Float64, second: Float64) -> float:
    """G. Sharma, W. Wu, E. Dalal. The CIEDE2000 Color-Difference Formula. Color Research and Application 2005."""
    lightness = np.array([first[0], second[0]])
    ab = np.array([first[1:], second[1:]])
    mean = np.hypot(*ab.T).mean()
    ab[:, 0] *= 1.0 + 0.5 * (1.0 - np.sqrt(mean**7 / (mean**7 + 25.0**7)))
    chroma, hue = np.hypot(*ab.T), np.degrees(np.arctan2(ab[:, 1], ab[:, 0])) % 360
    turn = (hue[1] - hue[0] + 180) % 360 - 180 if chroma.prod() else 0.0
    at = hue.sum() if not chroma.prod() else hue.mean() + (
        0 if abs(hue[0] - hue[1]) <= 180 else 180 if hue.sum() < 360 else -180
    )  # fmt: skip
    level, strong = lightness.mean(), chroma.mean()
    tint = (
        1 - 0.17 * np.cos(np.radians(at - 30)) + 0.24 * np.cos(np.radians(2 * at))
        + 0.32 * np.cos(np.radians(3 * at + 6)) - 0.2 * np.cos(np.radians(4 * at - 63))
    )  # fmt: skip
    of_light = (lightness[1] - lightness[0]) / (1 + 0.015 * (level - 50) ** 2 / np.sqrt(20 + (level - 50) ** 2))
    of_chroma = (chroma[1] - chroma[0]) / (1 + 0.045 * strong)
    of_hue = 2 * np.sqrt(chroma.prod()) * np.sin(np.radians(turn / 2)) / (1 + 0.015 * strong * tint)
    bend = -2 * np.sqrt(strong**7 / (strong**7 + 25.0**7)) * np.sin(np.radians(60 * np.exp(-(((at - 275) / 25) ** 2))))
    return float(np.sqrt(of_light**2 + of_chroma**2 + of_hue**2 + bend * of_chroma * of_hue))


def contrast(first: tuple[int, int, int], second: tuple[int, int, int]) -> float:
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(
    ("first", "second", "apart"),
    [
        # Pairs 1, 7, 13, 17 and 25 of Sharma's table of test data.
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
        ((50.0, -0.001, 2.49), (50.0, 0.0011, -2.49), 4.7461),
        ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ],
)
def test_the_distance_is_that_of_its_paper(first: tuple[float, ...], second: tuple[float, ...], apart: float) -> None:
    assert ciede2000(np.array(first), np.array(second)) == pytest.approx(apart, abs=1e-4)


@pytest.mark.parametrize("eyes", SEEN)
def test_no_two_colours_are_alike(eyes: str) -> None:
    seen = {colour: lab(np.asarray(SEEN[eyes]) @ linear(colour)) for colour in PALETTE}
    nearest = min((ciede2000(seen[a].copy(), seen[b].copy()), a, b) for a, b in combinations(PALETTE, 2))
    assert nearest[0] >= APART, nearest


@pytest.mark.parametrize("colour", [*PALETTE, *EMOTION_COLORS.values(), OTHER])
def test_a_label_on_a_colour_is_read(colour: str) -> None:
    assert contrast(ink_on(rgb(colour)), rgb(colour)) >= 4.5


@pytest.mark.parametrize("colour", PALETTE)
def test_a_colour_is_seen_on_either_page(colour: str) -> None:
    assert contrast(rgb(colour), (255, 255, 255)) >= 1.5
    assert contrast(rgb(colour), (20, 22, 27)) >= 1.7


def test_the_ink_is_the_one_with_more_contrast() -> None:
    assert ink_on((255, 255, 255)) == ink_on((0, 0xB0, 0)) == (0, 0, 0)
    assert ink_on((0, 0, 0)) == ink_on((0x80, 0, 0)) == (255, 255, 255)
    assert luminance((255, 255, 255)) == pytest.approx(1.0)
    assert luminance((0, 0, 255)) == pytest.approx(0.0722)


def test_emotions_keep_their_colours_under_any_usual_name() -> None:
    found = colours_of(("Anger", "cat", "joy"))
    assert (found["Anger"], found["joy"]) == (EMOTION_COLORS["angry"], EMOTION_COLORS["happy"])
    assert found["cat"] == PALETTE[0]
    assert class_colour("cat", ("Anger", "cat", "joy")) == PALETTE[0]
    assert class_colour("joy") == EMOTION_COLORS["happy"]
    assert class_colour("cat") == OTHER


def test_twelve_classes_have_distinct_colours_and_thirteen_have_none() -> None:
    twelve = colours_of([f"c{number}" for number in range(12)])
    assert len(set(twelve.values())) == 12
    assert colours_of([f"c{number}" for number in range(13)]) == {}
