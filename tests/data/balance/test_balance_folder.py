from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.data.audit.source import read_pictures
from engine.data.balance.balance import made_pictures, plan_balance
from engine.data.balance.folder import picture_names, refuse_place, write_balanced
from engine.data.registry import load_dataset
from engine.errors import DataError, UsageError
from engine.records import UInt8
from tests.made import make_dataset


def test_names_are_plain_and_distinct() -> None:
    ids = [
        "train/happy/a.png",
        "train/sad/a.jpg",
        "x/A.png",
        "Training/happy/12",
        "../..",
        "q/.hidden.png",
        "q/ü é*.png",
    ]
    assert picture_names(ids) == ["a", "a-2", "A-3", "12", "picture", "hidden", "ü_é_"]
    assert picture_names(["a-2", "b/a", "c/a"]) == ["a-2", "a", "a-3"]


@pytest.mark.parametrize("method", ["random", "augment", "borderline-smote"])
def test_what_is_written_is_read_again(tmp_path: Path, method: str) -> None:
    rng = np.random.default_rng(2)
    source = make_dataset(12, classes=7, side=48).subset([*range(12), *range(12, 18), *range(24, 36)])
    source.images[:] = rng.integers(0, 256, source.images.shape)
    plan = plan_balance(method, source, neighbours=2, seed=9)
    made = list(made_pictures(source, plan, seed=9))
    assert len(made) == 6
    told: list[int] = []
    out = tmp_path / "even"
    write_balanced(out, source, plan, iter(made), {"method": method}, seed=9, progress=told.append)
    assert sum(told) == 36
    assert sorted(path.name for path in out.iterdir()) == ["balance.csv", "balance.json", "train"]
    assert [path.name for path in tmp_path.iterdir()] == ["even"]

    read = load_dataset("fer2013", "train", data=out)
    counts = list(read.class_counts().values())
    assert counts == [12, 12, 12, 0, 0, 0, 0]  # whole: no val was drawn from it
    with (out / "balance.csv").open(encoding="utf-8") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert list(rows["train/angry/0.png"].values()) == ["train/angry/0.png", "train/0", "", "", "original", "9"]
    by_id = dict(zip(source.ids, source.images, strict=True))
    for sample in read:
        row = rows[sample.id]
        if row["method"] == "borderline-smote":
            share = float(row["lambda"])
            line = (1 - share) * by_id[row["source"]] + share * by_id[row["second_source"]]
            assert np.abs(sample.image - line).max() < 0.51
        elif row["method"] != "augment":
            assert np.array_equal(sample.image, by_id[row["source"]])
    assert sum(row["method"] == method for row in rows.values()) == 6


def test_nothing_is_held_out_of_a_balanced_set(tmp_path: Path) -> None:
    source = make_dataset(12, classes=2, side=48).subset(range(20))
    plan = plan_balance("random", source)
    write_balanced(tmp_path / "even", source, plan, made_pictures(source, plan), {}, seed=0)
    for split in ("val", "test", "trainval"):
        with pytest.raises(DataError, match=f"'even' holds balanced training pictures only, and '{split}'.*--val-data"):
            load_dataset("fer2013", split, data=tmp_path / "even")
    assert read_pictures("fer2013", data=tmp_path / "even").split_names == ("train",)
    (tmp_path / "even" / "balance.csv").unlink()
    assert len(load_dataset("fer2013", "val", data=tmp_path / "even")) > 0


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    source = make_dataset(12, classes=2).subset(range(20))
    plan = plan_balance("random", source)

    def broken() -> Iterator[UInt8]:
        yield from made_pictures(source, plan)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_balanced(tmp_path / "even", source, plan, broken(), {}, seed=0)
    assert list(tmp_path.iterdir()) == []


def test_places_that_are_refused(tmp_path: Path) -> None:
    (tmp_path / "set" / "train").mkdir(parents=True)
    with pytest.raises(UsageError, match="'set' exists already"):
        refuse_place(tmp_path / "set", None)
    with pytest.raises(UsageError, match="folder 'no' for --out does not exist"):
        refuse_place(tmp_path / "no" / "even", None)
    with pytest.raises(UsageError, match="'even' would lie inside 'set'"):
        refuse_place(tmp_path / "set" / "train" / "even", tmp_path / "set")
    refuse_place(tmp_path / "even", tmp_path / "set")
