"""Areas around points: what they catch, and texts for an address that catch exactly the same."""

from __future__ import annotations

import re

import numpy as np
import pytest

from dashboard.views.evaluation.figures.embedding import (
    CORNERS_MOST,
    EXCEPTIONS_MOST,
    Area,
    Selection,
    address_text,
    drawn_areas,
    read_selection,
    selection_text,
)
from engine.errors import UsageError

SHOWN = np.array([4, 7, 12, 30])
PLACES = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 0.5], [-3.0, 4.0]])


def ring(corners: int, radius: float = 1.2) -> Area:
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    return Area("lasso", tuple((radius * np.cos(angles)).tolist()), tuple((radius * np.sin(angles)).tolist()))


def test_a_box_and_a_lasso_catch_what_lies_inside() -> None:
    assert Area("box", (2.0, -0.5), (1.0, 0.2)).holds(PLACES).tolist() == [False, True, True, False]
    triangle = Area("lasso", (-1.0, 3.0, 3.0), (-1.0, -1.0, 1.2))
    assert triangle.holds(PLACES).tolist() == [False, False, True, False]
    # A U that goes around the point in its middle.
    bent = Area("lasso", (0, 4, 4, 3, 3, 1, 1, 0), (0, 0, 4, 4, 1, 1, 4, 4))
    assert bent.holds(np.array([[2.0, 2.0], [0.5, 2.0], [3.5, 3.0], [2.0, 0.5]])).tolist() == [False, True, True, True]
    both = (triangle, Area("box", (-4, -2), (3, 5)))
    assert Selection(both).holds(PLACES, SHOWN).tolist() == [False, False, True, True]
    assert Selection(both, (4, 12)).holds(PLACES, SHOWN).tolist() == [True, False, False, True]
    assert not Selection().holds(PLACES, SHOWN).any()


def test_a_text_of_letters_that_an_address_leaves_alone() -> None:
    areas = (Area("box", (-1.5, 2.0), (0.0, 3.26)), Area("lasso", (0.0, 1.0, 1.0), (0.0, 0.0, -0.004)))
    text = selection_text(Selection(areas, (12, 40)), 2)
    assert text == "box_-1.5_0_2_3.26~lasso_0_0_1_0_1_0~but_12_40"
    assert re.fullmatch(r"[\w.~-]+", text)
    read = read_selection(text)
    assert (read.areas[0], read.but) == (areas[0], (12, 40))
    assert read_selection("") == Selection()


@pytest.mark.parametrize(
    "text",
    [
        "circle_1_2_3_4", "box_1_2_3", "box_1_2", "lasso_0_0_1_1", "box_1_2_nan_4", "box_1_2_3_1e999", "<b>", "box",
        "~", "but_3", "box_0_0_1_1~but", "box_0_0_1_1~but_-3", "box_0_0_1_1~but_1.5",
    ],
)  # fmt: skip
def test_what_is_no_area_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"Expected an area as box_x_y_x_y or lasso_.*; draw it anew\."):
        read_selection(text)


def test_too_many_corners_or_exceptions_are_refused() -> None:
    box = Area("box", (0.0, 1.0), (0.0, 1.0))
    for large in (Selection((ring(CORNERS_MOST + 1),)), Selection((box,), tuple(range(EXCEPTIONS_MOST + 1)))):
        with pytest.raises(UsageError, match=f"at most {CORNERS_MOST} corners and {EXCEPTIONS_MOST} exceptions"):
            read_selection(selection_text(large, 3))


def test_a_drawn_lasso_is_simplified_and_selects_the_same() -> None:
    rng = np.random.default_rng(5)
    places, shown = rng.normal(0, 1, (3000, 2)), rng.permutation(7000)[:3000]
    drawn = ring(500)
    wanted = drawn.holds(places)
    text = address_text([drawn], places, shown, wanted)
    assert text is not None
    (read,) = read_selection(text).areas
    assert len(read.x) <= CORNERS_MOST
    assert len(text) < 1_000
    np.testing.assert_array_equal(read_selection(text).holds(places, shown), wanted)


def test_points_of_a_hidden_class_are_named_one_by_one() -> None:
    box = Area("box", (-1.0, 3.0), (-1.0, 2.0))
    text = address_text([box], PLACES, SHOWN, np.array([True, False, True, False]))
    assert text == "box_-1_-1_3_2~but_7"


def test_what_no_short_text_says_exactly_is_none() -> None:
    rng = np.random.default_rng(6)
    places, shown = rng.normal(0, 1, (300, 2)), np.arange(300)
    # All are inside, and far too many of them were not caught.
    assert address_text([ring(60, 9.0)], places, shown, shown < 100) is None
    # Every second corner lies far inside, and each tip holds a point.
    outer = ring(400)
    jagged = [
        Area("lasso", tuple(v * (0.2 if i % 2 else 1) for i, v in enumerate(outer.x)),
             tuple(v * (0.2 if i % 2 else 1) for i, v in enumerate(outer.y)))
    ]  # fmt: skip
    tips = np.stack([outer.x, outer.y], axis=1) * 0.98
    assert address_text(jagged, tips, np.arange(400), np.arange(400) % 2 == 0) is None


def test_a_charts_selection_is_read() -> None:
    event = {
        "selection": {
            "points": [],
            "box": [{"xref": "x", "yref": "y", "x": [0, 2], "y": [1, 3]}],
            "lasso": [{"x": [0, 1, 1], "y": [0, 0, 1]}, {"x": [0, 1], "y": [0, 0]}],
        }
    }
    assert drawn_areas(event) == (Area("box", (0.0, 2.0), (1.0, 3.0)), Area("lasso", (0.0, 1.0, 1.0), (0.0, 0.0, 1.0)))
    assert drawn_areas(None) == drawn_areas({"selection": {}}) == ()


@pytest.mark.parametrize(
    ("kind", "x", "y"),
    [("box", (0.0, 1.0, 2.0), (0.0, 1.0, 2.0)), ("lasso", (0.0, 1.0), (0.0, 1.0)), ("box", (0.0, np.inf), (0.0, 1.0))],
)
def test_an_area_has_its_corners(kind: str, x: tuple[float, ...], y: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="expected"):
        Area(kind, x, y)  # type: ignore[arg-type]
