from typing import Any

import numpy as np
import pytest

from dashboard.shared.figures.confusion import Confusion, cell_text, clicked, confusion_figure

CLASSES = ("happy", "sad")
COUNTS = np.array([[5, 2], [1, 4]], np.int64)


def event(*data: Any) -> dict[str, Any]:
    return {"selection": {"points": [{"customdata": list(data)}]}}


def test_rows_are_true_classes_and_each_cell_can_be_clicked() -> None:
    figure = confusion_figure(Confusion(CLASSES, COUNTS, COUNTS.astype(float)), click=3)
    heat, grid = figure.data
    assert [list(row) for row in heat.z] == [[5, 2], [1, 4]]
    assert list(figure.layout.yaxis.range) == [1.5, -0.5]  # the first class is on top
    assert [list(entry) for entry in grid.customdata] == [
        ["happy", "happy", 3], ["happy", "sad", 3], ["sad", "happy", 3], ["sad", "sad", 3],
    ]  # fmt: skip
    # The marker of a cell lies on it: x is the answer, y the true class.
    assert (grid.x[1], grid.y[1]) == ("sad", "happy")
    assert grid.marker.opacity == grid.unselected.marker.opacity == 0.01
    assert "happy answered as <b>sad</b><br>2 pictures" in grid.hovertext[1]


def test_a_hidden_diagonal_leaves_the_colours_to_the_mistakes() -> None:
    figure = confusion_figure(Confusion(CLASSES, COUNTS, COUNTS.astype(float)), hide_diagonal=True)
    assert [list(row) for row in figure.data[0].z] == [[None, 2], [1, None]]
    assert figure.data[0].zmax == 2
    assert figure.data[0].text[0][0] == ""


def test_a_difference_has_its_middle_at_zero() -> None:
    figure = confusion_figure(Confusion(CLASSES, COUNTS, np.array([[0.1, -0.3], [np.nan, 0]]), True, True))
    assert (figure.data[0].zmin, figure.data[0].zmax) == (-0.3, 0.3)
    assert [list(row) for row in figure.data[0].text] == [["+10 pp", "−30 pp"], ["", "0 pp"]]


def test_what_is_chosen_is_outlined() -> None:
    drawn = Confusion(CLASSES, COUNTS, COUNTS.astype(float))
    assert len(confusion_figure(drawn).layout.shapes) == 0
    (shape,) = confusion_figure(drawn, chosen=(["sad"], ["happy"])).layout.shapes
    assert (shape.x0, shape.y0) == (-0.48, 0.52)
    assert len(confusion_figure(drawn, chosen=(["sad"], [])).layout.shapes) == 2


@pytest.mark.parametrize(
    ("value", "shares", "difference", "text"),
    [
        (1234.0, False, False, "1,234"),
        (0.124, True, False, "12 %"),
        (-4.0, False, True, "−4"),
        (0.001, True, True, "0 pp"),
    ],
)
def test_cells_carry_units_and_signs(value: float, shares: bool, difference: bool, text: str) -> None:
    assert cell_text(value, shares=shares, difference=difference) == text


def test_a_click_counts_once() -> None:
    assert clicked(event("happy", "sad", 2), 2, CLASSES) == ("happy", "sad")
    assert clicked(event("happy", "sad", 1), 2, CLASSES) is None  # dealt with before
    assert clicked(event("happy", "bored", 2), 2, CLASSES) is None
    assert clicked({"selection": {"points": [{"customdata": {"0": "sad", "1": "happy", "2": 0}}]}}, 0, CLASSES) == (
        "sad",
        "happy",
    )
    assert clicked(None, 0, CLASSES) is None
    assert clicked({"selection": {"points": []}}, 0, CLASSES) is None
