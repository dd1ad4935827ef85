from __future__ import annotations

import pytest

from engine.data.read.split_names import split_of


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train", "train"),
        ("Training", "train"),
        ("train_set", "train"),
        ("trainset", "train"),
        ("train_images", "train"),
        ("Train data", "train"),
        ("1_train", "train"),
        ("FER2013Train", "train"),
        ("val_set", "val"),
        ("Validation-Set", "val"),
        ("devset", "val"),
        ("FER2013Valid", "val"),
        ("test images", "test"),
        ("TESTING_DATA", "test"),
        ("evaluation", "test"),
        ("Public Test", "public"),
        ("PrivateTest", "private"),
        ("happy", None),
        ("data", None),
        ("images", None),
        ("trainer", None),
        ("pretrain", None),
        ("contest", None),
        ("latest", None),
        ("", None),
        ("Holdout", None),
    ],
)
def test_what_a_name_means(name: str, split: str | None) -> None:
    assert split_of(name) == split
