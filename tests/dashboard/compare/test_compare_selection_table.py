from __future__ import annotations

from dataclasses import replace

import pytest

from dashboard.shared.figures.pair import RANKS, TOP
from dashboard.views.compare.figures.tables import Compared, read_selection, selection_rows
from engine.records import FaceExplanation
from tests.dashboard.made import make_map, make_prediction

HAPPY = make_prediction(0.01, 0.01, 0.01, 0.93, 0.02, 0.01, 0.01)
SAD = make_prediction(0.01, 0.01, 0.01, 0.02, 0.02, 0.92, 0.01)
RISING = make_map([[0.0, 1.0], [2.0, 3.0]])
FALLING = make_map([[3.0, 2.0], [1.0, 0.0]])
NOTHING = make_map([[0.0, 0.0], [0.0, 0.0]])


@pytest.fixture
def pictures(explained: FaceExplanation) -> list[Compared]:
    def seen(prediction: object, heatmap: object) -> FaceExplanation:
        return replace(explained, prediction=prediction, maps=(heatmap,))  # type: ignore[arg-type]

    return [
        Compared("a", "happy", (seen(HAPPY, RISING), seen(HAPPY, RISING))),
        Compared("b", "happy", (seen(HAPPY, RISING), seen(SAD, FALLING))),
        Compared("c", "sad", (seen(HAPPY, RISING), seen(SAD, NOTHING))),
        Compared("d", "sad", (seen(SAD, RISING), seen(SAD, RISING)), comparable=False),
    ]


def test_a_row_a_picture_and_maps_that_cannot_be_compared_are_empty(pictures: list[Compared]) -> None:
    rows = selection_rows(["one", "two"], pictures, (0, 1))
    assert rows[1]["picture"] == "b"
    assert (rows[1]["label"], rows[1]["one"], rows[1]["two"]) == ("happy", "happy 93 %", "sad 92 %")
    assert [row[RANKS] for row in rows] == [pytest.approx(1.0), pytest.approx(-1.0), None, None]
    assert [row[TOP] for row in rows] == [1.0, 0.0, None, None]
    unlabelled = [replace(one, truth=None) for one in pictures]
    assert "label" not in selection_rows(["one", "two"], unlabelled, (0, 1))[0]


def test_the_sentence_counts_answers_and_says_of_how_many_pictures(pictures: list[Compared]) -> None:
    said = read_selection(["one", "two"], pictures, (0, 1))
    assert "Answered as labelled, of 4: one 3, two 3." in said
    assert "one and two give the same answer to 2 of 4." in said
    assert "n = 2; of the strongest tenth of cells 50 %" in said
    assert "(unrelated maps: 25 %)" in said  # one cell of four
    assert "labelled" not in read_selection(["one", "two"], [replace(one, truth=None) for one in pictures], (0, 1))
