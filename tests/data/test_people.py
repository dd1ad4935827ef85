"""People in splits: known, they are kept apart; not known, it is said."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.data import load_dataset
from engine.data.audit.audit import CleanCount, audit, audit_document
from engine.data.audit.near import seen_in_training
from engine.data.audit.source import read_pictures
from engine.data.people import before_underscore, known_people, of_torn, torn_people
from engine.errors import DataError
from tests.made_people import write_people


@pytest.mark.parametrize(
    ("picture_id", "who"),
    [
        ("happy/S010_004_00000019.png", "S010"),
        ("train/anger/S999_001_00000014.png", "S999"),
        ("happy/img_12.png", ""),
        ("happy/happy_12.png", ""),
        ("happy/3_happy_12.png", "3"),
        ("happy/S010.png", ""),
        ("Training/happy/17", ""),
    ],
)
def test_who_a_name_shows(picture_id: str, who: str) -> None:
    assert before_underscore(picture_id) == who


def test_names_that_number_pictures_show_no_people() -> None:
    assert known_people(["a", "b", "a"]) == ("a", "b", "a")
    assert known_people(["a", "b", "c"]) is None
    assert known_people(["a", "", "a"]) is None
    assert known_people([]) is None


def test_torn_people_in_words() -> None:
    torn = torn_people(["a", "b", "a", "b", "a"], ["train", "val", "test", "val", "val"])
    assert torn == {"a": ("train", "test", "val")}
    assert of_torn(torn).in_words() == (
        "not person-independent: 1 person is in more than one part, for example 'a' in train, test and val"
    )


def who(ids: tuple[str, ...]) -> set[str]:
    return {name.split("/")[-1].split("_")[0] for name in ids}


@pytest.fixture
def ck(tmp_path: Path) -> Path:
    return write_people(tmp_path / "CK+48")


@pytest.fixture
def numbered(tmp_path: Path) -> Path:
    return write_people(tmp_path / "plain", named=False)


def test_nobody_of_ckplus_is_in_two_splits(ck: Path) -> None:
    parts = {split: load_dataset("ckplus", split, data=ck.parent) for split in ("train", "val", "test")}
    people = {split: who(part.ids) for split, part in parts.items()}
    assert {split: len(names) for split, names in people.items()} == {"train": 17, "val": 2, "test": 2}
    assert sum(map(len, people.values())) == len(set.union(*people.values())) == 21
    for split, part in parts.items():
        assert part.subjects is not None
        assert set(part.subjects) == people[split]
        assert part.people.in_words() == "person-independent: nobody is in two splits"
    assert sorted(name for part in parts.values() for name in part.ids) == sorted(
        load_dataset("ckplus", "all", data=ck).ids
    )


def test_names_without_people_are_called_what_they_are(numbered: Path) -> None:
    test = load_dataset("ckplus", "test", data=numbered, looks=True)
    assert test.subjects is None
    assert test.people.in_words() == "not person-independent: the source does not tell who is shown"
    found = seen_in_training(test)
    assert found is not None
    seen, alike = found
    # Drawn picture by picture, nearly every one has another frame of its clip in train; no two pixels are equal.
    assert seen.copied == 0
    assert seen.nearly_copied == alike.sum() >= 0.8 * len(test)
    assert seen.leaks
    assert "so a figure on it measures memory" in seen.conclusion("test")


def test_one_name_without_a_person_undoes_the_claim(ck: Path) -> None:
    """Subjects of a part must not be believed where the whole does not tell them: the split was drawn by pictures."""
    min((ck / "happy").iterdir()).rename(ck / "happy" / "face.png")
    for split in ("train", "val", "test"):
        part = load_dataset("ckplus", split, data=ck)
        assert part.subjects is None
        assert not part.people.apart


def test_ckextended_tells_nobody(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    rows = ["emotion,pixels,Usage"]
    for usage in ("Training", "PublicTest", "PrivateTest"):
        rows += [f"0,{' '.join(map(str, rng.integers(0, 256, 2304)))},{usage}" for _ in range(4)]
    (tmp_path / "ckextended.csv").write_text("\n".join(rows))
    assert not load_dataset("ckplus", "test", data=tmp_path).people.apart


def test_near_copies_are_those_of_the_audit(numbered: Path) -> None:
    found = audit(read_pictures("ckplus", data=numbered))
    for split in ("test",):
        part = load_dataset("ckplus", split, data=numbered, looks=True, size=96, channels=3)
        seen = seen_in_training(part)
        assert seen is not None
        count = found.clean()[split]
        # The audit connects near copies through val, too; a picture or two may hang together by those alone.
        assert 0 <= count.nearly_copied - seen[0].nearly_copied <= 2
        assert seen[0].pictures == count.pictures
    assert part.training_looks is not None
    assert part.training_looks.shape[1:] == (48, 48)
    assert load_dataset("ckplus", "test", data=numbered).training_looks is None


def test_the_audit_concludes(ck: Path, numbered: Path) -> None:
    apart, mixed = (audit_document(audit(read_pictures("ckplus", data=place))) for place in (ck, numbered))
    assert apart["person_independent"] is True
    assert apart["conclusion"][-1] == "Person-independent: nobody is in two splits."
    assert apart["leaks"] == []
    assert mixed["person_independent"] is False
    assert mixed["leaks"] == ["val", "test"]
    assert any(said.startswith("test leaks: ") and "measures memory" in said for said in mixed["conclusion"])


def test_people_in_two_parts_are_refused_and_audited(ck: Path, tmp_path: Path) -> None:
    torn = tmp_path / "torn"
    for number, file in enumerate(sorted(ck.rglob("*.png"))):
        target = torn / ("test" if number % 4 == 0 else "train") / file.parent.name / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
    with pytest.raises(DataError, match=r"'S\d+' is in test and in train; move"):
        load_dataset("ckplus", "test", data=torn)
    assert len(load_dataset("ckplus", "all", data=torn)) == 189
    document = audit_document(audit(read_pictures("ckplus", data=torn)))
    assert document["person_independent"] is False
    assert re.search(r"\d+ people are in more than one part, for example 'S005' in ", document["people"])


def test_a_part_leaks_from_a_fifth() -> None:
    assert not CleanCount(100, 10, 9).leaks
    assert CleanCount(100, 10, 10).leaks
    assert CleanCount(100, 10, 9).conclusion("test").startswith("test leaks a little: 19 of its 100 pictures (19.0 %)")
    assert CleanCount(3, 0, 0).conclusion("val") == (
        "val: no copy or near copy of its 3 pictures was found in the training set."
    )


def test_all_is_every_picture(fer_files: dict[str, bytes], write_folder: Callable) -> None:
    place = write_folder(fer_files)
    whole = load_dataset("fer2013", "all", data=place)
    assert len(whole) == len(fer_files)
    assert whole.in_train is None


def test_the_built_in_faces_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FERLENS_CACHE", str(tmp_path))
    monkeypatch.setattr("engine.data.drawn.SPLIT_COUNTS", {"train": 7, "val": 7, "test": 7})
    whole = load_dataset("synthetic", "all")
    assert whole.split == "all"
    assert len(set(whole.ids)) == len(whole) == 21
    assert whole.class_counts()["happy"] == 3
    assert whole.people.in_words() == "person-independent: every face is drawn anew"
