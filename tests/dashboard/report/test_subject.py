"""What a page is about: nouns and colours."""

from __future__ import annotations

from contextvars import copy_context
from dataclasses import replace
from pathlib import Path

import pytest

from dashboard.report import subject
from engine.draw.class_colours import OTHER, PALETTE
from engine.labels import EMOTION_COLORS
from engine.models.checkpoint import read_card
from engine.records import RunCard
from tests.made_adopted import write_adopted


@pytest.fixture
def card(tmp_path: Path) -> RunCard:
    write_adopted(tmp_path / "net")
    return read_card(tmp_path / "net")


def test_the_words_follow_the_models_of_the_page(card: RunCard) -> None:
    def words(*cards: RunCard) -> tuple[str, str, bool, str]:
        subject.about(*cards)
        return subject.face(), subject.emotion(), subject.is_about_pictures(), subject.colour_of("a")

    pictures, faces = replace(card, domain="pictures"), replace(card, domain="faces")
    assert copy_context().run(words, pictures) == ("picture", "class", True, PALETTE[0])
    assert copy_context().run(words, faces) == ("face", "emotion", False, PALETTE[0])
    assert copy_context().run(words, faces, pictures)[0] == "picture"
    assert subject.colour_of("a") == OTHER  # another page knows nothing of it
    assert subject.colour_of("sad") == EMOTION_COLORS["sad"]
