from __future__ import annotations

import math

import pytest
import torch

from engine.errors import UnknownNameError, UsageError
from engine.explain.target import Target, as_target, class_index

LOGITS = torch.tensor([[1.0, 4.0, 2.0], [3.0, 0.0, -1.0]])
CLASSES = ("angry", "happy", "sad")


@pytest.mark.parametrize(
    ("target", "scalar", "name"),
    [
        (Target(), [4.0, 3.0], "happy"),  # each picture's own predicted class
        (Target("sad"), [2.0, -1.0], "sad"),
        (Target("sad", "angry"), [1.0, -4.0], "sad − angry"),
        (Target(minus="sad"), [2.0, 4.0], "happy − sad"),
    ],
)
def test_by_hand(target: Target, scalar: list[float], name: str) -> None:
    found, found_name = target.resolve(LOGITS, CLASSES)
    assert found.tolist() == scalar
    assert found_name == name


@pytest.mark.parametrize("target", [Target("bored"), Target("sad", "bored")])
def test_an_unknown_class_lists_the_valid_ones(target: Target) -> None:
    with pytest.raises(UnknownNameError, match="Unknown class 'bored'; valid: angry, happy, sad"):
        target.resolve(LOGITS, CLASSES)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("happy", Target("happy")),
        (" predicted ", Target("predicted")),
        ("happy-sad", Target("happy", "sad")),
        ("predicted − true", Target("predicted", "true")),
        ("true – angry", Target("true", "angry")),
    ],
)
def test_reading(text: str, target: Target) -> None:
    assert Target.parse(text) == target
    assert as_target(text) == target
    assert as_target(target) is target
    assert as_target(None) == Target()


@pytest.mark.parametrize("text", ["", "-", "happy-", "-sad", "a-b-c", "happy--sad"])
def test_nonsense_is_one_sentence(text: str) -> None:
    with pytest.raises(UsageError, match="Expected one class, or two with a minus between as in 'happy-sad', got '"):
        Target.parse(text)


@pytest.mark.parametrize(
    ("target", "truth", "scalar", "name"),
    [
        (Target("predicted"), None, [4.0, 3.0], "happy"),
        (Target("true"), 2, [2.0, -1.0], "sad"),
        (Target("true"), (2, 1), [2.0, 0.0], "sad"),
        (Target("predicted", "true"), (2, 1), [2.0, 3.0], "happy − sad"),
        (Target("predicted", "true"), (2, 0), [2.0, 0.0], "happy − sad"),  # the second is right: nothing between
        (Target("true", "angry"), 1, [3.0, -3.0], "happy − angry"),
    ],
)
def test_the_true_class(target: Target, truth: int | tuple[int, ...] | None, scalar: list[float], name: str) -> None:
    found, found_name = target.resolve(LOGITS, CLASSES, truth)
    assert found.tolist() == scalar
    assert found_name == name


@pytest.mark.parametrize("truth", [None, -1])
def test_an_unknown_truth_is_said(truth: int | None) -> None:
    with pytest.raises(UsageError, match="The true class of this picture is not known"):
        Target("true").resolve(LOGITS, CLASSES, truth)


def test_a_contrast_of_a_class_with_itself_is_refused() -> None:
    with pytest.raises(UsageError, match="'happy' is on both sides"):
        Target.parse("happy - happy")
    with pytest.raises(UsageError, match="'predicted' and 'true' are both happy"):
        Target("predicted", "true").resolve(LOGITS[:1], CLASSES, 1)


def test_a_settled_target_keeps_its_classes_when_the_answer_changes() -> None:
    settled = Target(minus="sad").settle(LOGITS, CLASSES)
    assert (settled.plus, settled.minus, settled.name) == ((1, 0), (2, 2), "happy − sad")
    # Two rows a picture, in which other classes win.
    rows = torch.tensor([[9.0, 1.0, 0.0], [0.0, 0.0, 5.0], [1.0, 7.0, 0.0], [2.0, 0.0, 8.0]])
    assert settled.scalar(rows).tolist() == [1.0, -5.0, 1.0, -6.0]
    # A contrast's probability is that of one of the two: sigmoid(1).
    assert settled.probability(rows)[0].item() == pytest.approx(1 / (1 + math.exp(-1)))
    one = Target("happy").settle(LOGITS, CLASSES)
    assert one.probability(torch.log(torch.tensor([[0.2, 0.5, 0.3], [0.7, 0.2, 0.1]]))).tolist() == pytest.approx(
        [0.5, 0.2]
    )
    assert Target.parse(settled.of(1).name) == Target("happy", "sad")
    with pytest.raises(ValueError, match="rows in turn for 2 pictures, got 3 rows"):
        settled.scalar(rows[:3])


def test_a_class_by_name() -> None:
    assert class_index(None, CLASSES) is None
    assert class_index("sad", CLASSES) == 2
    with pytest.raises(UnknownNameError, match="Unknown class 'bored'"):
        class_index("bored", CLASSES)


def test_a_long_text_is_cut_in_the_message() -> None:
    with pytest.raises(UsageError) as raised:
        Target.parse("-" * 50_000)
    assert len(str(raised.value)) < 500


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("black-and-tan", Target("black-and-tan")),
        ("black-and-tan - t-shirt", Target("black-and-tan", "t-shirt")),
        ("t-shirt-predicted", Target("t-shirt", "predicted")),
        ("plain", Target("plain")),
        ("plain - t-shirt", Target("plain", "t-shirt")),
    ],
)
def test_a_dash_in_a_class_is_told_from_one_between_two(text: str, target: Target) -> None:
    assert Target.parse(text, ("black-and-tan", "t-shirt", "plain")) == target


def test_a_target_is_words() -> None:
    with pytest.raises(UsageError, match="Expected target as a class's name, predicted or true, got 3"):
        as_target(3)  # type: ignore[arg-type]
