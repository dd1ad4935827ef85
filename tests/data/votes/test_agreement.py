from __future__ import annotations

import numpy as np

from engine.data.votes.agreement import AGREEMENTS, SIDES, agreement_of, sides_of
from engine.labels import EMOTIONS
from tests.made_votes import votes

NAMES, WHO = list(AGREEMENTS), list(SIDES)


def test_how_much_people_agree() -> None:
    rows = np.array([
        votes(happy=10), votes(happy=9, unknown=1), votes(happy=6, sad=4), votes(happy=5, sad=5),
        votes(happy=5, unknown=5), votes(unknown=10), votes(), votes(happy=20),
    ])  # fmt: skip
    found = [NAMES[level] if level >= 0 else None for level in agreement_of(rows)]
    assert found == ["unanimous", "clear", "clear", "contested", "contested", None, None, "unanimous"]


def test_with_whom_people_side() -> None:
    happy, sad, fear = (EMOTIONS.index(name) for name in ("happy", "sad", "fear"))
    rows = np.array([votes(happy=6, sad=4), votes(happy=2, sad=3, neutral=5), votes(happy=5, sad=5), votes(neutral=10)])
    answers, labels = np.full(4, happy), np.full(4, sad)
    assert [WHO[side] for side in sides_of(rows, answers, labels, EMOTIONS)] == ["model", "label", "neither", "neither"]
    assert WHO[sides_of(rows[:1], np.array([fear]), np.array([happy]), EMOTIONS)[0]] == "label"
