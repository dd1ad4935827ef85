from __future__ import annotations

from pathlib import Path

import pytest

from engine.data.registry import DATA_VARIABLE, find_data, load_dataset
from engine.errors import DataError

NAMES = ("fer2013", "fer2013.csv", "fer2013.tar.xz")


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)


def make(path: Path) -> Path:
    path.mkdir(parents=True)
    return path


def test_the_argument_beats_the_variable_beats_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in ("data", "by_variable", "by_argument"):
        make(tmp_path / place / "train")
    assert find_data("fer2013", NAMES) == Path("data")
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "by_variable"))
    assert find_data("fer2013", NAMES) == tmp_path / "by_variable"
    assert find_data("fer2013", NAMES, tmp_path / "by_argument") == tmp_path / "by_argument"


def test_a_folder_of_datasets_is_searched_under_the_usual_names(tmp_path: Path) -> None:
    make(tmp_path / "sets" / "ckplus")
    wrapped = make(tmp_path / "sets" / "FER2013")
    (wrapped / "fer2013.csv").write_text("x")
    assert find_data("fer2013", NAMES, tmp_path / "sets") == wrapped / "fer2013.csv"


def test_its_own_train_folder_wins_over_a_usual_name(tmp_path: Path) -> None:
    make(tmp_path / "set" / "Train")
    (tmp_path / "set" / "fer2013.csv").write_text("x")
    assert find_data("fer2013", NAMES, tmp_path / "set") == tmp_path / "set"


@pytest.mark.parametrize("by", ["argument", "variable", "default"])
def test_missing_data_says_where_it_looked_and_how_to_give_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    place = tmp_path / "nowhere"
    if by == "variable":
        monkeypatch.setenv(DATA_VARIABLE, str(place))
    with pytest.raises(DataError) as caught:
        find_data("fer2013", NAMES, place if by == "argument" else None)
    message = str(caught.value)
    said = {"argument": "'nowhere' (--data)", "variable": "'nowhere' (FERLENS_DATA)", "default": "'data' (the default"}
    assert said[by] in message
    assert "--data PATH" in message
    assert "FERLENS_DATA" in message
    assert str(tmp_path) not in message


def test_an_empty_folder_says_what_was_looked_for(tmp_path: Path) -> None:
    make(tmp_path / "data")
    with pytest.raises(DataError, match=r"empty \(looked for train/<class>/\*, fer2013, fer2013.csv"):
        find_data("fer2013", NAMES)


TABLE = "emotion,pixels\n3,0 64 128 255\n"


@pytest.mark.parametrize("inside", ["train.csv", "challenge/train.csv", "a/b/icml.csv"])
def test_the_only_table_of_pictures_below_is_the_dataset(tmp_path: Path, inside: str) -> None:
    file = tmp_path / "set" / inside
    file.parent.mkdir(parents=True)
    file.write_text(TABLE)
    (tmp_path / "set" / "people.csv").write_text("name,age\nx,3\n")
    assert find_data("fer2013", NAMES, tmp_path / "set") == file
    assert load_dataset("fer2013", "all", data=tmp_path / "set", size=8).images.shape == (1, 8, 8)


def test_two_tables_are_named_and_the_usual_one_is_taken(tmp_path: Path) -> None:
    for name in ("one.csv", "two.csv"):
        make(tmp_path / "set" / name.removesuffix(".csv"))
        (tmp_path / "set" / name.removesuffix(".csv") / name).write_text(TABLE)
    with pytest.raises(DataError, match=r"got 'one/one\.csv', 'two/two\.csv'; give one of them"):
        find_data("fer2013", NAMES, tmp_path / "set")
    (tmp_path / "set" / "two" / "fer2013.csv").write_text(TABLE)
    assert find_data("fer2013", NAMES, tmp_path / "set") == tmp_path / "set" / "two" / "fer2013.csv"


def test_a_table_beside_pictures_is_not_the_dataset(tmp_path: Path) -> None:
    make(tmp_path / "set" / "happy")
    (tmp_path / "set" / "happy" / "1.png").write_bytes(b"x")
    (tmp_path / "set" / "table.csv").write_text(TABLE)
    assert find_data("folder", (), tmp_path / "set") == tmp_path / "set"
