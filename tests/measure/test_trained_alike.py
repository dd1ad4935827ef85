"""What differs between two recipes besides the architecture is named; what an older card does not know is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.measure.trained_alike import alike_words, training_differences
from engine.models.checkpoint import read_card
from engine.records import RunCard
from tests.made import SHIPPED

RECIPE: dict[str, Any] = {
    "model": {"architecture": "baseline"},
    "optimiser": {"kind": "adamw", "learning_rate": 0.002},
    "schedule": {"epochs": 40},
    "loss": {"label_smoothing": 0.1, "class_weights": "none"},
    "data": {"dataset": "fer2013", "train": "train"},
    "seed": 0,
    "chosen_epoch": 3,
    "start": {},
}


@pytest.fixture
def card() -> RunCard:
    card = read_card(SHIPPED / "synthetic-baseline")
    return replace(card, recipe=RECIPE, data={"train": {"fingerprint": "abc", "n": 3}})


def test_architecture_seed_and_chosen_epoch_do_not_count(card: RunCard) -> None:
    other = {**RECIPE, "model": {"architecture": "cbam"}, "seed": 5, "chosen_epoch": 9, "training_seconds": 7}
    assert training_differences(card, replace(card, recipe=other)) == ()
    assert alike_words(()) == ""


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"schedule": {"epochs": 5}}, ("schedule",)),
        (
            {"optimiser": {"kind": "sgd", "learning_rate": 0.002}, "loss": {"label_smoothing": 0.0}},
            ("optimiser", "loss"),
        ),
        ({"start": {"name": "trunk"}}, ("weights at the start",)),
        ({"data": {"dataset": "synthetic", "train": "train"}}, ("data",)),
        ({"loss": {"label_smoothing": 0.1}, "distillation": {"weight": 0.5}}, ()),  # one card is older than the entry
    ],
)
def test_what_differs_is_named(card: RunCard, change: dict[str, Any], named: tuple[str, ...]) -> None:
    other = replace(card, recipe={**RECIPE, **change})
    assert training_differences(card, other) == training_differences(other, card) == named


def test_other_training_pictures_are_named_in_the_sentence(card: RunCard) -> None:
    differences = training_differences(card, replace(card, data={"train": {"fingerprint": "xyz", "n": 3}}))
    assert alike_words(differences) == (
        "They were not trained alike (training pictures), so a difference is not of the architecture alone."
    )
