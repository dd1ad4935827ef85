from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.data.enhance.folder import plan_enhancement
from engine.errors import DataError, UsageError
from tests.made_enhance import noise


@pytest.fixture
def picture(png: Callable) -> bytes:
    return png(noise(16, 16))


def test_splits_and_classes_stay(write_folder: Callable, picture: bytes) -> None:
    files = {
        "train/happy/Training_1.jpg": picture,
        "train/Sadness/b.c.png": picture,
        "test/happy/PrivateTest_1.jpg": picture,
        "extra/happy/x.png": picture,  # beside train/ and test/: something else
        "train/happy/notes.txt": b"x",
    }
    plan = plan_enhancement("fer2013", write_folder(files, "set"))
    assert plan.written == {
        "train/happy/Training_1.jpg": "train/happy/Training_1.png",
        "train/Sadness/b.c.png": "train/Sadness/b.c.png",
        "test/happy/PrivateTest_1.jpg": "test/happy/PrivateTest_1.png",
    }
    assert [file.id for file in plan.skipped] == ["train/happy/notes.txt"]
    assert {entry.id for entry in plan.entries()} == set(plan.written)


def test_rows_of_a_csv_and_numbered_classes(write_folder: Callable, picture: bytes, tmp_path: Path) -> None:
    table = tmp_path / "fer2013.csv"
    pixels = " ".join(["7"] * 16)
    table.write_text(f"emotion,pixels,Usage\n3,{pixels},Training\n4,{pixels},PrivateTest\n9,{pixels},Training\n")
    plan = plan_enhancement("fer2013", table)
    assert plan.written == {"Training/happy/0": "Training/happy/0.png", "PrivateTest/sad/1": "PrivateTest/sad/1.png"}
    assert len(plan.skipped) == 1

    place = write_folder({"train/4/a.jpg": picture, "test/6/a.jpg": picture}, "rafdb")
    assert set(plan_enhancement("rafdb", place).written.values()) == {"train/4/a.png", "test/6/a.png"}


def test_names_that_would_meet(write_folder: Callable, picture: bytes) -> None:
    place = write_folder({"happy/a.jpg": picture, "happy/A.png": picture}, "set")
    assert set(plan_enhancement("folder", place).written.values()) == {"happy/A.png", "happy/a.jpg.png"}


def test_the_fingerprint_follows_the_pictures(write_folder: Callable, picture: bytes) -> None:
    place = write_folder({"happy/a.png": picture, "sad/b.png": picture}, "set")
    first = plan_enhancement("folder", place)
    assert plan_enhancement("folder", place).fingerprint == first.fingerprint
    (place / "sad" / "b.png").write_bytes(picture + b"more")
    assert plan_enhancement("folder", place).fingerprint != first.fingerprint


def test_a_limit_spreads_over_classes_and_splits(write_folder: Callable, picture: bytes) -> None:
    files = {
        f"{part}/{word}/{n}.png": picture for part in ("train", "test") for word in ("happy", "sad") for n in range(4)
    }
    plan = plan_enhancement("fer2013", write_folder(files, "set"), limit=2)
    assert sorted(plan.written) == ["test/happy/0.png", "test/sad/0.png", "train/happy/0.png", "train/sad/0.png"]
    with pytest.raises(UsageError, match="--limit of 1 or more, got 0"):
        plan_enhancement("fer2013", plan.place, limit=0)


def test_what_is_refused(write_folder: Callable, picture: bytes) -> None:
    place = write_folder({"train/happy/a.png": picture, "train/joy2/b.png": picture}, "odd")
    with pytest.raises(DataError, match=r"'odd' has classes that are not among .*: 'joy2' \(1\); rename"):
        plan_enhancement("fer2013", place)
    plan = plan_enhancement("fer2013", place, drop_unknown=True)
    assert list(plan.written) == ["train/happy/a.png"]
    assert plan.skipped[0].reason == "unknown class 'joy2'"

    (place / "balance.csv").write_text("id\n")
    with pytest.raises(DataError, match="'odd' is balanced already; enhance what it was made of"):
        plan_enhancement("fer2013", place, drop_unknown=True)
    (place / "balance.csv").unlink()
    (place / "enhance.json").write_text('{"networks": [], "tile": 1, "overlap": 0, "source": {}}')
    with pytest.raises(DataError, match="'odd' is enhanced already"):
        plan_enhancement("fer2013", place, drop_unknown=True)
    with pytest.raises(DataError, match="none is there"):
        plan_enhancement("fer2013", write_folder({"readme.txt": b"x"}, "none"))
