"""What a stored analysis says of audited pictures, on answers that are written by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.analysis.audited import Share, held_out_splits, judge
from engine.analysis.files.places import analysis_folder
from engine.analysis.people import Part
from engine.analysis.sweep.block import SweepSettings
from engine.analysis.sweep.finish import suspect
from engine.analysis.sweep.sweep import sweep
from engine.data.audit.audit import DataAudit, audit
from engine.data.dataset import FaceDataset
from engine.data.votes.file import read_votes
from engine.errors import DataError
from engine.measure.split import predict_dataset
from engine.models.checkpoint import load_checkpoint
from tests.made import write_seeded
from tests.made_audit import planted_pictures
from tests.made_votes import votes, write_made_table, write_votes


def part(found: DataAudit, names: set[str], split: str) -> FaceDataset:
    pictures = found.pictures
    inside = [i for i, name in enumerate(pictures.parts) if name in names]
    return FaceDataset(
        "fer2013",
        split,
        pictures.classes,
        pictures.images[inside],
        pictures.labels[inside],
        tuple(pictures.ids[i] for i in inside),
        pictures.duplicate_group[inside],
        in_train=found.copied[inside],
    )


@pytest.fixture(scope="module")
def found() -> DataAudit:
    return audit(planted_pictures())


@pytest.fixture
def folder(found: DataAudit, tmp_path: Path, narrow: None) -> Path:
    """A narrow untrained model, analysed on ``test`` and ``train`` of the planted pictures."""
    write_seeded(tmp_path / "one", "cbam")
    loaded = load_checkpoint("one", folder=tmp_path)
    for split, names in (("test", {"public", "private"}), ("train", {"train"})):
        out = analysis_folder(tmp_path / "one", "fer2013", split)
        sweep(loaded.model, loaded.card, part(found, names, split), out, settings=SweepSettings(gradcam=False), bare=2)
    return tmp_path


def test_suspects_and_accuracies_are_those_of_the_model_itself(found: DataAudit, folder: Path) -> None:
    loaded = load_checkpoint("one", folder=folder)
    test = part(found, {"public", "private"}, "test")
    probabilities = predict_dataset(loaded.model, loaded.card.input, test)
    expected = suspect(probabilities, test.labels)
    judged = judge(found, "one", folder=folder)
    assert (judged.model, judged.splits, judged.judged) == ("one", ("test",), 7)
    assert {one.id for one in judged.suspects} == {test.ids[i] for i in np.flatnonzero(expected.suggested >= 0)}
    scores = [one.score for one in judged.suspects]
    assert scores == sorted(scores, reverse=True)
    for one in judged.suspects:
        at = test.ids.index(one.id)
        assert one.score == pytest.approx(expected.score[at], abs=1e-5)
        assert one.suggested == test.classes[expected.suggested[at]] != one.label == test.classes[test.labels[at]]
    right = probabilities.argmax(1) == test.labels
    (accuracy,) = judged.accuracies
    assert accuracy.all == Share(7, int(right.sum()))
    assert test.in_train is not None
    assert accuracy.without_copies == Share(6, int(right[~test.in_train].sum()))
    near = np.array([name in {"test/sad/PrivateTest_3.png", "test/angry/PublicTest_5.png"} for name in test.ids])
    assert accuracy.without_near_copies == Share(4, int(right[~test.in_train & ~near].sum()))
    document = judged.as_dict()
    assert document["accuracy"]["test"]["all"]["n"] == 7
    assert document["suspected"] == len(document["suspects"]) == len(judged.suspects)


def test_training_pictures_are_never_judged(folder: Path, found: DataAudit) -> None:
    assert held_out_splits("one", "fer2013", folder=folder) == ("test",)
    analysis_folder(folder / "one", "fer2013", "test").rename(folder / "elsewhere")
    with pytest.raises(DataError, match="--model one --dataset fer2013 --split test"):
        judge(found, "one", folder=folder)


def test_halves_are_not_counted_beside_the_whole(folder: Path) -> None:
    whole = analysis_folder(folder / "one", "fer2013", "test")
    for half in ("public", "private"):
        (whole.parent / f"fer2013-{half}").mkdir()
        (whole.parent / f"fer2013-{half}" / "report.json").write_text("{}")
    assert held_out_splits("one", "fer2013", folder=folder) == ("test",)
    whole.rename(folder / "elsewhere")
    assert held_out_splits("one", "fer2013", folder=folder) == ("private", "public")


def test_an_analysis_of_other_pictures_is_refused(found: DataAudit, folder: Path) -> None:
    other = replace(found, pictures=replace(found.pictures, ids=tuple(f"{name}.jpg" for name in found.pictures.ids)))
    with pytest.raises(DataError, match=r"is of other pictures than these.*--split test --force"):
        judge(other, "one", folder=folder)


def test_no_share_of_nothing() -> None:
    assert Share(0, 0).as_dict() == {"n": 0, "accuracy": None, "interval": None}
    assert Share(4, 3).as_dict()["accuracy"] == 0.75


def test_how_often_people_confirm_a_suspicion(
    found: DataAudit, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody sees what the model suggests of the first suspect label, and the label of all other pictures."""
    plain = judge(found, "one", folder=folder)
    assert plain.people is None
    assert "people" not in plain.as_dict()
    (first, *others) = plain.suspects
    rows = []
    for name in found.pictures.ids:
        _, word, file = name.split("/")
        usage, number = file.removesuffix(".png").split("_")
        rows.append((usage, word, int(number)))
    monkeypatch.setattr("engine.data.votes.table.TABLE", write_made_table(tmp_path / "table.npz", rows))
    seen = [
        (usage, votes(**{first.suggested if name == first.id else word: 10}))
        for name, (usage, word, _) in zip(found.pictures.ids, rows, strict=True)
    ]
    file = read_votes(write_votes(tmp_path / "v.csv", seen))
    people = judge(found, "one", folder=folder, votes=file).people
    assert people is not None
    assert people.confirmed == people.not_majority == Part(1, 1 + len(others))
    assert people.base == Part(1, plain.judged)
    assert judge(found, "one", folder=folder, votes=file).as_dict()["people"]["confirmed"]["count"] == 1
