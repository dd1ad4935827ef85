import shutil
from pathlib import Path

import numpy as np
import pytest

from engine.data.by_id import PictureIndex, place_of
from engine.data.drawn import synthetic_face
from engine.data.registry import load_dataset
from engine.data.votes.file import read_votes
from engine.errors import DataError, UnknownNameError
from tests.made_votes import pattern_votes, votes, write_votes


def zipped(patterns: Path, tmp_path: Path) -> Path:
    return Path(shutil.make_archive(str(tmp_path / "fer2013"), "zip", patterns))


@pytest.mark.parametrize("packed", [False, True])
def test_a_picture_is_the_one_that_a_model_is_given(patterns: Path, tmp_path: Path, packed: bool) -> None:
    index = PictureIndex("fer2013", zipped(patterns, tmp_path) if packed else patterns)
    dataset = load_dataset("fer2013", "private", data=patterns, size=40)
    for number in (0, 5, 13):
        found = index.picture(dataset.ids[number], 40, 1)
        np.testing.assert_array_equal(found.pixels, dataset.images[number])
        assert found.label == dataset.classes[dataset.labels[number]]
    assert index.first_id("private") == dataset.ids[0]
    assert index.ids("private") == dataset.ids
    assert index.first_id("val").startswith("train/angry/")


def test_built_in_faces_are_drawn() -> None:
    index = PictureIndex("synthetic", place_of("synthetic"))
    found = index.picture("test/happy/00003", 48, 1)
    np.testing.assert_array_equal(found.pixels, synthetic_face("test/happy/00003").image)
    assert found.label == "happy"
    assert index.first_id("val") == "val/angry/00000"
    assert len(index.ids("val")) == 2_000
    with pytest.raises(UnknownNameError, match="split of synthetic 'dev'; valid: train, val, test"):
        index.ids("dev")
    with pytest.raises(DataError, match="test/happy/00004"):
        index.picture("test/happy/00004", 48, 1)


def test_what_is_not_there_is_a_sentence(patterns: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no picture 'test/happy/none.png'"):
        PictureIndex("fer2013", patterns).picture("test/happy/none.png", 48, 1)
    with pytest.raises(UnknownNameError, match="synthetic, fer2013"):
        PictureIndex("faces", None)
    monkeypatch.setenv("FERLENS_DATA", str(tmp_path / "gone"))
    with pytest.raises(DataError, match="'gone'"):
        place_of("fer2013")


def test_a_damaged_picture_is_a_sentence(patterns: Path, tmp_path: Path) -> None:
    shutil.copytree(patterns, tmp_path / "data")
    (tmp_path / "data/test/sad/PrivateTest_0.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"'test/sad/PrivateTest_0.png' of 'fer2013' cannot be used"):
        PictureIndex("fer2013", tmp_path / "data").picture("test/sad/PrivateTest_0.png", 48, 1)


def test_a_picture_of_ferplus_has_the_label_that_people_voted(
    patterns: Path, pattern_table: None, tmp_path: Path
) -> None:
    changed = {
        ("PrivateTest", "fear", 0): votes(surprise=9, fear=1),
        ("PrivateTest", "sad", 0): votes(sad=5, neutral=5),
        ("PrivateTest", "angry", 0): votes(contempt=8, angry=2),
    }
    seen = read_votes(write_votes(tmp_path / "fer2013new.csv", pattern_votes(changed)))
    index = PictureIndex("ferplus", patterns, seen)
    fear = index.picture("test/fear/PrivateTest_0.png", 48, 1)
    assert fear.label == "surprise"
    assert fear.pixels.tolist() == PictureIndex("fer2013", patterns).picture(fear.id, 48, 1).pixels.tolist()
    assert index.picture("test/angry/PrivateTest_0.png", 48, 1).label == "contempt"
    assert index.picture("test/happy/PrivateTest_0.png", 48, 1).label == "happy"
    with pytest.raises(DataError, match=r"has no label by what people voted \(tie\)"):
        index.picture("test/sad/PrivateTest_0.png", 48, 1)
    private = index.ids("private")
    assert len(private) == 13
    assert "test/sad/PrivateTest_0.png" not in private
    assert index.ids("FER2013Test") == private
    with pytest.raises(DataError, match="there is no fer2013new"):
        PictureIndex("ferplus", patterns)
