from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.data.read.samm import difference, frame_number
from engine.data.registry import load_dataset
from engine.errors import DataError, PictureError, UsageError
from engine.labels import SAMM_EMOTIONS
from tests.made_enhance import noise

SUBJECTS = ("006", "007", "011", "020", "sub21")
SHEET = ["SAMM Micro-Expressions", "", "Subject,Filename,Onset Frame,Apex Frame,Offset Frame,Estimated Emotion"]


def test_the_difference_by_hand() -> None:
    onset = np.array([[0, 255, 100, 100, 10, 10]], np.uint8)
    apex = np.array([[255, 0, 100, 101, 8, 13]], np.uint8)
    assert difference(onset, apex).tolist() == [[255, 0, 128, 128, 127, 129]]
    colour = np.stack([apex, onset, apex], axis=2)
    assert difference(onset, colour)[0, 0].tolist() == [255, 128, 255]
    assert difference(colour, onset)[0, 0].tolist() == [0, 128, 0]
    # No change is grey in the middle, whatever the face.
    same = noise(4, 5, 3)
    assert (difference(same, same) == 128).all()
    with pytest.raises(PictureError, match="onset frame is 5x4 and its apex frame 6x4"):
        difference(noise(4, 5), noise(4, 6))


@pytest.mark.parametrize(
    ("name", "number"),
    [("006_05562.jpg", 5562), ("reg_img46.jpg", 46), ("7.png", 7), ("a/b_1/3.bmp", 3), ("x.png", None)],
)
def test_frame_numbers(name: str, number: int | None) -> None:
    assert frame_number(name) == number


@pytest.fixture
def samm(write_folder: Callable, png: Callable) -> Path:
    """Five people with two clips each, one of anger and one of surprise; frames 10 to 13, onset 10, apex 12."""
    files: dict[str, bytes] = {}
    lines = list(SHEET)
    for number, subject in enumerate(SUBJECTS):
        for clip, word in ((1, "Anger"), (2, "Surprise")):
            deep = "frames/" if clip == 2 else ""
            for frame in range(10, 14):
                pixels = noise(20, 24, seed=100 * number + 10 * clip + frame)
                files[f"{subject}/{subject}_{clip}/{deep}{subject}_000{frame}.png"] = png(pixels)
            lines.append(f"{subject.removeprefix('sub')},{subject}_{clip},10,12.0,13,{word}")
    files["samm.csv"] = "\n".join(lines).encode()
    return write_folder(files, "samm")


def test_one_picture_a_clip(samm: Path) -> None:
    clips = load_dataset("samm", "all", data=samm, clips="onset-apex", size=24)
    assert clips.classes == SAMM_EMOTIONS
    assert len(clips) == 10
    assert clips.ids == tuple(sorted(f"{subject}/{subject}_{clip}" for subject in SUBJECTS for clip in (1, 2)))
    assert clips.subjects == tuple(number for number in ("6", "7", "11", "20", "21") for _ in range(2))
    frames = load_dataset("samm", "all", data=samm, size=24)
    assert len(frames) == 40
    at = dict(zip(frames.ids, frames.images, strict=True))
    wanted = difference(at["007/007_1/007_00010.png"], at["007/007_1/007_00012.png"]).astype(int)
    # Resized before or after the subtraction, the same but for rounding.
    assert np.abs(clips.images[clips.ids.index("007/007_1")] - wanted).max() <= 1
    words = [clips.classes[label] for label in clips.labels]
    assert words == ["angry", "surprise"] * 5


def test_people_stay_in_one_part(samm: Path) -> None:
    parts = [
        set(load_dataset("samm", split, data=samm, clips="onset-apex").subjects or ())
        for split in ("train", "val", "test")
    ]
    assert set().union(*parts) == {"6", "7", "11", "20", "21"}
    assert sum(map(len, parts)) == 5


def test_clips_that_cannot_be_used_are_listed(samm: Path) -> None:
    text = (samm / "samm.csv").read_text()
    text = text.replace("006,006_1,10,12.0", "006,006_1,10,/").replace("007,007_1,10,12.0", "007,007_1,10,99")
    text = text.replace("011,011_1,10,12.0", "011,011_1,12,12")
    (samm / "samm.csv").write_text(text)
    (samm / "020" / "020_1" / "020_00010.png").write_bytes(b"broken")
    clips = load_dataset("samm", "all", data=samm, clips="onset-apex")
    assert len(clips) == 6
    assert {file.id: file.reason for file in clips.skipped} == {
        "006/006_1": "the label sheet does not name its onset and apex frames",
        "007/007_1": "expected one frame 99 (its apex), found 0",
        "011/011_1": "the label sheet names one frame as its onset and its apex",
        "020/020_1": "its onset frame cannot be used (not a picture)",
    }


def test_what_has_no_key_frames(samm: Path, write_folder: Callable, png: Callable) -> None:
    (samm / "samm.csv").write_text("Subject,Filename,Emotion\n6,006_1,Anger\n")
    with pytest.raises(DataError, match="in 'samm' with the columns Onset Frame and Apex Frame"):
        load_dataset("samm", "all", data=samm, clips="onset-apex")
    place = write_folder({"Anger/006_1_1.png": png(noise(20, 20))}, "plain")
    with pytest.raises(DataError, match="in 'plain' with the columns"):
        load_dataset("samm", "all", data=place, clips="onset-apex")
    with pytest.raises(UsageError, match="'folder' has no clips; onset-apex is for samm"):
        load_dataset("folder", "train", data=place, clips="onset-apex")
    with pytest.raises(UsageError, match="Unknown kind of clips 'apex'; valid: frames, onset-apex"):
        load_dataset("samm", "all", data=samm, clips="apex")
