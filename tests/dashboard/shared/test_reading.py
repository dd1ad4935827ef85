import numpy as np
import pytest

from dashboard.shared.figures.face import certainty, read_answer, read_map, upper_share
from tests.dashboard.made import make_map, make_prediction


@pytest.mark.parametrize(
    ("top", "word"), [(0.93, "Confident"), (0.8, "Confident"), (0.6, "Fairly sure"), (0.4, "Unsure")]
)
def test_certainty(top: float, word: str) -> None:
    rest = (1 - top) / 6
    assert certainty(make_prediction(rest, rest, rest, top, rest, rest, rest)) == word


def test_upper_share_of_even_and_odd_grids() -> None:
    assert upper_share(np.array([[3.0], [1.0]], dtype=np.float32)) == pytest.approx(0.75)
    # Three rows 1, 2, 1: the middle one counts half to either side.
    assert upper_share(np.array([[1.0], [2.0], [1.0]], dtype=np.float32)) == pytest.approx(0.5)
    assert upper_share(np.array([[-5.0], [1.0]], dtype=np.float32)) == 0.0
    assert upper_share(np.zeros((2, 2), dtype=np.float32)) == 0.5


def test_map_sentences() -> None:
    assert read_map(make_map([[0.0, 1.0], [1.0, 2.0]])) == (
        "75 % of the mass of Grad-CAM for happy at block 4 lies on the lower half of the face (a uniform map: 50 %)."
    )
    assert "upper half" in read_map(make_map([[9.0], [1.0]]))
    assert "evenly" in read_map(make_map([[1.0], [1.0]]))
    assert read_map(make_map([[0.0]], raw_maximum=-0.1)).endswith("finds no positive evidence for happy.")


def test_answer_sentences() -> None:
    assert (
        read_answer(make_prediction(0.01, 0.01, 0.01, 0.93, 0.02, 0.01, 0.01))
        == "Confident: happy, well before neutral."
    )
    unsure = make_prediction(0.1, 0.1, 0.1, 0.3, 0.2, 0.1, 0.1)
    assert read_answer(unsure) == "Unsure: happy 30 % or neutral 20 %."
    assert read_answer(make_prediction(0.02, 0.02, 0.02, 0.6, 0.3, 0.02, 0.02)) == "Fairly sure: happy, then neutral."
