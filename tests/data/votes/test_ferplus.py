from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.data import load_dataset
from engine.data.dataset import map_classes
from engine.data.votes.ferplus import FERPLUS_SPLITS, left_out_in_words
from engine.data.votes.file import VOTES_VARIABLE
from engine.data.votes.rules import VoteChoice
from engine.errors import DataError, UnknownNameError, UsageError
from engine.labels import EMOTIONS, VOCABULARY
from tests.made_votes import pattern_votes, votes, write_votes

PRIVATE = {
    ("PrivateTest", "angry", 0): votes(contempt=9, neutral=1),
    ("PrivateTest", "angry", 1): votes(happy=5, sad=5),
    ("PrivateTest", "sad", 0): votes(neutral=6, sad=4),
    ("PrivateTest", "sad", 1): votes(no_face=10),
}


@pytest.fixture
def voted(tmp_path: Path, pattern_table: None) -> Path:
    return write_votes(tmp_path / "v.csv", pattern_votes(PRIVATE))


def test_labels_are_what_people_saw(patterns: Path, voted: Path) -> None:
    found = load_dataset("ferplus", "private", data=patterns, votes=VoteChoice(voted))
    plain = load_dataset("fer2013", "private", data=patterns)
    assert (found.name, found.classes, len(found)) == ("ferplus", VOCABULARY, 12)
    named = dict(zip(found.ids, found.labels.tolist(), strict=True))
    assert VOCABULARY[named["test/angry/PrivateTest_0.png"]] == "contempt"
    assert VOCABULARY[named["test/sad/PrivateTest_0.png"]] == "neutral"
    assert found.targets is None
    assert {file.id: file.reason for file in found.skipped} == {
        "test/angry/PrivateTest_1.png": "tie: happy 5, sad 5",
        "test/sad/PrivateTest_1.png": "no face: no face 10",
    }
    places = [plain.ids.index(name) for name in found.ids]
    assert np.array_equal(found.images, plain.images[places])
    assert left_out_in_words([file.reason for file in found.skipped]) == "tie (1), no face (1)"


def test_seven_classes_leave_contempt_out(patterns: Path, voted: Path) -> None:
    found = load_dataset("ferplus", "private", data=patterns, votes=VoteChoice(voted, classes=7))
    assert (found.classes, len(found)) == (EMOTIONS, 11)
    assert "contempt: contempt 9, neutral 1" in {file.reason for file in found.skipped}
    as_seven = map_classes(load_dataset("ferplus", "private", data=patterns, votes=VoteChoice(voted)), EMOTIONS)
    assert as_seven.dropped == {"contempt": 1}
    assert as_seven.dataset.labels.tolist() == found.labels.tolist()


@pytest.mark.parametrize(("own", "other"), FERPLUS_SPLITS.items())
def test_its_own_names_of_splits(patterns: Path, voted: Path, own: str, other: str) -> None:
    choice = VoteChoice(voted)
    found, same = (load_dataset("ferplus", split, data=patterns, votes=choice) for split in (own, other))
    assert found.ids == same.ids
    assert len(found) > 0


def test_val_is_the_tenth_that_fer2013_holds_out(patterns: Path, voted: Path) -> None:
    val = load_dataset("ferplus", "val", data=patterns, votes=VoteChoice(voted))
    assert val.ids == load_dataset("fer2013", "val", data=patterns).ids


def test_targets_and_a_part_of_the_label(patterns: Path, voted: Path) -> None:
    mixed = VoteChoice(voted, target="probability", classes=7, weight=0.75)
    found = load_dataset("fer2013", "private", data=patterns, votes=mixed)
    assert found.name == "fer2013"
    assert found.targets is not None
    row = dict(zip(EMOTIONS, found.targets[found.ids.index("test/sad/PrivateTest_0.png")].tolist(), strict=True))
    assert row["neutral"] == pytest.approx(0.75 * 0.6)
    assert row["sad"] == pytest.approx(0.75 * 0.4 + 0.25)
    assert sum(row.values()) == pytest.approx(1)
    one_hot = load_dataset("fer2013", "private", data=patterns, votes=VoteChoice(voted, classes=7, weight=0.5))
    assert one_hot.targets is not None
    row = dict(zip(EMOTIONS, one_hot.targets[one_hot.ids.index("test/sad/PrivateTest_0.png")].tolist(), strict=True))
    assert (row["neutral"], row["sad"]) == (0.5, 0.5)
    assert one_hot.fingerprint != found.fingerprint


def test_votes_beside_the_pictures(
    tmp_path: Path, patterns: Path, voted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataError, match=r"no fer2013new.csv here. FER\+'s votes are a download"):
        load_dataset("ferplus", "private", data=patterns)
    monkeypatch.setenv(VOTES_VARIABLE, str(voted))
    assert len(load_dataset("ferplus", "private", data=patterns)) == 12


def test_what_cannot_be_had(patterns: Path, voted: Path, tmp_path: Path) -> None:
    choice = VoteChoice(voted)
    with pytest.raises(UnknownNameError, match="FER2013Train"):
        load_dataset("ferplus", "secret", data=patterns, votes=choice)
    with pytest.raises(UnknownNameError, match="split of fer2013 'FER2013Test'"):
        load_dataset("fer2013", "FER2013Test", data=patterns, votes=VoteChoice(voted, classes=7))
    for name in ("fer2013", "ckplus"):  # eight classes are ferplus's alone
        with pytest.raises(UsageError, match=f"not for '{name}'"):
            load_dataset(name, "test", data=patterns, votes=choice)
    nobody = write_votes(tmp_path / "none.csv", [(usage, votes(unknown=10)) for usage, _ in pattern_votes()])
    with pytest.raises(DataError, match=r"all 14 are left out: unknown \(14\)"):
        load_dataset("ferplus", "private", data=patterns, votes=VoteChoice(nobody))
