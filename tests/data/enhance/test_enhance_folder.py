from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.data.enhance.enhance import Enhancer, enhancement_at
from engine.data.enhance.folder import plan_enhancement, write_enhanced
from engine.data.enhance.networks import Tiling
from engine.data.registry import load_dataset
from engine.errors import DataError, UsageError
from engine.records import UInt8
from tests.made_enhance import doubling, noise, tinting

IDS = [f"{part}/{word}/{number}.png" for part in ("test", "train") for word in ("happy", "sad") for number in range(3)]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Twelve grey pictures, half of them for test; one that is broken."""
    for number, name in enumerate(IDS):
        path = tmp_path / "set" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise(16, 16, seed=number)).save(path)
    (tmp_path / "set" / "train" / "sad" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return tmp_path / "set"


class Counting(Enhancer):
    """Counts what it enhances, and is interrupted before the picture with number ``until``."""

    def __init__(self, until: int | None = None, tile: int = 64) -> None:
        super().__init__(doubling(), None, tiling=Tiling(tile, 16, 4))
        self.count = 0
        self.batches: list[bytes] = []
        self.until = until

    def __call__(self, pictures: Sequence[UInt8]) -> list[UInt8]:
        if self.until is not None and self.count + len(pictures) > self.until:
            raise KeyboardInterrupt
        self.count += len(pictures)
        self.batches.append(b"".join(picture.tobytes() for picture in pictures))
        return super().__call__(pictures)


def test_what_is_written_is_read_again(place: Path, tmp_path: Path) -> None:
    plan = plan_enhancement("fer2013", place)
    told: list[int] = []
    document = write_enhanced(tmp_path / "large", plan, Counting(), progress=told.append, on_start=told.append)
    out = tmp_path / "large"
    assert told[0] == 0
    assert sum(told) == 13
    assert document["made"] == 12
    assert document["source"] == {"height": 16, "width": 16, "grey": True}
    assert document["skipped"] == [{"id": "train/sad/broken.png", "reason": "not a picture"}]
    assert document == json.loads((out / "enhance.json").read_text())
    assert sorted(path.name for path in out.iterdir()) == ["enhance.csv", "enhance.json", "test", "train"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["large", "set"]
    assert str(tmp_path) not in (out / "enhance.json").read_text() + (out / "enhance.csv").read_text()

    for split in ("test", "trainval"):
        before, after = (
            load_dataset("fer2013", split, data=place, size=16),
            load_dataset("fer2013", split, data=out, size=32),
        )
        assert before.ids == after.ids
        assert np.array_equal(before.labels, after.labels)
        assert np.array_equal(after.images, before.images.repeat(2, axis=1).repeat(2, axis=2))
    with (out / "enhance.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["source"] for row in rows] == [name for name in plan.written if "broken" not in name]
    assert rows[0].items() >= {"height": "16", "width": "16", "channels": "1"}.items()
    found = enhancement_at(out)
    assert found is not None
    assert list(found) == ["networks", "tile", "overlap", "source"]

    with pytest.raises(UsageError, match="'large' exists already"):
        write_enhanced(out, plan, Counting())
    with pytest.raises(UsageError, match="would lie inside 'set'"):
        write_enhanced(place / "large", plan, Counting())


def test_stopped_work_goes_on(place: Path, tmp_path: Path) -> None:
    plan, out, partial = plan_enhancement("fer2013", place), tmp_path / "large", tmp_path / "large.partial"
    stopped = Counting(until=9)
    with pytest.raises(KeyboardInterrupt):
        write_enhanced(out, plan, stopped)
    assert not out.exists()
    assert stopped.count == 8
    assert len(list(partial.rglob("*.png"))) == 8
    # As a kill at the worst moment leaves it: a picture half written, one not entered, and a line cut short.
    done = sorted(partial.rglob("*.png"))
    (done[0].parent / ".9.png.part").write_bytes(b"half")
    lines = (partial / "enhance.csv").read_text().splitlines()
    (partial / "enhance.csv").write_text("\n".join([*lines[:-1], lines[-1][:-4]]))
    before = {path: path.stat().st_mtime_ns for path in done}

    told: list[int] = []
    rest = Counting()
    document = write_enhanced(out, plan, rest, on_start=told.append)
    assert told == [7]
    assert rest.count == 8  # four that were left, and the batch of the one whose line was lost
    assert document["made"] == 12
    assert not partial.exists()
    assert not list(out.rglob(".*"))
    kept = [path for path, when in before.items() if (out / path.relative_to(partial)).stat().st_mtime_ns == when]
    assert len(kept) == 7

    undisturbed = Counting()
    assert write_enhanced(tmp_path / "whole", plan, undisturbed) == document
    assert rest.batches == undisturbed.batches[1:]  # in which a network's last bits are the same
    for path in sorted((tmp_path / "whole").rglob("*.*")):
        assert path.read_bytes() == (out / path.relative_to(tmp_path / "whole")).read_bytes()


def test_other_settings_do_not_go_on(place: Path, tmp_path: Path) -> None:
    plan, out = plan_enhancement("fer2013", place), tmp_path / "large"
    with pytest.raises(KeyboardInterrupt):
        write_enhanced(out, plan, Counting(until=5))
    cure = r"; give the same as before, or remove 'large\.partial' to begin afresh\."
    with pytest.raises(UsageError, match=r"'large\.partial' was begun with other settings \(--tile\)" + cure):
        write_enhanced(out, plan, Counting(tile=128))
    with pytest.raises(UsageError, match=r"\(networks\)"):
        write_enhanced(out, plan, Enhancer(doubling(), tinting(), tiling=Tiling(64, 16, 4)))
    with pytest.raises(UsageError, match=r"\(pictures, --limit\)"):
        write_enhanced(out, replace(plan, fingerprint="0"), Counting(), limit=3)
    # Another batch, or the same file under another name, makes the same pictures.
    renamed = Enhancer(replace(doubling(), file="other.pth"), None, tiling=Tiling(64, 16, 2))
    assert write_enhanced(out, plan, renamed)["made"] == 12

    (tmp_path / "odd.partial").mkdir()
    with pytest.raises(UsageError, match=r"'odd\.partial' holds no work"):
        write_enhanced(tmp_path / "odd", plan, Counting())


def test_colour_and_mixed_sizes(place: Path, tmp_path: Path) -> None:
    Image.fromarray(noise(20, 16, 3)).save(place / "train" / "sad" / "more.png")
    plan = plan_enhancement("fer2013", place)
    document = write_enhanced(tmp_path / "out", plan, Enhancer(doubling(), tinting()))
    assert document["source"] == {"height": None, "width": None, "grey": False}
    with Image.open(tmp_path / "out" / "train" / "sad" / "more.png") as picture:
        assert (picture.size, picture.mode) == ((32, 40), "RGB")
    assert load_dataset("fer2013", "test", data=tmp_path / "out", channels=None, size=32).images.ndim == 4


def test_clips_keep_their_people_and_their_sheet(write_folder: Callable, png: Callable, tmp_path: Path) -> None:
    files = {f"{who}/{who}_1/{frame}.png": png(noise(16, 16)) for who in ("006", "007", "011") for frame in (1, 2)}
    files["samm.csv"] = b"Subject,Filename,Estimated Emotion\n6,006_1,Anger\n7,007_1,Surprise\n11,011_1,Anger\n"
    place = write_folder(files, "samm")
    write_enhanced(tmp_path / "large", plan_enhancement("samm", place), Counting())
    before, after = (load_dataset("samm", "all", data=where, size=16) for where in (place, tmp_path / "large"))
    assert before.ids == after.ids
    assert before.subjects == after.subjects
    assert np.array_equal(before.labels, after.labels)


def test_nothing_readable(tmp_path: Path) -> None:
    (tmp_path / "set" / "happy").mkdir(parents=True)
    (tmp_path / "set" / "happy" / "a.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"No picture of 'set' can be read \(the file is empty\)"):
        write_enhanced(tmp_path / "out", plan_enhancement("folder", tmp_path / "set"), Counting())
    assert not (tmp_path / "out").exists()
