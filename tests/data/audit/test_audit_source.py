"""The whole of a dataset at once agrees with its splits loaded one by one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.data import drawn, load_dataset
from engine.data.audit.audit import audit
from engine.data.audit.source import read_pictures
from engine.errors import DataError, UnknownNameError
from tests.made_audit import planted_pictures, write_planted


def test_it_agrees_with_the_splits(fer_files: dict[str, bytes], write_folder: Callable[..., Path]) -> None:
    place = write_folder(fer_files)
    whole = read_pictures("fer2013", data=place)
    assert len(whole) == 7 * 16
    assert whole.part_names == ("train", "public", "private")
    assert whole.split_names == ("train", "val", "public", "private")
    for split in ("train", "val", "public", "private"):
        loaded = load_dataset("fer2013", split, data=place)
        inside = [index for index, name in enumerate(whole.splits) if name == split]
        assert tuple(whole.ids[index] for index in inside) == loaded.ids
        assert np.array_equal(whole.images[inside], loaded.images)
        assert np.array_equal(whole.labels[inside], loaded.labels)
        if loaded.in_train is not None:
            assert np.array_equal(audit(whole).copied[inside], loaded.in_train)


def test_a_set_without_splits_is_drawn_the_same_way(
    fer_files: dict[str, bytes], write_folder: Callable[..., Path]
) -> None:
    place = write_folder(
        {name.split("/", 1)[1]: data for name, data in fer_files.items() if name.startswith("train/")}, "plain"
    )
    whole = read_pictures("folder", data=place)
    assert whole.parts == whole.splits
    for split in ("train", "val", "test"):
        loaded = load_dataset("folder", split, data=place)
        assert tuple(name for name, part in zip(whole.ids, whole.parts, strict=True) if part == split) == loaded.ids
    # The draw keeps copies on one side.
    assert not audit(whole).leaks


def test_planted_pictures_are_what_is_written(tmp_path: Path) -> None:
    told: list[int] = []
    read, made = (
        read_pictures("fer2013", data=write_planted(tmp_path / "set"), progress=told.append),
        planted_pictures(),
    )
    assert set(read.ids) == set(made.ids)
    order = [made.ids.index(name) for name in read.ids]
    assert np.array_equal(read.images, made.images[order])
    assert read.parts == tuple(made.parts[index] for index in order)
    assert audit(read).distinct == audit(made).distinct == 13


def test_built_in_faces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERLENS_CACHE", str(tmp_path))
    monkeypatch.setattr(drawn, "SPLIT_COUNTS", {"train": 7, "val": 7, "test": 7})
    told: list[int] = []
    faces = read_pictures("synthetic", splits=("val", "test"), progress=told.append)
    assert faces.splits == ("val",) * 7 + ("test",) * 7
    assert told[-1] == 14
    assert faces.ids[7] == "test/angry/00000"
    assert audit(faces).distinct == 14


def test_what_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="Unknown dataset to audit 'mnist'; valid: synthetic, fer2013"):
        read_pictures("mnist")
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(DataError, match="no pictures in such folders"):
        read_pictures("folder", data=tmp_path)
