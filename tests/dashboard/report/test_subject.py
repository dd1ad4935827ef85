"""What a page is about: nouns and colours."""

from __future__ import annotations

from contextvars import copy_context
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest

from dashboard.report import subject
from engine.labels import EMOTION_COLORS
from engine.models.checkpoint import read_card
from engine.records import RunCard
from tests.made_adopted import write_adopted


@pytest.fixture
def card(tmp_path: Path) -> RunCard:
    write_adopted(tmp_path / "net")
    return read_card(tmp_path / "net")


def test_emotions_keep_their_colours_under_any_usual_name() -> None:
    found = subject.colours_of(("Anger", "cat", "joy"))
    assert found["Anger"] == EMOTION_COLORS["angry"]
    assert found["joy"] == EMOTION_COLORS["happy"]
    assert found["cat"] == subject.PALETTE[0]


def test_twelve_classes_have_distinct_colours_and_thirteen_have_none() -> None:
    twelve = subject.colours_of([f"c{number}" for number in range(12)])
    assert len(set(twelve.values())) == 12
    assert subject.colours_of([f"c{number}" for number in range(13)]) == {}


def test_colours_are_told_apart_by_who_sees_no_red_or_no_green() -> None:
    """Viénot, Brettel, Mollon 1999: the confusion planes, on linear RGB; no pair falls together."""
    deficits = (
        ((0.11238, 0.88762, 0.0), (0.11238, 0.88762, 0.0), (0.00401, -0.00401, 1.0)),
        ((0.29275, 0.70725, 0.0), (0.29275, 0.70725, 0.0), (-0.02234, 0.02234, 1.0)),
    )
    for rows in deficits:
        seen = []
        for colour in subject.PALETTE:
            linear = [(value / 255) ** 2.2 for value in bytes.fromhex(colour[1:])]
            mixed = [max(0.0, sum(a * b for a, b in zip(row, linear, strict=True))) for row in rows]
            seen.append([255 * value ** (1 / 2.2) for value in mixed])
        apart = [sum((a - b) ** 2 for a, b in zip(one, two, strict=True)) ** 0.5 for one, two in combinations(seen, 2)]
        assert min(apart) > 12


def test_the_words_follow_the_models_of_the_page(card: RunCard) -> None:
    def words(*cards: RunCard) -> tuple[str, str, bool, str]:
        subject.about(*cards)
        return subject.face(), subject.emotion(), subject.is_about_pictures(), subject.colour_of("a")

    pictures, faces = replace(card, domain="pictures"), replace(card, domain="faces")
    assert copy_context().run(words, pictures) == ("picture", "class", True, subject.PALETTE[0])
    assert copy_context().run(words, faces) == ("face", "emotion", False, subject.PALETTE[0])
    assert copy_context().run(words, faces, pictures)[0] == "picture"
    assert subject.colour_of("a") == subject.OTHER  # another page knows nothing of it
    assert subject.colour_of("sad") == EMOTION_COLORS["sad"]
