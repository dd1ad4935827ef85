from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.data.dataset import FaceDataset
from engine.data.drawn import synthetic_face, synthetic_id
from engine.errors import DataError, UnknownNameError
from engine.evidence import answers as evidence_answers
from engine.evidence.answers import SplitAnswers, answer_split, faces_of_class, fitting_models
from engine.evidence.maps import compute_maps
from engine.evidence.pictures import draw_known
from engine.labels import CK_EMOTIONS, EMOTIONS
from engine.models.checkpoint import LoadedModel, load_checkpoint
from tests.made import write_seeded

COUNT = 12


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    folder: Path = tmp_path_factory.mktemp("answers")
    write_seeded(folder / "spatial", "spatial")
    return load_checkpoint("spatial", folder=folder)


@pytest.fixture(scope="module")
def faces() -> FaceDataset:
    ids = tuple(synthetic_id("test", index) for index in range(COUNT))
    return FaceDataset(
        name="synthetic",
        split="test",
        classes=EMOTIONS,
        images=np.stack([synthetic_face(face_id).image for face_id in ids]),
        labels=np.arange(COUNT, dtype=np.int64) % 7,
        ids=ids,
        duplicate_group=np.arange(COUNT, dtype=np.int64),
    )


def test_choosing_by_answer_by_hand() -> None:
    answers = SplitAnswers(np.array([0, 1, 2, 3]), np.array([0, 2, 2, 5]), np.array([0, 2, 1, 1]))
    assert answers.where("all") == (0, 1, 2, 3)
    assert answers.where("right") == (0, 2)  # the first with its own class's mark: right, not fooled
    assert answers.where("wrong") == (1, 3)
    assert answers.where("fooled") == (1,)
    with pytest.raises(UnknownNameError, match="all, right, wrong"):
        replace(answers, cues=None).where("fooled")


def test_faces_of_a_class_take_turns() -> None:
    assert faces_of_class("happy")[:3] == (3, 10, 17)
    assert faces_of_class(None) == tuple(range(3000))
    assert sum(len(faces_of_class(name)) for name in EMOTIONS) == 3000
    with pytest.raises(UnknownNameError):
        faces_of_class("bored")


@pytest.mark.parametrize("variant", ["plain", "spurious"])
def test_answers_are_the_benchmarks(
    loaded: LoadedModel, faces: FaceDataset, variant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence_answers, "BLOCK", 5)
    (batch,) = draw_known("test", size=48, channels=1, variant=variant, limit=COUNT, batch=COUNT)
    found = compute_maps(loaded.model, batch.images, classes=EMOTIONS, spec=loaded.card.input)
    told: list[int] = []
    answers = answer_split(loaded.model, loaded.card, faces, variant=variant, progress=told.append)
    assert np.array_equal(answers.answers, found.answers)
    assert np.array_equal(answers.labels, batch.labels)
    assert told == [5, 5, 2]
    if variant == "plain":
        assert answers.cues is None
    else:
        assert batch.cues is not None
        assert np.array_equal(answers.cues, batch.cues)


def test_a_part_of_the_split_keeps_its_own_marks(loaded: LoadedModel, faces: FaceDataset) -> None:
    whole = answer_split(loaded.model, loaded.card, faces, variant="spurious")
    part = answer_split(loaded.model, loaded.card, faces.subset([7, 9]), variant="spurious")
    assert whole.cues is not None
    assert np.array_equal(part.cues, whole.cues[[7, 9]])
    assert np.array_equal(part.answers, whole.answers[[7, 9]])


def test_models_that_fit_and_their_order(loaded: LoadedModel, faces: FaceDataset) -> None:
    card = loaded.card
    cards = (
        replace(card, name="a", data={"dataset": "fer2013"}),
        replace(card, name="ck", classes=CK_EMOTIONS),
        replace(card, name="z", data={"dataset": "synthetic"}),
        replace(card, name="b"),
    )
    assert [found.name for found in fitting_models(cards)] == ["z", "a", "b"]
    with pytest.raises(DataError, match="contempt"):
        answer_split(loaded.model, cards[1], faces)
