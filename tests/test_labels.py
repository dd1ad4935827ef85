"""The vocabulary of emotions, and which classes of two models mean the same."""

from __future__ import annotations

import pytest

from engine.labels import same_classes


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (("angry", "happy"), ("happy", "angry"), {"angry": "angry", "happy": "happy"}),
        (("angry", "happy", "sad"), ("Sad", "Anger", "0_happy"), {"angry": "Anger", "happy": "0_happy", "sad": "Sad"}),
        (("cat", "dog"), ("Dog", "bird"), {"dog": "Dog"}),
        (("a", "A", "b"), ("a", "B"), {"a": "a", "b": "B"}),  # never two of one
        (("a", "A"), ("á", "b"), {}),
        (("anger", "joyful", "angry"), ("ANGRY",), {"angry": "ANGRY"}),  # two of one meaning: the one of its letters
        (("anger", "Angry "), ("mad", "0_angry"), {}),  # which of the two is not known
        (("angry",), ("angry", "anger"), {"angry": "angry"}),
    ],
)
def test_classes_of_two_models(first: tuple[str, ...], second: tuple[str, ...], same: dict[str, str]) -> None:
    assert same_classes(first, second) == same
    assert same_classes(second, first) == {own: name for name, own in same.items()}
