from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.data import load_dataset
from engine.data.by_id import PictureIndex
from engine.data.splits import leave_one_subject_out
from engine.errors import DataError
from engine.labels import SAMM_EMOTIONS

Files = dict[str, bytes]
SUBJECTS = ("006", "007", "011", "020", "sub21")


@pytest.fixture
def picture(png: Callable) -> Callable[[], bytes]:
    rng = np.random.default_rng(8)
    return lambda: png(rng.integers(0, 256, (20, 20), dtype=np.uint8))


@pytest.fixture
def by_class(picture: Callable) -> Files:
    """Five people with two frames of anger and one of surprise each."""
    return {
        f"{word}/{subject}_{clip}_{frame}.png": picture()
        for subject in SUBJECTS
        for word, clip, frame in (("Anger", 1, 1), ("Anger", 1, 2), ("Surprise", 2, 1))
    }


@pytest.fixture
def by_clip(picture: Callable) -> Files:
    """The same as clips; 006's second has its frames one folder deeper, 007's third is not in the sheet."""
    files = {
        f"{subject}/{subject}_{clip}/{frame}.png": picture()
        for subject in SUBJECTS
        for clip, frame in ((1, 1), (1, 2), (2, 1))
    }
    files["006/006_2/frames/1.png"] = files.pop("006/006_2/1.png")
    files["007/007_3/1.png"] = picture()
    lines = ["Subject,Filename,Estimated Emotion"]
    for subject in SUBJECTS:
        number = subject.removeprefix("sub").lstrip("0")
        lines += [f"{number},{subject}_1,Anger", f"{number},{subject}_2,Surprise"]
    files["samm.csv"] = "\n".join(lines).encode()
    return files


@pytest.mark.parametrize("layout", ["by_class", "by_clip"])
def test_both_layouts(layout: str, request: pytest.FixtureRequest, write_folder: Callable) -> None:
    place = write_folder(request.getfixturevalue(layout), "samm")
    whole = load_dataset("samm", "all", data=place.parent)
    assert whole.classes == SAMM_EMOTIONS
    assert {name: count for name, count in whole.class_counts().items() if count} == {"angry": 10, "surprise": 5}
    assert whole.subjects is not None
    assert sorted(set(whole.subjects)) == ["11", "20", "21", "6", "7"]
    assert all(whole.subjects.count(one) == 3 for one in set(whole.subjects))
    assert [fold.test.size for fold in leave_one_subject_out(whole.subjects)] == [3] * 5
    parts = {split: load_dataset("samm", split, data=place) for split in ("train", "val", "test", "trainval")}
    people = {split: set(part.subjects or ()) for split, part in parts.items()}
    assert {split: len(names) for split, names in people.items()} == {"train": 3, "val": 1, "test": 1, "trainval": 4}
    assert people["train"] | people["val"] == people["trainval"]
    assert people["trainval"] | people["test"] == set(whole.subjects)


def test_thumbnails_beside_the_frames(by_clip: Files, write_folder: Callable) -> None:
    files = by_clip | {"006/006_1/@eaDir/1.png": by_clip["006/006_1/1.png"]}
    whole = load_dataset("samm", "all", data=write_folder(files))
    assert len(whole) == 15
    assert "006/006_1/@eaDir/1.png" in {file.id for file in whole.skipped}


def test_a_frame_by_its_id(by_clip: Files, write_folder: Callable) -> None:
    place = write_folder(by_clip)
    assert PictureIndex("samm", place).picture("006/006_2/frames/1.png", 20, 1).label == "surprise"
    whole = load_dataset("samm", "all", data=place)
    assert [(file.id, file.reason) for file in whole.skipped] == [
        ("007/007_3/1.png", "its folder is no clip of the label sheet")
    ]


def test_an_archive(by_class: Files, write_folder: Callable, write_archive: Callable) -> None:
    packed = load_dataset("samm", "all", data=write_archive(by_class, "samm.zip"))
    assert packed.fingerprint == load_dataset("samm", "all", data=write_folder(by_class)).fingerprint
    assert packed.subjects is not None


def test_other_emotions_are_named(by_class: Files, picture: Callable, write_folder: Callable) -> None:
    place = write_folder(by_class | {"Contempt/006_4_1.png": picture(), "Other/006_5_1.png": picture()})
    with pytest.raises(DataError, match=r"'Contempt' \(1\), 'Other' \(1\); .*--drop-unknown"):
        load_dataset("samm", "train", data=place)
    assert len(load_dataset("samm", "all", data=place, drop_unknown=True)) == 15


def test_a_person_in_two_parts_is_refused(by_class: Files, write_folder: Callable) -> None:
    parted = {f"{'test' if '_2_' in name else 'train'}/{name}": data for name, data in by_class.items()}
    with pytest.raises(DataError, match=r"'6' is in t\w+ and in t\w+; move"):
        load_dataset("samm", "train", data=write_folder(parted, "torn"))
    apart = {f"{'test' if '/006' in name else 'train'}/{name}": data for name, data in by_class.items()}
    place = write_folder(apart, "apart")
    assert set(load_dataset("samm", "test", data=place).subjects or ()) == {"6"}
    assert len(set(load_dataset("samm", "val", data=place).subjects or ())) == 1


def test_a_name_without_a_subject(by_class: Files, picture: Callable, write_folder: Callable) -> None:
    whole = load_dataset("samm", "all", data=write_folder(by_class | {"Anger/face.png": picture()}))
    assert [file.reason for file in whole.skipped] == ["expected a name <subject>_<clip>_<frame>"]


def test_two_sheets(by_clip: Files, write_folder: Callable) -> None:
    with pytest.raises(DataError, match=r"one label sheet in 'set', got more\.csv, samm\.csv"):
        load_dataset("samm", "all", data=write_folder(by_clip | {"more.csv": by_clip["samm.csv"]}))


def test_too_few_people(by_class: Files, write_folder: Callable, tmp_path: Path) -> None:
    two = {name: data for name, data in by_class.items() if "/006" in name or "/007" in name}
    with pytest.raises(DataError, match="Expected 3 people or more"):
        load_dataset("samm", "train", data=write_folder(two, "two"))
