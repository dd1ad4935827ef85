from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from engine.data import FaceDataset, load_dataset
from engine.data.by_id import PictureIndex
from engine.data.registry import DATA_VARIABLE
from engine.errors import DataError, UnknownNameError, UsageError
from engine.labels import CK_EMOTIONS, EMOTIONS, FER2013_CSV_ORDER

Files = dict[str, bytes]


def same(one: FaceDataset, other: FaceDataset) -> bool:
    """Compare every field but ``split``."""
    pairs = [(getattr(one, field.name), getattr(other, field.name)) for field in fields(one) if field.name != "split"]
    return all(np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b for a, b in pairs)


@pytest.fixture
def fer(fer_files: Files, write_folder: Callable[..., Path]) -> Path:
    return write_folder(fer_files)


def test_the_splits_of_fer2013(fer: Path) -> None:
    sets = {split: load_dataset("fer2013", split, data=fer) for split in ("train", "val", "trainval", "public", "test")}
    assert {split: len(one) for split, one in sets.items()} == {
        "train": 77, "val": 7, "trainval": 84, "public": 14, "test": 28
    }  # fmt: skip
    assert sets["val"].class_counts() == dict.fromkeys(EMOTIONS, 1)
    assert not set(sets["train"].ids) & set(sets["val"].ids)
    assert set(sets["train"].ids) | set(sets["val"].ids) == set(sets["trainval"].ids)
    assert all("PublicTest" in name for name in sets["public"].ids)
    assert all(one.classes == EMOTIONS and one.images.dtype == np.uint8 for one in sets.values())
    first = sets["trainval"][0]
    assert (first.id, first.label, first.image.shape) == ("train/angry/Training_0.png", 0, (48, 48))


def test_a_place_may_be_given_as_a_string(fer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DATA_VARIABLE, "elsewhere")
    assert load_dataset("fer2013", "test", data=str(fer)).ids == load_dataset("fer2013", "test", data=fer).ids


def test_copies_share_a_group_and_a_side_whatever_the_seed(fer: Path) -> None:
    pair = {"train/sad/Training_0.png", "train/sad/Training_1.png"}
    for seed in range(6):
        val = load_dataset("fer2013", "val", data=fer, seed=seed)
        assert not pair & set(val.ids)  # a pair exceeds the one picture that each class gives here
    whole = load_dataset("fer2013", "trainval", data=fer)
    numbers = {whole.duplicate_group[whole.ids.index(name)] for name in pair}
    assert len(numbers) == 1
    assert len(np.unique(whole.duplicate_group)) == 83
    assert load_dataset("fer2013", "val", data=fer, seed=1).ids != load_dataset("fer2013", "val", data=fer, seed=2).ids


def test_a_test_picture_with_a_copy_in_train_is_marked(fer: Path) -> None:
    private = load_dataset("fer2013", "private", data=fer)
    assert private.in_train is not None
    marked = [private.ids[i] for i in np.flatnonzero(private.in_train)]
    assert marked == ["test/happy/PrivateTest_0.png"]
    assert load_dataset("fer2013", "train", data=fer).in_train is None


def test_without_a_training_set_nothing_is_claimed_about_copies(fer_files: Files, write_folder: Callable) -> None:
    alone = write_folder({name: data for name, data in fer_files.items() if name.startswith("test/")}, "alone")
    assert load_dataset("fer2013", "private", data=alone).in_train is None
    with pytest.raises(DataError, match="no pictures for the split 'train'; it has private, public"):
        load_dataset("fer2013", "train", data=alone)


@pytest.mark.parametrize("name", ["fer2013.zip", "fer2013.tar", "fer2013.tar.gz", "fer2013.tar.xz"])
@pytest.mark.parametrize("split", ["val", "private"])
def test_an_archive_gives_what_the_folder_gives(
    fer: Path, fer_files: Files, write_archive: Callable, name: str, split: str
) -> None:
    path = write_archive({f"fer2013/{member}": data for member, data in reversed(fer_files.items())}, name)
    from_archive, from_folder = load_dataset("fer2013", split, data=path), load_dataset("fer2013", split, data=fer)
    assert from_archive.fingerprint == from_folder.fingerprint
    assert same(from_archive, from_folder)


def test_fer2013_csv(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    lines = ["emotion, Usage, pixels"]
    for usage, count in (("Training", 70), ("PublicTest", 7), ("PrivateTest", 7)):
        rows = (" ".join(map(str, rng.integers(0, 256, 2304))) for _ in range(count))
        lines.extend(f"{number % 7},{usage},{pixels}" for number, pixels in enumerate(rows))
    lines[-1] = lines[1].replace("Training", "PrivateTest")  # the last private picture is a copy of the first of train
    lines.append("9,PrivateTest,1 2 3")
    (tmp_path / "icml_face_data.csv").write_text("\n".join(lines))
    private = load_dataset("fer2013", "private", data=tmp_path)
    assert private.ids[:2] == ("PrivateTest/angry/77", "PrivateTest/disgust/78")
    assert [EMOTIONS[label] for label in private.labels[:6]] == list(FER2013_CSV_ORDER[:6])
    assert private.images[0].ravel().tolist() == [int(value) for value in lines[78].split(",")[2].split()]
    assert private.in_train is not None
    assert private.in_train.tolist() == [False] * 6 + [True]
    assert [(file.id, file.reason) for file in private.skipped] == [
        ("PrivateTest/unknown/84", "expected an emotion from 0 to 7 or by its name, got '9'")
    ]
    assert len(load_dataset("fer2013", "test", data=tmp_path)) == 14
    assert load_dataset("fer2013", "val", data=tmp_path).class_counts() == dict.fromkeys(EMOTIONS, 1)


def test_public_and_private_cannot_be_told_without_their_names(fer_files: Files, write_folder: Callable) -> None:
    plain = {name.replace("PublicTest", "a").replace("PrivateTest", "b"): data for name, data in fer_files.items()}
    place = write_folder(plain, "plain")
    assert len(load_dataset("fer2013", "test", data=place)) == 28
    with pytest.raises(DataError, match="use the split 'test'"):
        load_dataset("fer2013", "private", data=place)


def test_an_own_val_folder_is_taken_at_its_word(fer_files: Files, write_folder: Callable) -> None:
    own = {name.replace("test/", "validation/"): data for name, data in fer_files.items()}
    place = write_folder(own, "own")
    assert len(load_dataset("fer2013", "val", data=place)) == 28
    assert len(load_dataset("fer2013", "validation", data=place)) == 28
    assert len(load_dataset("fer2013", "train", data=place)) == 84


@pytest.fixture
def classes_alone(png: Callable[[np.ndarray], bytes]) -> Files:
    """Fifty pictures each of ``Anger`` and ``angry`` (the same class) and of ``3_Happiness``; ten are copies of one."""
    rng = np.random.default_rng(5)
    files = {
        f"{word}/{number}.png": png(rng.integers(0, 256, (20, 20, 3), dtype=np.uint8))
        for word in ("Anger", "angry", "3_Happiness")
        for number in range(50)
    }
    for number in range(10):
        files[f"Anger/{number}.png"] = files["Anger/0.png"]
    return files


def test_classes_alone_are_split_in_a_fixed_way(classes_alone: Files, write_folder: Callable) -> None:
    place = write_folder(classes_alone)
    parts = {split: load_dataset("folder", split, data=place) for split in ("train", "val", "test")}
    assert {split: part.class_counts()["angry"] for split, part in parts.items()} == {
        "train": 80,
        "val": 10,
        "test": 10,
    }
    assert {split: part.class_counts()["happy"] for split, part in parts.items()} == {"train": 40, "val": 5, "test": 5}
    assert parts["train"].classes == EMOTIONS
    assert len({name for part in parts.values() for name in part.ids}) == 150
    copies = [
        split for split, part in parts.items() for name in part.ids if name in {f"Anger/{n}.png" for n in range(10)}
    ]
    assert len(copies) == 10
    assert len(set(copies)) == 1
    assert parts["test"].in_train is not None
    assert not parts["test"].in_train.any()
    assert load_dataset("folder", "val", data=place).ids == parts["val"].ids


def test_size_and_channels(classes_alone: Files, write_folder: Callable) -> None:
    place = write_folder(classes_alone)
    assert load_dataset("folder", "val", data=place).images.shape == (15, 48, 48)
    assert load_dataset("folder", "val", data=place, size=10, channels=3).images.shape == (15, 10, 10, 3)
    assert load_dataset("folder", "val", data=place, size=10, channels=None).images.shape == (15, 10, 10, 3)
    assert load_dataset("folder", "val", data=place, size=10).ids == load_dataset("folder", "val", data=place).ids


def test_channels_as_found(png: Callable, write_folder: Callable) -> None:
    """Grey stays grey; one coloured picture makes the whole set RGB."""
    grey = png(np.full((48, 48), 7, np.uint8))
    files = {f"test/happy/{n}.png": grey for n in range(3)}
    place = write_folder(files, "grey")
    assert load_dataset("folder", "test", data=place, channels=None).images.shape == (3, 48, 48)
    files["test/sad/1.png"] = png(np.full((48, 48, 3), (1, 2, 3), np.uint8))
    mixed = load_dataset("folder", "test", data=write_folder(files, "mixed"), channels=None)
    assert mixed.images[:, 0, 0].tolist() == [[7, 7, 7]] * 3 + [[1, 2, 3]]


def test_contempt_is_refused_offered_to_drop_and_known_to_ckplus(png: Callable, write_folder: Callable) -> None:
    rng = np.random.default_rng(2)
    files = {
        f"{word}/{n}.png": png(rng.integers(0, 256, (48, 48), dtype=np.uint8))
        for word in ("anger", "contempt", "sadness")
        for n in range(10)
    }
    place = write_folder(files, "CK+48")
    with pytest.raises(DataError, match=r"'contempt' \(10\); .*--drop-unknown"):
        load_dataset("folder", "train", data=place)
    dropped = load_dataset("folder", "train", data=place, drop_unknown=True)
    assert dropped.class_counts() == {**dict.fromkeys(EMOTIONS, 0), "angry": 8, "sad": 8}
    assert len(dropped.skipped) == 10
    ck = load_dataset("ckplus", "train", data=place.parent)
    assert ck.classes == CK_EMOTIONS
    assert ck.class_counts()["contempt"] == 8


def test_a_folder_without_pictures_says_what_is_expected(write_folder: Callable) -> None:
    with pytest.raises(DataError, match="class folders alone, in 'papers'"):
        load_dataset("folder", "test", data=write_folder({"readme.txt": b"x"}, "papers"))


def test_ckextended_has_neutral_faces_that_ckplus_leaves_out(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    rows = ["emotion,pixels,Usage"]
    for usage, count in (("Training", 16), ("PublicTest", 8), ("PrivateTest", 8)):
        rows += [f"{n % 8},{' '.join(map(str, rng.integers(0, 256, 2304)))},{usage}" for n in range(count)]
    (tmp_path / "ckextended.csv").write_text("\n".join(rows))
    with pytest.raises(DataError, match=r"'neutral' \(2\); .*--drop-unknown"):
        load_dataset("ckplus", "train", data=tmp_path)
    test = load_dataset("ckplus", "test", data=tmp_path, drop_unknown=True)
    assert test.class_counts() == dict.fromkeys(CK_EMOTIONS, 2)
    # Codes 0-7: angry, disgust, fear, happy, sad, surprise, neutral, contempt.
    assert [CK_EMOTIONS[label] for label in test.labels[:7]] == [
        "angry", "disgust", "fear", "happy", "sad", "surprise", "contempt"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("affectnet", {0: "neutral", 1: "happy", 2: "sad", 3: "surprise", 4: "fear", 5: "disgust", 6: "angry",
                       7: "contempt"}),
        ("rafdb", {1: "surprise", 2: "fear", 3: "disgust", 4: "happy", 5: "sad", 6: "angry", 7: "neutral"}),
    ],
)  # fmt: skip
def test_class_folders_named_by_numbers(
    name: str, published: dict[int, str], png: Callable, write_folder: Callable
) -> None:
    rng = np.random.default_rng(3)
    files = {
        f"{part}/{code}/{n}.png": png(rng.integers(0, 256, (20, 20, 3), dtype=np.uint8))
        for part in ("train", "test")
        for code in published
        for n in range(code + 1)
    }
    place = write_folder(files)
    test = load_dataset(name, "test", data=place)
    assert {published[int(one.id.split("/")[1])] for one in test} == set(published.values())
    assert all(test.classes[one.label] == published[int(one.id.split("/")[1])] for one in test)
    assert len(test.classes) == len(published)
    assert PictureIndex(name, place).picture("test/3/0.png", 48, 1).label == published[3]
    with pytest.raises(DataError, match="'1' "):
        load_dataset("folder", "test", data=place)
    (place / "test" / "9").mkdir()
    (place / "test" / "9" / "0.png").write_bytes(files["test/1/0.png"])
    with pytest.raises(DataError, match=r"'9' \(1\)"):
        load_dataset(name, "test", data=place)


@pytest.mark.parametrize(
    ("train", "val", "test"),
    [
        ("train_set", "val_set", "test_set"),
        ("Train data", "Validation data", "Test data"),
        ("train_images", "valid_images", "test_images"),
        ("FER2013Train", "FER2013Valid", "FER2013Test"),
        ("trainset", "dev", "testset"),
    ],
)
def test_official_splits_under_other_names(
    fer_files: Files, write_folder: Callable, train: str, val: str, test: str
) -> None:
    """Pooled and drawn again, official validation pictures would train."""
    named = {"train": train, "test": test}
    files = {name.replace(name.split("/")[0], named[name.split("/")[0]], 1): data for name, data in fer_files.items()}
    files |= {name.replace(train, val).replace("Training_", "v"): data for name, data in files.items() if train in name}
    place = write_folder({f"set/{name}": data for name, data in files.items()})
    parts = {split: load_dataset("folder", split, data=place) for split in ("train", "val", "test")}
    for split, folder in (("train", train), ("val", val), ("test", test)):
        assert {name.split("/")[0] for name in parts[split].ids} == {folder}
    assert [len(part) for part in parts.values()] == [84, 84, 28]


def test_wrappers_that_are_no_splits_are_refused(classes_alone: Files, write_folder: Callable) -> None:
    files = {f"{wrapper}/{name}": data for name, data in classes_alone.items() for wrapper in ("studio", "web")}
    with pytest.raises(DataError, match=r"no splits: 'studio' \(150\), 'web' \(150\); call them train, val and test"):
        load_dataset("folder", "train", data=write_folder(files))
    assert len(load_dataset("folder", "all", data=write_folder(files) / "web")) == 150


def test_twins_in_thumbnail_folders_stay_out(fer_files: Files, write_folder: Callable) -> None:
    twins = {
        f"train/happy/@eaDir/{name.rsplit('/', 1)[1]}": data for name, data in fer_files.items() if "test/" in name
    }
    train = load_dataset("folder", "trainval", data=write_folder(fer_files | twins))
    assert len(train) == 84
    assert {file.reason for file in train.skipped} == {"in '@eaDir', a folder of thumbnails, rubbish or hidden files"}
    assert len(train.skipped) == len(twins)


def test_rows_without_a_usage_are_listed(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    rows = ["emotion,pixels,Usage"]
    rows += [
        f"3,{' '.join(map(str, rng.integers(0, 256, 2304)))},{usage}"
        for usage in ("Training", "", "PublicTest", "  ", "Training")
    ]
    (tmp_path / "fer2013.csv").write_text("\n".join(rows))
    train = load_dataset("fer2013", "trainval", data=tmp_path)
    assert train.ids == ("Training/happy/0", "Training/happy/4")
    reason = "its row names no Usage, though others do"
    assert [(file.id, file.reason) for file in train.skipped] == [("all/happy/1", reason), ("all/happy/3", reason)]
    (tmp_path / "fer2013.csv").write_text("\n".join(row.rpartition(",")[0] + "," for row in rows[1:]))
    (tmp_path / "fer2013.csv").write_text("emotion,pixels,Usage\n" + (tmp_path / "fer2013.csv").read_text())
    assert len(load_dataset("folder", "all", data=tmp_path / "fer2013.csv")) == 5  # a column that is empty throughout


def test_unknown_names_list_the_valid_ones(fer: Path) -> None:
    with pytest.raises(UnknownNameError, match="synthetic, fer2013, ckplus, samm, folder"):
        load_dataset("mnist", "test", data=fer)
    with pytest.raises(UnknownNameError, match="train, val, trainval, test, public, private"):
        load_dataset("fer2013", "secret", data=fer)
    with pytest.raises(UnknownNameError, match="'private'; valid: train, val, trainval, test"):
        load_dataset("folder", "private", data=fer)


def test_impossible_wishes(fer: Path) -> None:
    with pytest.raises(UsageError, match="8 to 1024 pixels, got 4"):
        load_dataset("fer2013", "test", data=fer, size=4)
    with pytest.raises(UsageError, match="1 or 3 channels, got 2"):
        load_dataset("fer2013", "test", data=fer, channels=2)
