from __future__ import annotations

import io
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from PIL import Image

from engine.data.read import bounds, sources
from engine.data.read.sources import Entry, locate, read_archive, read_csv, read_source
from engine.data.registry import load_dataset
from engine.errors import DataError

PICTURE = b"only carried, never decoded here"
SQUARE = "0 64 128 255"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("train/happy/1.png", ("train/happy/1.png", "train", "happy")),
        ("fer/archive/Test/Anger/x/1.png", ("Test/Anger/x/1.png", "test", "Anger")),
        ("test/train/sad/1.png", ("train/sad/1.png", "train", "sad")),
        ("validation/fear/1.png", ("validation/fear/1.png", "val", "fear")),
        ("PublicTest/fear/1.png", ("PublicTest/fear/1.png", "public", "fear")),
        ("CK+48/anger/S01_1.png", ("anger/S01_1.png", None, "anger")),
        ("happy/S1/clip/1.png", ("happy/S1/clip/1.png", None, "happy")),
        ("cats/1.png", ("cats/1.png", None, "cats")),
        ("train/1.png", None),
        ("1.png", None),
    ],
)
def test_a_path_says_split_and_class(path: str, expected: tuple | None) -> None:
    assert locate(PurePosixPath(path)) == expected


def ids(entries: object) -> list[tuple[str, str | None, str]]:
    return sorted((entry.id, entry.split, entry.word) for entry in entries)  # type: ignore[attr-defined]


@pytest.mark.parametrize("wrapper", ["", "fer2013/", "a/b/"])
def test_folder_and_archives_give_the_same(write_folder: Callable, write_archive: Callable, wrapper: str) -> None:
    files = {
        f"{wrapper}train/happy/1.png": PICTURE,
        f"{wrapper}test/sad/2.jpg": PICTURE,
        f"{wrapper}train/happy/.hidden.png": PICTURE,
        f"{wrapper}train/happy/Thumbs.db": PICTURE,
        f"{wrapper}readme.txt": b"about",
        "__MACOSX/train/happy/._1.png": PICTURE,
    }
    expected = [("test/sad/2.jpg", "test", "sad"), ("train/happy/1.png", "train", "happy")]
    assert ids(read_source(write_folder(files))) == expected
    for suffix in (".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz"):
        assert ids(read_source(write_archive(files, f"set{suffix}"))) == expected
    assert all(entry.payload == PICTURE for entry in read_source(write_archive(files, "again.tar.xz")))


THUMBNAILS = (
    "@eaDir/1.png", "#recycle/1.png", "System Volume Information/1.png", "lost+found/1.png", "$RECYCLE.BIN/S-1/1.png",
    ".thumbnails/1.png", "Thumbnails/1.png", "@eaDir/2.png/SYNOPHOTO_THUMB_M.png", "found.000/1.png",
)  # fmt: skip


@pytest.mark.parametrize("packed", [False, True])
def test_thumbnails_and_rubbish_are_left_out_and_counted(
    packed: bool, write_folder: Callable, write_archive: Callable
) -> None:
    files = {f"train/happy/{path}": PICTURE for path in THUMBNAILS} | {"@eaDir/happy/2.png": PICTURE}
    files |= {"train/happy/1.png": PICTURE, "train/happy/._1.png": PICTURE, "train/@eaDir/happy/index.txt": b"x"}
    entries = list(read_source(write_archive(files, "set.zip") if packed else write_folder(files)))
    assert [entry.id for entry in entries if not entry.reason] == ["train/happy/1.png"]
    left = {entry.id: entry.reason for entry in entries if entry.reason}
    assert sorted(left) == sorted([*(f"train/happy/{path}" for path in THUMBNAILS), "@eaDir/happy/2.png"])
    assert left["@eaDir/happy/2.png"] == "in '@eaDir', a folder of thumbnails, rubbish or hidden files"
    assert all(entry.foreign and entry.payload is None for entry in entries if entry.reason)


def test_what_wraps_a_class_folder_is_kept(write_folder: Callable) -> None:
    files = {"a/b/happy/S1/1.png": PICTURE, "happy/2.png": PICTURE, "c/train/happy/3.png": PICTURE}
    wrappers = {entry.id: entry.wrapper for entry in read_source(write_folder(files))}
    assert wrappers == {"happy/S1/1.png": "a/b", "happy/2.png": "", "train/happy/3.png": ""}


def test_an_archive_cannot_reach_outside_itself(tmp_path: Path) -> None:
    """A path that climbs is only text, and a link to a file of the machine is passed over."""
    (tmp_path / "secret.png").write_bytes(b"secret")
    path = tmp_path / "evil.tar"
    with tarfile.open(path, "w") as tar:
        for name, kind in (("train/happy/link.png", tarfile.SYMTYPE), ("train/happy/hard.png", tarfile.LNKTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, str(tmp_path / "secret.png")
            tar.addfile(info)
        info = tarfile.TarInfo("../../train/happy/../climb.png")
        info.size = len(PICTURE)
        tar.addfile(info, io.BytesIO(PICTURE))
    before = sorted(tmp_path.rglob("*"))
    assert [(entry.id, entry.payload) for entry in read_archive(path)] == [("train/happy/climb.png", PICTURE)]
    assert sorted(tmp_path.rglob("*")) == before

    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("train/happy/link.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, str(tmp_path / "secret.png"))
    assert list(read_archive(path)) == []


def test_a_member_is_bounded(write_archive: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MAX_MEMBER_BYTES", 1000)
    files = {"train/happy/big.png": b"\0" * 1001, "train/happy/small.png": b"\0" * 1000}
    for name in ("set.zip", "set.tar.gz"):
        big, small = sorted(read_archive(write_archive(files, name)), key=lambda entry: entry.id)
        assert big.payload is None
        assert "larger than" in big.reason
        assert small.payload == b"\0" * 1000


def test_the_number_of_members_is_bounded(write_archive: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_ENTRIES", 2)
    files = {f"train/happy/{number}.png": PICTURE for number in range(3)}
    for name in ("set.zip", "set.tar.gz"):
        with pytest.raises(DataError, match=f"at most 2 pictures in '{name}'"):
            list(read_archive(write_archive(files, name)))


@pytest.mark.parametrize("name", ["set.zip", "set.tar", "set.tar.gz", "set.tar.xz"])
def test_a_damaged_archive_is_one_sentence(write_archive: Callable, name: str) -> None:
    noise = np.random.default_rng(0).bytes(30_000)
    path = write_archive({"train/happy/1.png": noise, "train/sad/1.png": noise[::-1]}, name)
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(DataError, match=f"'{name}' to be a whole archive"):
        list(read_source(path))
    path.write_bytes(b"not an archive at all")
    with pytest.raises(DataError, match=f"'{name}' to be a whole archive"):
        list(read_source(path))


def test_a_file_of_another_kind_is_listed_not_read(write_folder: Callable) -> None:
    (entry,) = read_source(write_folder({"train/happy/1.mp4": b"no picture"}))
    assert entry.payload is None
    assert entry.foreign
    assert "1.mp4" in entry.reason


def test_a_picture_is_one_whatever_its_name(write_folder: Callable) -> None:
    file = io.BytesIO()
    Image.new("L", (20, 20)).save(file, "JPEG")
    found = list(read_source(write_folder({"train/happy/1.dat": file.getvalue(), "train/happy/2": file.getvalue()})))
    assert [entry.id for entry in found] == ["train/happy/1.dat", "train/happy/2"]
    assert not any(entry.foreign or entry.reason for entry in found)


def test_names_that_are_no_text_become_ids_that_are(tmp_path: Path) -> None:
    folder = tmp_path / "train" / "happy"
    folder.mkdir(parents=True)
    for name in (b"\xc1\xb3.png", b"\xc1\xb4.png"):
        (folder / os.fsdecode(name)).write_bytes(PICTURE)
    found = list(read_source(tmp_path))
    assert [entry.id for entry in found] == ["train/happy/\\xc1\\xb3.png", "train/happy/\\xc1\\xb4.png"]
    assert all(isinstance(entry.payload, Path) and entry.payload.read_bytes() == PICTURE for entry in found)


def write_csv(tmp_path: Path, text: str, name: str = "fer2013.csv") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def rows(path: Path) -> list[Entry]:
    return list(read_csv(path))


@pytest.mark.parametrize(
    "text",
    [
        f"emotion,pixels,Usage\n0,{SQUARE},Training\n4,{SQUARE},PublicTest\n6,{SQUARE},PrivateTest\n",
        f"emotion, Usage, pixels\n0,Training,{SQUARE}\n4,PublicTest,{SQUARE}\n6,PrivateTest,{SQUARE}\n",
        f"\ufeffUsage ,emotion,pixels\r\nTraining,0,{SQUARE}\r\nPublicTest,4,{SQUARE}\r\nPrivateTest,6,{SQUARE}\r\n",
        (
            f'"emotion","pixels","Usage"\n"0","{SQUARE}","Training"\n"4"," {SQUARE} ","PublicTest"\n'
            f'"6","{SQUARE}","PrivateTest"'
        ),
    ],
)
def test_a_csv_in_any_column_order(tmp_path: Path, text: str) -> None:
    """4 is sad and 6 neutral in the CSV, although the folders' order has neutral at 4 and surprise at 6."""
    entries = rows(write_csv(tmp_path, text))
    assert [(entry.id, entry.split, entry.word, entry.row) for entry in entries] == [
        ("Training/angry/0", "train", "angry", 0),
        ("PublicTest/sad/1", "public", "sad", 1),
        ("PrivateTest/neutral/2", "private", "neutral", 2),
    ]
    assert all(np.array_equal(entry.payload, [[0, 64], [128, 255]]) for entry in entries)  # type: ignore[arg-type]


def test_a_csv_without_usage_has_no_splits(tmp_path: Path) -> None:
    (entry,) = rows(write_csv(tmp_path, f"emotion,pixels\n7,{SQUARE}\n", "ckextended.csv"))
    assert (entry.id, entry.split, entry.word) == ("all/contempt/0", None, "contempt")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (f"8,{SQUARE},Training", "emotion from 0 to 7"),
        (f"-1,{SQUARE},Training", "emotion from 0 to 7"),
        (f"bored,{SQUARE},Training", "emotion from 0 to 7"),
        ("0,1 2 3,Training", "square"),
        ("0,1 2 3 256,Training", "0 to 255, got 256"),
        ("0,1 2 3 -4,Training", "whole numbers"),
        ("0,1 2 3 4.5,Training", "whole numbers"),
        ("0,,Training", "whole numbers"),
        ("0,1 2 3 x,Training", "whole numbers"),
        (f"0,{SQUARE}", "3 columns"),
        (f"0,{SQUARE},Holdout", "Holdout"),
        (f'"0,{SQUARE},Training', "3 columns"),
        ("0," + "1" * 200_000 + ",Training", "whole numbers"),
    ],
)
def test_a_bad_row_has_its_reason_and_costs_no_other(tmp_path: Path, row: str, reason: str) -> None:
    text = f"emotion,pixels,Usage\n0,{SQUARE},Training\n{row}\n\n3,{SQUARE},Training\n"
    first, bad, last = rows(write_csv(tmp_path, text))
    assert (first.reason, last.reason, last.id) == ("", "", "Training/happy/3")
    assert bad.payload is None
    assert reason in bad.reason


def test_another_csv_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"'emotion' and 'pixels' in 'people\.csv'"):
        rows(write_csv(tmp_path, "name,age\nx,3\n", "people.csv"))
    with pytest.raises(DataError, match=r"'empty\.csv'"):
        rows(write_csv(tmp_path, "", "empty.csv"))


def test_a_csv_inside_an_archive(write_archive: Callable) -> None:
    text = f"emotion,pixels,Usage\n3,{SQUARE},PrivateTest\n".encode()
    for name in ("set.zip", "set.tar.gz"):
        path = write_archive({"fer2013/fer2013.csv": text, "fer2013/people.csv": b"name\nx\n"}, name)
        (entry,) = read_source(path)
        assert (entry.id, entry.split) == ("PrivateTest/happy/0", "private")


def test_a_line_without_end_is_one_row_that_is_left_out(
    tmp_path: Path, write_archive: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MAX_LINE", 100)
    text = "emotion,pixels\n" + "0" * 1000 + f"\n3,{SQUARE}\n"
    path = write_archive({"bomb.csv": text.encode()}, "set.zip")
    for entries in (list(read_source(path)), rows(write_csv(tmp_path, text))):
        assert [(entry.row, entry.word, entry.reason) for entry in entries] == [
            (0, "", "longer than 100 characters"),
            (1, "happy", ""),
        ]


def test_a_row_may_be_longer_than_the_csv_readers_bound(tmp_path: Path) -> None:
    pixels = " ".join(["255"] * 200**2)
    for quote in ("", '"'):
        (entry,) = rows(write_csv(tmp_path, f"emotion,pixels,Usage\n3,{quote}{pixels}{quote},Training\n"))
        assert entry.payload.shape == (200, 200)  # type: ignore[union-attr]


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_tables_as_programs_save_them(
    tmp_path: Path, write_archive: Callable, ends: str, delimiter: str, encoding: str
) -> None:
    lines = [("emotion", "pixels", "Usage"), ("3", SQUARE, "Training"), ("4.0", SQUARE, "PublicTest"),
             ("Happiness", SQUARE, "PrivateTest")]  # fmt: skip
    data = ends.join(delimiter.join(line) for line in lines).encode(encoding)
    (tmp_path / "table.csv").write_bytes(data)
    expected = [("happy", "train"), ("sad", "public"), ("happy", "private")]
    for found in (
        rows(tmp_path / "table.csv"),
        list(read_source(write_archive({"table.csv": data}, "set.zip"))),
        list(read_source(write_archive({"table.csv": data}, "set.tar.gz"))),
    ):
        assert [(entry.word, entry.split) for entry in found] == expected
        assert all(entry.payload.shape == (2, 2) for entry in found)  # type: ignore[union-attr]


def test_another_table_beside_pictures_is_nothing(write_archive: Callable) -> None:
    assert list(read_source(write_archive({"people.csv": b"name\rx\r", "happy/1.png": PICTURE}, "set.zip")))


@pytest.mark.parametrize("cell", ["3.5", "9", "-1", "bored", "", "1e1"])
def test_what_is_no_emotion_is_said(tmp_path: Path, cell: str) -> None:
    (entry,) = rows(write_csv(tmp_path, f"emotion,pixels\n{cell},{SQUARE}\n"))
    assert entry.payload is None
    assert "or by its name" in entry.reason


def test_a_table_without_one_picture_ends_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_FIRST_ROWS", 5)
    good, bad = f"3,{SQUARE}\n", "0\n"
    with pytest.raises(DataError, match=r"first 5 hold none \(the first: expected 2 columns, got 1\)"):
        rows(write_csv(tmp_path, "emotion,pixels\n" + bad * 6))
    assert len(rows(write_csv(tmp_path, "emotion,pixels\n" + bad * 4 + good + bad * 20))) == 25


def test_the_number_of_rows_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_ENTRIES", 3)
    with pytest.raises(DataError, match=r"at most 3 pictures in 'x\.csv'"):
        rows(write_csv(tmp_path, "emotion,pixels\n" + f"3,{SQUARE}\n" * 4, "x.csv"))


def test_what_is_no_ordinary_file_is_not_opened(tmp_path: Path) -> None:
    for name in ("x.csv", "x.zip", "x.tar.gz"):
        os.mkfifo(tmp_path / name)  # opening it would wait for ever
        with pytest.raises(DataError, match=f"'{name}' is neither"):
            read_source(tmp_path / name)


def test_any_other_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "set.rar"
    path.write_bytes(b"")
    with pytest.raises(DataError, match=r"got 'set\.rar'"):
        read_source(path)


def test_less_usual_names_of_pictures_are_pictures_of_a_dataset(tmp_path: Path) -> None:
    grey = Image.fromarray(np.linspace(0, 255, 48 * 48).reshape(48, 48).astype(np.uint8))
    (tmp_path / "set" / "train" / "happy").mkdir(parents=True)
    for name, kind in (("a.jfif", "JPEG"), ("b.jpe", "JPEG"), ("c.avif", "AVIF")):
        grey.convert("RGB").save(tmp_path / "set" / "train" / "happy" / name, kind)
    found = load_dataset("fer2013", "all", data=tmp_path / "set", size=48)
    assert [name.rsplit("/", 1)[-1] for name in found.ids] == ["a.jfif", "b.jpe", "c.avif"]
    assert not found.skipped
    assert np.abs(found.images.astype(int) - np.asarray(grey).astype(int)).max() < 24
