"""Datasets under the names and lists that they are published with, made small."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.data import load_dataset
from engine.errors import DataError

PEOPLE = ("KA", "KL", "KM", "KR", "MK", "NA", "NM", "TM", "UY", "YM")
CODES = ("AN", "DI", "FE", "HA", "NE", "SA", "SU")
ORDER = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")


def write(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (32, 32), dtype=np.uint8)).save(path)


def parts_of(root: Path, name: str) -> tuple[list[set[str]], list[str]]:
    """The people of each split, and the words of what is shown in the whole."""
    splits = [load_dataset(name, split, data=root) for split in ("train", "val", "test")]
    assert all(part.people.apart for part in splits)
    whole = load_dataset(name, "all", data=root)
    words = [whole.classes[label] for label in whole.labels]
    assert sum(map(len, splits)) == len(whole)
    return [set(part.subjects or ()) for part in splits], [f"{n} {w}" for n, w in zip(whole.ids, words, strict=True)]


def apart(people: Sequence[set[str]], all_of_them: set[str]) -> bool:
    return set.union(*people) == all_of_them and sum(map(len, people)) == len(all_of_them)


def test_jaffe_says_who_shows_what(tmp_path: Path) -> None:
    for number, (person, code) in enumerate((person, code) for person in PEOPLE for code in CODES):
        write(tmp_path / f"{person}.{code}{1 + number % 3}.{number}.tiff", number)
    write(tmp_path / "README.tiff", 999)
    people, shown = parts_of(tmp_path, "jaffe")
    assert apart(people, set(PEOPLE))
    assert sorted(shown)[:7] == [f"KA.{code}{1 + n % 3}.{n}.tiff {ORDER[n]}" for n, code in enumerate(CODES)]
    (skipped,) = load_dataset("jaffe", "all", data=tmp_path).skipped
    assert "its name does not say who shows what, as JAFFE's do (KA.AN1.39.tiff)" in skipped.reason


def test_kdef_says_who_shows_what(tmp_path: Path) -> None:
    number = 0
    for who in [f"{sex}{person:02d}" for sex in "FM" for person in range(1, 11)]:
        for code, angle in zip(
            ("AN", "DI", "AF", "HA", "NE", "SA", "SU"), ("S", "FL", "FR", "HL", "HR", "S", "S"), strict=True
        ):
            write(tmp_path / f"A{who}" / f"A{who}{code}{angle}.JPG", number)
            number += 1
    people, shown = parts_of(tmp_path, "kdef")
    assert apart(people, {f"{sex}{person:02d}" for sex in "FM" for person in range(1, 11)})
    assert "AF01AFFR.JPG fear" in shown
    assert "AM10ANS.JPG angry" in shown


def test_rafdb_by_its_list(tmp_path: Path) -> None:
    lines = []
    for number in range(1, 31):
        stem = f"{'train' if number <= 21 else 'test'}_{number:05d}"
        write(tmp_path / "Image" / "original" / f"{stem}.jpg", 1000 + number)
        write(tmp_path / "Image" / "aligned" / f"{stem}_aligned.png", number)
        lines.append(f"{stem}.jpg {1 + number % 7}")
    lines.append("test_99999.jpg 3")
    labels = tmp_path / "EmoLabel" / "list_patition_label.txt"
    labels.parent.mkdir()
    labels.write_text("\n".join(lines) + "\n")
    test = load_dataset("rafdb", "test", data=tmp_path, size=32)
    assert len(test) == 9
    first = test.ids.index("test/2/test_00022")
    assert test.classes[test.labels[first]] == "fear"  # the second of RAF-DB's numbers
    expected = np.asarray(Image.open(tmp_path / "Image" / "aligned" / "test_00022_aligned.png"))
    np.testing.assert_array_equal(test.images[first], expected)
    assert [skipped.reason for skipped in test.skipped] == ["the list has it, but there is no such picture"]
    labels.write_text("train_00001.jpg five\n")
    with pytest.raises(DataError, match=r"Expected lines like 'train_00001\.jpg 5' in 'list_patition_label\.txt'"):
        load_dataset("rafdb", "test", data=tmp_path)


def test_affectnet_by_its_annotations(tmp_path: Path) -> None:
    for part, count in (("train_set", 24), ("val_set", 8)):
        (tmp_path / part / "annotations").mkdir(parents=True)
        for number in range(count):
            write(tmp_path / part / "images" / f"{number}.png", 100 * count + number)
            np.save(tmp_path / part / "annotations" / f"{number}_exp.npy", np.array(str(number % 8)))
    (tmp_path / "val_set" / "annotations" / "7_exp.npy").write_bytes(b"no array")
    val = load_dataset("affectnet", "val", data=tmp_path)
    assert [val.classes[label] for label in val.labels] == [
        "neutral", "happy", "sad", "surprise", "fear", "disgust", "angry",
    ]  # fmt: skip
    assert val.skipped[0].reason == "there is no label in annotations/7_exp.npy"


def test_a_label_that_is_a_pickle_is_never_opened(tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path / "train" / "images" / f"{number}.png", number)
        (tmp_path / "train" / "annotations").mkdir(exist_ok=True)
        np.save(tmp_path / "train" / "annotations" / f"{number}_exp.npy", np.array([{"a": 1}], dtype=object))
    with pytest.raises(DataError):
        load_dataset("affectnet", "train", data=tmp_path)


def test_affectnets_first_edition_is_named_with_what_to_do(tmp_path: Path) -> None:
    write(tmp_path / "Manually_Annotated_Images" / "1" / "a.jpg", 0)
    (tmp_path / "training.csv").write_text("subDirectory_filePath,face_x,expression\n1/a.jpg,3,1\n")
    with pytest.raises(
        DataError, match=r"has lists \('training\.csv'\) of pictures that are not cut to faces; cut each"
    ):
        load_dataset("affectnet", "train", data=tmp_path)
