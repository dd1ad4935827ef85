from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.data.dataset import FaceDataset
from engine.errors import UsageError
from engine.labels import CK_EMOTIONS
from engine.training import several
from engine.training.recipe import Recipe, change
from engine.training.several import OtherData, join
from tests.made import SMALL, make_dataset

RECIPE = Recipe("own")


@pytest.fixture
def other(monkeypatch: pytest.MonkeyPatch) -> dict[str, FaceDataset]:
    """What the second dataset's splits are: CK+, five training pictures a class and one for validation."""
    splits = {
        "train": replace(make_dataset(5, seed=1), name="ckplus", classes=CK_EMOTIONS),
        "val": replace(make_dataset(1, split="val", seed=2), name="ckplus", classes=CK_EMOTIONS),
    }
    monkeypatch.setattr(several, "load_dataset", _loading(splits))
    return splits


def _loading(splits: dict[str, FaceDataset]) -> Callable[..., FaceDataset]:
    def load(
        name: str, split: str, *, data: Path, size: int, channels: int, drop_unknown: bool, clips: str
    ) -> FaceDataset:
        assert (name, data, size, channels) == ("ckplus", Path("there"), SMALL.size, SMALL.channels)
        assert clips == "frames"
        return splits[split]

    return load


OTHERS = (OtherData("ckplus", Path("there")),)


def test_one_dataset_is_left_as_it_is() -> None:
    train, val = make_dataset(2), make_dataset(1, split="val")
    together = join(train, val, RECIPE, (), spec=SMALL)
    assert together.train is train
    assert together.val is val
    assert together.sampling is None
    assert together.described == {}


def test_two_datasets_are_put_together(other: dict[str, FaceDataset]) -> None:
    train, val = make_dataset(2), make_dataset(1, split="val", seed=4)
    together = join(train, val, RECIPE, OTHERS, spec=SMALL)
    # Fourteen, and thirty without CK+'s five of contempt.
    assert (len(together.train), len(together.val)) == (14 + 30, 7 + 6)
    counts = {"angry": 7, "disgust": 7, "fear": 7, "happy": 7, "neutral": 2, "sad": 7, "surprise": 7}
    assert together.train.class_counts() == counts
    assert together.train.ids[13:15] == ("1:train/13", "2:train/0")
    assert len(np.unique(together.train.duplicate_group)) == 44
    assert np.array_equal(together.train.images[14], other["train"].images[0])
    assert together.sampling is None
    assert together.described == {
        "datasets": [
            {"dataset": "fer2013", "train": 14, "val": 7, "copies_of_val_left_out": 0},
            {"dataset": "ckplus", "dropped": {"contempt": 6}, "train": 30, "val": 6, "copies_of_val_left_out": 0},
        ]
    }


def test_sets_are_drawn_from_by_weight_whatever_their_sizes(other: dict[str, FaceDataset]) -> None:
    recipe = change(RECIPE, "data", weights=(1.0, 3.0))
    together = join(make_dataset(2), make_dataset(1, split="val", seed=4), recipe, OTHERS, spec=SMALL)
    assert together.sampling is not None
    assert float(together.sampling[:14].sum()) == pytest.approx(1.0)
    assert float(together.sampling[14:].sum()) == pytest.approx(3.0)
    assert float(together.sampling[14]) == pytest.approx(0.1)
    assert [one["weight"] for one in together.described["datasets"]] == [1.0, 3.0]


def test_a_copy_of_a_validation_picture_does_not_train(other: dict[str, FaceDataset]) -> None:
    train = make_dataset(2)
    train.images[5] = other["val"].images[0]
    together = join(train, make_dataset(1, split="val", seed=4), RECIPE, OTHERS, spec=SMALL)
    assert len(together.train) == 13 + 30
    assert "1:train/5" not in together.train.ids
    assert [one["copies_of_val_left_out"] for one in together.described["datasets"]] == [1, 0]


def test_wrong_use(other: dict[str, FaceDataset]) -> None:
    train, val = make_dataset(2), make_dataset(1, split="val")
    with pytest.raises(UsageError, match="one sampling weight for each dataset, got 2 for 1"):
        join(train, val, change(RECIPE, "data", weights=(1.0, 3.0)), (), spec=SMALL)
    marked = change(RECIPE, "data", marked=True, dataset="synthetic")
    with pytest.raises(UsageError, match="marked = true"):
        join(train, val, marked, OTHERS, spec=SMALL)


def test_votes_are_learnt_from_one_dataset(other: dict[str, FaceDataset]) -> None:
    recipe = change(RECIPE, "votes", target="votes")
    with pytest.raises(UsageError, match="people's votes trains on one dataset"):
        join(make_dataset(2), make_dataset(1, split="val"), recipe, OTHERS, spec=SMALL)
    train = make_dataset(2)
    with_votes = replace(train, votes=np.ones((len(train), 10), np.int64))
    assert join(with_votes, make_dataset(1, split="val"), RECIPE, OTHERS, spec=SMALL).train.votes is None
