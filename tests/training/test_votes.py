from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from engine.data import load_dataset
from engine.data.votes.file import VOTES_VARIABLE, read_votes
from engine.data.votes.join import with_votes
from engine.errors import DataError
from engine.labels import EMOTIONS, VOCABULARY
from engine.models.checkpoint import load_checkpoint
from engine.records import InputSpec
from engine.training.recipe import Recipe, change
from engine.training.votes import class_shares, vote_choice, vote_temperature
from tests.made import make_dataset
from tests.made_votes import order_of, pattern_votes, votes, write_votes
from tests.training.made import outcome, recipe_of, trainer_in
from tests.training.made_fit import narrow_recipe, train_in

SPEC = InputSpec(48, 1, (0.0,), (1.0,))


def turned(word: str) -> str:
    """The class after ``word``: what people see in these made votes."""
    return EMOTIONS[(EMOTIONS.index(word) + 1) % 7]


@pytest.fixture
def file(tmp_path: Path, pattern_table: None) -> Path:
    """Seven of ten people see the next class, two the label, one nothing; two training pictures are unclear."""
    rows = {
        (usage, word, number): votes(**{turned(word): 7, word: 2, "unknown": 1}) for usage, word, number in order_of()
    }
    rows["Training", "angry", 0] = votes(angry=5, sad=5)
    rows["Training", "angry", 1] = votes(unknown=10)
    return write_votes(tmp_path / "v.csv", pattern_votes(rows))


def voting(**changed: object) -> Recipe:
    return change(narrow_recipe(), "votes", **{"target": "votes", **changed})


def test_a_model_learns_what_people_saw(place: Path, patterns: Path, file: Path) -> None:
    result = train_in(place, recipe=change(voting(), "schedule", epochs=10), votes=file)
    assert result.best_val_accuracy >= 0.5  # of the majority; by the label it would be nearly 0
    said = result.card.data["votes"]  # type: ignore[union-attr]
    assert (said["target"], said["classes"], said["weight"], said["outliers"]) == ("probability", 7, 1.0, "removed")
    assert said["sha256"] == read_votes(file).sha256
    assert sum(said["left_out"]["train"].values()) + sum(said["left_out"]["val"].values()) in {1, 2}
    assert "more than half" in said["val"]
    chosen = result.card.metrics["fer2013/val/chosen"]  # type: ignore[union-attr]
    assert "right is the emotion with more than half of the votes" in chosen["protocol"]
    fitted = chosen["vote_temperature"]
    assert fitted["n"] == chosen["n"]
    assert fitted["cross_entropy_nats_after"] <= fitted["cross_entropy_nats_before"]
    assert load_checkpoint("mine").card.classes == EMOTIONS


def test_eight_classes(place: Path, file: Path) -> None:
    recipe = change(change(voting(target="labels"), "data", dataset="ferplus"), "schedule", epochs=1)
    result = train_in(place, recipe=recipe, votes=file)
    assert result.card is not None
    assert result.card.classes == VOCABULARY
    assert result.card.data["votes"]["target"] == "majority"


def test_without_the_file_it_says_where_to_get_it(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VOTES_VARIABLE, raising=False)
    with pytest.raises(DataError, match=r"take fer2013new\.csv from"):
        train_in(place, recipe=voting())


def test_the_choice(file: Path, patterns: Path) -> None:
    plain = narrow_recipe()
    assert vote_choice(plain, file, patterns) is None
    learnt = vote_choice(voting(weight=0.7), file, patterns)
    chooses = vote_choice(voting(weight=0.7), file, patterns, chooses=True)
    assert learnt is not None
    assert chooses is not None
    assert (learnt.target, learnt.weight, learnt.classes) == ("probability", 0.7, 7)
    assert (chooses.target, chooses.weight, chooses.classes) == ("majority", 1.0, 7)
    eight = vote_choice(change(plain, "data", dataset="ferplus"), file, patterns)
    assert eight is not None
    assert (eight.target, eight.classes) == ("majority", 8)


def test_targets_and_not_labels_are_learnt(tmp_path: Path) -> None:
    """Labels of another order change nothing where there are targets; other targets do."""
    train = make_dataset(12, seed=1)
    targets = np.eye(7, dtype=np.float32)[train.labels] * 0.7 + np.float32(0.3 / 7)
    one = trainer_in(tmp_path / "one", train=replace(train, targets=targets))
    shuffled = replace(train, targets=targets, labels=train.labels[::-1].copy())
    two = trainer_in(tmp_path / "two", train=shuffled)
    three = trainer_in(tmp_path / "three", train=train)
    for trainer in (one, two, three):
        trainer.run()
    assert outcome(one)["history"] == outcome(two)["history"] != outcome(three)["history"]


def test_soft_targets_of_labels_are_the_labels(tmp_path: Path) -> None:
    train = make_dataset(12, seed=1)
    one = trainer_in(tmp_path / "one", train=replace(train, targets=np.eye(7, dtype=np.float32)[train.labels]))
    two = trainer_in(tmp_path / "two", train=train)
    one.run()
    two.run()
    assert outcome(one)["history"] == outcome(two)["history"]


def test_a_run_does_not_go_on_with_other_votes(tmp_path: Path) -> None:
    train = make_dataset(12, seed=1)
    targets = np.eye(7, dtype=np.float32)[train.labels]
    trainer = trainer_in(tmp_path, train=replace(train, targets=targets))
    trainer.run(seconds=-1.0)
    other = trainer_in(tmp_path, train=replace(train, targets=targets[::-1].copy()))
    with pytest.raises(Exception, match="another data"):
        other.resume()


def test_shares_of_classes() -> None:
    train = make_dataset(2, seed=1)
    assert class_shares(train).tolist() == pytest.approx([1 / 7] * 7)
    targets = np.zeros((14, 7), np.float32)
    targets[:, 0], targets[:, 1] = 0.75, 0.25
    assert class_shares(replace(train, targets=targets)).tolist() == [0.75, 0.25, 0, 0, 0, 0, 0]


def test_logit_adjustment_is_taken_from_what_is_learnt(tmp_path: Path) -> None:
    train = make_dataset(12, seed=1).subset(range(78))  # fewer of the last class
    recipe = change(recipe_of(), "loss", logit_adjustment=0.5)
    trainer = trainer_in(tmp_path, recipe, train=train)
    assert trainer.objective.offsets is not None
    expected = 0.5 * np.log(np.bincount(train.labels) / 78)
    assert trainer.objective.offsets.tolist() == pytest.approx(expected.tolist(), abs=1e-6)
    assert trainer_in(tmp_path / "plain", train=train).objective.offsets is None


class Brightness(nn.Module):
    """Answers by the mean brightness: logits 3 x (mean, 0, ..., 0)."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(3.0))

    def forward(self, x: Tensor) -> Tensor:
        out = x.new_zeros(len(x), 7)
        out[:, 0] = self.scale * x.mean((1, 2, 3))
        return out


def test_the_temperature_is_fitted_on_pictures_with_votes(patterns: Path, file: Path) -> None:
    val = with_votes(load_dataset("fer2013", "val", data=patterns), file)
    assert val.votes is not None
    none = val.votes.copy()
    none[2] = votes(unknown=10)
    fitted = vote_temperature(Brightness(), SPEC, replace(val, votes=none))
    assert fitted is not None
    assert fitted.n == len(val) - 1
    assert vote_temperature(Brightness(), SPEC, replace(val, votes=None)) is None
    assert vote_temperature(Brightness(), SPEC, replace(val, votes=np.zeros_like(none))) is None
