"""The data set of built-in faces: counts, ids, what is kept on disk, drawing in several processes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.data import drawn
from engine.data.drawn import (
    DATASET_SEED,
    SPLIT_COUNTS,
    draw_range,
    generator_digest,
    load_synthetic,
    synthetic_face,
    synthetic_id,
)
from engine.errors import DataError, UnknownNameError, UsageError
from engine.labels import EMOTIONS
from engine.synthetic import draw


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("FERLENS_CACHE", str(tmp_path / "kept"))
    monkeypatch.setattr(drawn, "SPLIT_COUNTS", {"train": 21, "val": 14, "test": 14})
    return tmp_path / "kept"


def test_promised_counts() -> None:
    assert SPLIT_COUNTS == {"train": 12_000, "val": 2_000, "test": 3_000}


def test_loaded_faces_are_balanced_and_equal_the_drawn_ones(small: Path) -> None:
    calls: list[tuple[int, int]] = []
    faces = load_synthetic("train", workers=2, progress=lambda done, wanted: calls.append((done, wanted)))
    assert faces.name == "synthetic"
    assert faces.images.shape == (21, 48, 48)
    assert faces.classes == EMOTIONS
    assert set(faces.class_counts().values()) == {3}
    assert calls[-1] == (21, 21)
    for index in (0, 11, 20):
        assert (faces.images[index] == draw(DATASET_SEED, index).image).all()
        again = synthetic_face(faces.ids[index])
        assert (again.image == faces.images[index]).all()
        assert again.label == EMOTIONS[faces.labels[index]] == faces.ids[index].split("/")[1]
    assert faces.in_train is None
    assert len(set(faces.duplicate_group.tolist())) == 21


def test_splits_share_no_picture(small: Path) -> None:
    splits = [load_synthetic(name, workers=1) for name in ("train", "val", "test")]
    pictures = [{image.tobytes() for image in split.images} for split in splits]
    assert len(set.union(*pictures)) == 21 + 14 + 14
    assert splits[1].in_train is not None
    assert not splits[1].in_train.any()
    assert not set(splits[0].ids) & set(splits[2].ids)


def test_kept_pictures_are_read_and_never_half_written(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_synthetic("val", workers=1)
    (file,) = small.iterdir()
    assert generator_digest() in file.name
    changed = first.images.copy()
    changed[0] = 0
    np.save(file, changed)
    assert (load_synthetic("val", workers=1).images[0] == 0).all()
    file.write_bytes(file.read_bytes()[:5000])
    assert (load_synthetic("val", workers=1).images == first.images).all()
    assert (np.load(file) == first.images).all()
    assert [path.suffix for path in small.iterdir()] == [".npy"]


def test_a_cache_that_cannot_be_written_costs_only_time(small: Path) -> None:
    small.write_text("a file where the folder should be")
    assert len(load_synthetic("val", workers=1)) == 14


def test_number_of_processes_and_size_do_not_change_the_faces() -> None:
    one = draw_range("test", 3, 10, 64, 3, workers=1)
    three = draw_range("test", 3, 10, 64, 3, workers=3)
    assert one.shape == (7, 64, 64, 3)
    assert (one == three).all()


def test_a_process_that_fails_is_an_error_with_its_message() -> None:
    with pytest.raises(DataError, match="Unknown split"):
        draw_range("nowhere", 0, 2, 48, 1, workers=1)


def test_wrong_requests(small: Path) -> None:
    with pytest.raises(UnknownNameError, match="split of synthetic 'public'; valid: train, val, test"):
        load_synthetic("public")
    with pytest.raises(UsageError, match="48 to 256"):
        load_synthetic("val", size=24)
    for wrong in ("val/happy/99999", "val/sad/00003", "val/happy", "val/happy/-0003"):
        with pytest.raises(DataError, match="val/happy/00003"):
            synthetic_face(wrong)
    assert synthetic_id("test", 3) == "test/happy/00003"
