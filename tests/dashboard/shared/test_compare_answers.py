import re

from dashboard.shared.figures.answers import answer_rows, common_order, probability_of, read_answers, shared_classes
from engine.labels import EMOTIONS
from tests.dashboard.made import make_prediction

FIRST = make_prediction(0.05, 0.0, 0.05, 0.6, 0.2, 0.05, 0.05)
SECOND = make_prediction(0.05, 0.0, 0.05, 0.3, 0.5, 0.05, 0.05)


def test_rows_are_the_same_classes_for_every_model_and_the_bars_one_scale() -> None:
    rows = answer_rows(["a", "b"], [FIRST, SECOND], (0, 1))
    labels = [re.sub("<.*?>", "", label) for label, _ in rows]
    assert labels[:2] == ["happy", "neutral"]
    assert sorted(labels) == sorted(EMOTIONS)
    happy = rows[0][1]
    assert len(happy) == 3
    assert 'aria-label="a: happy 60 %"' in happy[0]
    assert "width:60.00%" in happy[0]
    assert "width:30.00%" in happy[1]
    assert "fl-first" in happy[0]
    assert "fl-first" not in happy[1]


def test_the_difference_is_second_minus_first_on_one_scale_from_the_middle() -> None:
    found = answer_rows(["a", "b"], [FIRST, SECOND], (0, 1))
    rows = {re.sub("<.*?>", "", label): cells[-1] for label, cells in found}
    # ±30 points fill half the column each.
    assert "left:0.00%;width:50.00%" in rows["happy"]
    assert "−30.0" in rows["happy"]
    assert "left:50.00%;width:50.00%" in rows["neutral"]
    assert "+30.0" in rows["neutral"]
    assert "width:0.00%" in rows["sad"]
    swapped = answer_rows(["a", "b"], [FIRST, SECOND], (1, 0))
    assert "+30.0" in swapped[0][1][-1]


def test_classes_are_matched_by_name_and_not_by_place() -> None:
    turned = make_prediction(0.3, 0.1, 0.6, classes=("sad", "fear", "happy"))
    straight = make_prediction(0.6, 0.3, 0.1, classes=("happy", "sad", "fear"))
    assert probability_of(turned, "happy") == probability_of(straight, "happy")
    assert common_order([turned, straight]) == ("happy", "sad", "fear")
    assert all(">0.0<" in cells[-1] for _, cells in answer_rows(["a", "b"], [turned, straight], (0, 1)))


def test_the_sentence_says_whether_they_agree() -> None:
    assert read_answers(["a", "b"], [FIRST, FIRST]) == "Both answer happy: a 60 %, b 60 %."
    assert read_answers(["a", "b", "c"], [FIRST] * 3).startswith("All 3 answer happy")
    assert read_answers(["a", "b"], [FIRST, SECOND]) == "They disagree: a happy (60 %), b neutral (50 %)."


def test_classes_that_mean_the_same_are_shared_under_the_references_words() -> None:
    assert shared_classes([("angry", "happy", "sad"), ("Happy", "Anger", "bored")]) == ("angry", "happy")
    assert shared_classes([("Happy", "Anger"), ("angry", "happy"), ("anger", "joy")]) == ("Happy", "Anger")
