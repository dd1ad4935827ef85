from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.analysis.evaluation import StoredAnswers
from engine.analysis.factors import FACTORS, by_factor, drawn_levels, stored_factors
from engine.data.drawn import DATASET_SEED, SPLIT_COUNTS, synthetic_face, synthetic_id
from engine.errors import DataError
from engine.labels import EMOTIONS
from engine.synthetic.face import FaceParameters, sample_parameters
from engine.synthetic.units import prototype
from engine.synthetic.view import View
from tests.made import SHIPPED


def answers(right: np.ndarray, split: str = "test", dataset: str = "synthetic") -> StoredAnswers:
    """To the first faces of a split, right where ``right`` (N,) says so."""
    ids = tuple(synthetic_id(split, index) for index in range(len(right)))
    labels = np.arange(len(right)) % 7
    probabilities = np.eye(7)[np.where(right, labels, (labels + 1) % 7)]
    return StoredAnswers("made", dataset, split, EMOTIONS, ids, labels, probabilities, np.zeros((len(right), 2)))


def face(**view: object) -> FaceParameters:
    drawn = sample_parameters(DATASET_SEED, 0, split="test")
    return replace(drawn, view=View(**view))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("factor", "given", "level"),
    [
        ("yaw", {"yaw": 0.05}, "under 5°"),  # 2.9 degrees
        ("yaw", {"yaw": -0.1}, "5° to 12°"),  # 5.7 degrees to the other side
        ("yaw", {"yaw": 0.3}, "12° to 24°"),
        ("pitch", {"pitch": -0.08}, "4° to 10°"),
        ("roll", {"roll": 0.2}, "9° to 16°"),
        ("light", {"light": (0.0, -0.5, 1.0)}, "from the front"),
        ("light", {"light": (-1.0, 0.0, 1.0)}, "from the side, 30° or more"),  # 45 degrees
        ("shadow", {"ambient": 0.3}, "hard"),
        ("contrast", {"contrast": 1.1}, "high"),
        ("blur", {"blur": 0.4}, "yes"),
        ("covered", {"occluder": "strand"}, "by hair"),
        ("watermark", {"watermark": "photo"}, "yes"),
    ],
)
def test_the_level_of_a_view(factor: str, given: dict[str, object], level: str) -> None:
    place = FACTORS[factor].level(face(**given))
    assert place is not None
    assert FACTORS[factor].levels[place] == level


@pytest.mark.parametrize(
    ("factor", "given", "level"),
    [
        ("glasses", {"glasses": "round"}, "worn"),
        ("beard", {"beard": "none"}, "none"),
        ("hat", {"hat": "cap"}, "worn"),
        ("age", {"age": 0.9}, "many, 60 to 80"),
        ("skin", {"skin": 0.1}, "light"),
        ("features", {"feminine": 0.5}, "between"),
    ],
)
def test_the_level_of_an_identity(factor: str, given: dict[str, object], level: str) -> None:
    drawn = face()
    place = FACTORS[factor].level(replace(drawn, identity=replace(drawn.identity, **given)))  # type: ignore[arg-type]
    assert place is not None
    assert FACTORS[factor].levels[place] == level


def test_a_neutral_face_has_no_strength() -> None:
    strength = FACTORS["strength"].level
    assert strength(replace(face(), expression=prototype("neutral"))) is None
    assert strength(replace(face(), expression=prototype("happy", 0.4))) == 0
    assert strength(replace(face(), expression=prototype("happy", 1.0))) == 2


def test_levels_are_those_of_the_faces_that_are_drawn() -> None:
    levels = drawn_levels("val")
    assert len(levels) == SPLIT_COUNTS["val"]
    drawn = synthetic_face(synthetic_id("val", 12))
    assert levels["val/sad/00012"] == {name: factor.level(drawn.parameters) for name, factor in FACTORS.items()}


def test_accuracy_by_level_counts_each_face_once() -> None:
    worn = [level["glasses"] == 1 for level in list(drawn_levels("test").values())[:700]]
    found = by_factor(answers(~np.array(worn)))  # wrong on every face with glasses, right on all others
    none, with_glasses = found.of("glasses")
    assert (none.accuracy.mean, with_glasses.accuracy.mean) == (1.0, 0.0)
    assert with_glasses.accuracy.n == sum(worn) > 50
    assert found.p["glasses"] < 1e-10
    assert "glasses" in found.differing
    for name in FACTORS:
        counted = sum(row.accuracy.n for row in found.of(name))
        assert counted == (600 if name == "strength" else 700), name  # a seventh is neutral
    assert found.as_dict()["factors"]["glasses"]["levels"]["worn"]["n"] == sum(worn)


def test_p_is_pearsons_and_corrected() -> None:
    rng = np.random.default_rng(5)
    found = by_factor(answers(rng.random(3_000) < 0.5))
    assert found.differing == ()  # a coin knows no factor
    # All right: nothing to compare.
    assert set(by_factor(answers(np.ones(70, np.bool_))).p.values()) == {1.0}


def test_other_pictures_are_refused() -> None:
    with pytest.raises(DataError, match="Expected answers to the built-in faces, got fer2013 test"):
        by_factor(answers(np.ones(7, np.bool_), dataset="fer2013"))


def test_a_shipped_models_stored_answers() -> None:
    found = stored_factors(SHIPPED / "synthetic-cbam")
    assert found is not None
    assert (found.n, found.accuracy.mean) == (3_000, pytest.approx(0.943))
    assert "strength" in found.differing  # weak expressions are harder, whatever the net
    weak, _, strong = found.of("strength")
    assert (weak.accuracy.mean or 0) < (strong.accuracy.mean or 0)


def test_no_stored_answers_are_none(seeded_store: Path) -> None:
    assert stored_factors(seeded_store / "cbam") is None
