"""Files and folders that are complete or absent."""

from __future__ import annotations

import csv
import errno
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from safetensors.numpy import save_file

from engine.errors import StorageError
from engine.writing.whole import clear_left, part_of, whole_file, whole_folder, write_files
from tests.writing.made_writing import disk_of


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_there_once_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("before", encoding="utf-8")
    with whole_file(path) as part:
        assert (part.parent, part.suffix, part.name[0]) == (tmp_path, ".csv", ".")
        part.write_text("after", encoding="utf-8")
        assert path.read_text(encoding="utf-8") == "before"
    assert path.read_text(encoding="utf-8") == "after"
    with pytest.raises(ZeroDivisionError), whole_file(path) as part:
        part.write_bytes(bytes(1 // 0))
    assert path.read_text(encoding="utf-8") == "after"
    assert names(tmp_path) == ["a.csv"]


def test_a_link_stays_one_and_a_device_is_written_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("before", encoding="utf-8")
    (tmp_path / "b").symlink_to("a")
    with whole_file(tmp_path / "b") as part:
        part.write_text("after", encoding="utf-8")
    assert (tmp_path / "b").is_symlink()
    assert (tmp_path / "a").read_text(encoding="utf-8") == "after"
    with whole_file(Path("/dev/null")) as part:
        assert part == Path("/dev/null")


def test_a_folder_is_there_once_it_is_whole(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with whole_folder(out) as part:
        (part / "a").write_text("1", encoding="utf-8")
        assert not out.exists()
    assert names(out) == ["a"]
    with pytest.raises(ZeroDivisionError), whole_folder(out, replace=True) as part:
        raise ZeroDivisionError
    with pytest.raises(OSError, match="not empty"), whole_folder(out) as part:
        (part / "b").write_text("2", encoding="utf-8")
    assert names(out) == ["a"]
    with whole_folder(out, replace=True) as part:
        (part / "b").write_text("2", encoding="utf-8")
    assert names(out) == ["b"]
    assert names(tmp_path) == ["out"]


def test_what_a_killed_run_left_goes_and_what_it_took_away_comes_back(tmp_path: Path) -> None:
    out = tmp_path / "out"
    left = part_of(out)
    left.mkdir()
    (left / "half").write_text("", encoding="utf-8")
    (tmp_path / f"{left.name}.lock").write_text("", encoding="utf-8")
    (tmp_path / ".out.old").mkdir()  # killed between the two renamings
    (tmp_path / ".out.old" / "dear").write_text("", encoding="utf-8")
    (tmp_path / ".out.mine").mkdir()  # somebody's own
    clear_left(out)
    assert names(tmp_path) == [".out.mine", "out"]
    assert names(out) == ["dear"]
    (tmp_path / ".out.old").mkdir()  # killed after both
    clear_left(out)
    assert names(tmp_path) == [".out.mine", "out"]


@pytest.mark.parametrize("moment", ["writing", "renamed"])
def test_what_was_left_inside_a_folder_goes_too(tmp_path: Path, moment: str) -> None:
    """A resumed run need not write its last state again, and so would never look beside it."""
    left = part_of(tmp_path / "state.safetensors")
    (tmp_path / f"{left.name}.lock").touch()
    if moment == "writing":
        left.touch()
    (tmp_path / ".mine.part.txt").touch()  # never locked: no run of ours
    with whole_file(tmp_path / "other") as part:
        part.touch()
        clear_left(tmp_path)
        assert names(tmp_path) == [".mine.part.txt", ".other.part", ".other.part.lock"]


def test_what_another_run_is_writing_stays(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with whole_folder(out) as part:
        clear_left(out)
        assert part.is_dir()


def _numpy(part: Path) -> None:
    with part.open("wb") as file:
        np.save(file, np.zeros(100_000))


def _csv(part: Path) -> None:
    with part.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([number] * 10 for number in range(10_000))


NOISE = np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8)
WRITERS = {
    "python": lambda part: part.write_bytes(bytes(100_000)),
    "numpy": _numpy,
    "safetensors": lambda part: save_file({"a": np.zeros(100_000)}, part),
    "pillow": lambda part: Image.fromarray(NOISE).save(part, format="PNG"),
    "parquet": lambda part: pq.write_table(pa.table({"a": NOISE.ravel()}), part),
    "csv": _csv,
}


@pytest.mark.parametrize("writer", WRITERS)
def test_a_full_disk_is_one_sentence_and_leaves_nothing(writer: str, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_text("before", encoding="utf-8")
    with pytest.raises(StorageError) as said, disk_of(4096), whole_file(tmp_path / "a.bin") as part:
        WRITERS[writer](part)
    assert str(said.value).startswith("'a.bin' could not be written (")
    assert str(tmp_path) not in str(said.value)
    assert names(tmp_path) == ["a.bin"]
    assert (tmp_path / "a.bin").read_text(encoding="utf-8") == "before"


def test_other_errors_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), whole_file(tmp_path / "a"):
        raise PermissionError(errno.EACCES, "no")
    with pytest.raises(ValueError, match="os error 2"), whole_folder(tmp_path / "b"):
        raise ValueError("no such file (os error 2)")
    with pytest.raises(StorageError, match="No space left on device"), whole_folder(tmp_path / "b"):
        raise OSError(errno.ENOSPC, "full")
    assert names(tmp_path) == []


def test_of_several_files_all_are_written_or_none(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(StorageError), disk_of(4096):
        write_files(out, {"a": b"1", "b": bytes(10_000), "c": b"3"})
    assert names(tmp_path) == []
    write_files(out, {"a": b"1", "b": b"2"})
    assert names(out) == ["a", "b"]
    with pytest.raises(StorageError), disk_of(4096):
        write_files(out, {"a": b"new", "b": bytes(10_000)})
    assert (out / "a").read_bytes() == b"1"
    assert names(out) == ["a", "b"]
