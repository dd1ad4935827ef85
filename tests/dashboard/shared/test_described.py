from __future__ import annotations

import numpy as np
import pytest

from dashboard.shared.figures.described import thirds, where_words


def spot(row: int, column: int, size: int = 6, others: float = 0.1) -> np.ndarray:
    values = np.full((size, size), others, np.float32)
    values[row, column] = 1.0
    return values


@pytest.mark.parametrize(
    ("row", "column", "place"),
    [
        (4, 3, "strongest in the lower middle, at the mouth"),
        (2, 1, "strongest in the left, at the eyes"),
        (3, 3, "strongest in the centre, at the nose"),
        (0, 0, "strongest in the upper left, beside the face"),
    ],
)
def test_the_strongest_place_by_thirds_and_part_of_the_face(row: int, column: int, place: str) -> None:
    assert where_words(spot(row, column)).startswith(f"{place};")


def test_how_the_mass_lies_over_the_height() -> None:
    assert thirds(np.ones((2, 2), np.float32)) == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    assert thirds(np.array([[3.0], [0.0], [1.0]])) == pytest.approx((0.75, 0.0, 0.25))
    assert where_words(spot(4, 3, others=0.0)).endswith("100 % of it in the lower third")
    assert where_words(spot(4, 3, others=0.5)).endswith("spread over the whole height")


def test_a_map_that_has_no_place_says_so() -> None:
    assert where_words(np.zeros((2, 2))) == "zero everywhere"
    assert where_words(np.array([[0.5, 0.505], [0.5, 0.5]])) == "the same everywhere"
    assert where_words(np.array([[-1.0, 0.0]])) == "no positive values"


def test_both_sides_of_a_signed_map() -> None:
    values = np.zeros((6, 6))
    values[0, 5], values[5, 0] = 2.0, -1.0
    said = where_words(values, signed=True)
    assert said.startswith("positive values strongest in the upper right")
    assert "; negative values strongest in the lower left" in said
