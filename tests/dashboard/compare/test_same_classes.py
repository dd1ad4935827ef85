"""Models whose classes are called otherwise stand beside each other in the words of the first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dashboard.views.compare import choice
from dashboard.views.compare.dataset import unlike_words
from engine.explain.explainer import to_prediction
from engine.models.checkpoint import read_card
from engine.places import checkpoint_path
from engine.records import Explanation, FaceExplanation

OWN = ("Happy", "Anger", "bored")


def made(target: str) -> FaceExplanation:
    logits = np.array([2.0, 1.0, 0.0], np.float32)
    one = Explanation("gradcam", "block4", target, np.zeros((2, 2), np.float32), False, 0.0, 0.0, 0.1)
    return FaceExplanation("theirs", to_prediction(logits, OWN, 0.1), (), (one,), np.zeros((8, 8), np.uint8), None, 0.1)


@pytest.mark.parametrize(
    ("asked", "given", "shown"),
    [
        (("angry", ""), "Anger", "angry"),
        (("angry", "happy"), "Anger - Happy", "angry − happy"),
    ],
)
def test_a_model_is_asked_in_its_own_words_and_answers_in_the_references(
    monkeypatch: pytest.MonkeyPatch, asked: tuple[str, str], given: str, shown: str
) -> None:
    reference = read_card(checkpoint_path("synthetic-cbam"))
    theirs = replace(reference, name="theirs", classes=OWN)
    called: list[Any] = []

    def explanation(*arguments: Any) -> FaceExplanation:
        called.append(arguments[-1])
        return made(given.replace(" - ", " − "))

    monkeypatch.setattr(choice.map_loaders, "explanation", explanation)
    where = ("digest", 0, True, np.zeros((8, 8), np.uint8), None)
    found = choice.explained(theirs, reference, "block4", asked, where)
    assert called == [given]
    assert found.prediction.classes == ("happy", "angry", "bored")
    assert found.prediction.label == "happy"
    assert found.maps[0].target == shown
    assert choice.answered((reference, theirs), found.prediction) == "happy"


def test_classes_that_are_called_otherwise_have_no_verdict_which_is_said() -> None:
    reference = read_card(checkpoint_path("synthetic-cbam"))
    rest = reference.classes[1:]
    assert unlike_words(reference, replace(reference, name="theirs", classes=("Anger", *rest))) == (
        "No verdict on a dataset, which takes models whose classes are called alike: synthetic-cbam says angry where "
        "theirs says Anger. Import one of them again with the other’s names."
    )
    for apart in (("contempt", *rest), rest):  # said above, for all models
        assert not unlike_words(reference, replace(reference, name="theirs", classes=apart))
