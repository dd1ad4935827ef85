"""A small dataset with copies, conflicts and blanks that are known, for the tests of the audit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.data.audit.source import AuditedPictures
from engine.data.splits import duplicate_groups
from engine.labels import EMOTIONS

ANGRY, HAPPY, SAD = 0, 3, 5


def scene(seed: int) -> NDArray[np.uint8]:
    """Return a (48, 48) grey picture of a few random waves: another seed looks quite different."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:48, 0:48] / 48
    waves = sum(
        rng.normal() * np.cos(np.pi * (u * rows + v * columns) + rng.uniform(0, 6)) for u in range(6) for v in range(6)
    )
    return np.asarray(np.clip(128 + 14 * waves, 20, 220), np.uint8)


def lighter(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the picture 9 grey levels lighter: a near copy, since no pixel is equal."""
    return (picture + 9).astype(np.uint8)


def planted() -> list[tuple[str, str, int, NDArray[np.uint8]]]:
    """Return (part, file stem, label, picture) of each of 18 pictures.

    Exact: A three times in train and private, with two labels; B twice in public and private; C twice in train.
    Near: a lighter C in private (so it is near both of C); D in train and lighter in public, with two labels.
    Blank: two of one grey, in train, which are exact copies of each other, too. Eight others stand alone.
    """
    a, b, c, d = (scene(seed) for seed in (1, 2, 3, 4))
    grey = np.full((48, 48), 90, np.uint8)
    rows = [
        ("train", "Training_1", ANGRY, a),
        ("train", "Training_2", SAD, a),
        ("private", "PrivateTest_1", ANGRY, a),
        ("public", "PublicTest_2", HAPPY, b),
        ("private", "PrivateTest_2", HAPPY, b),
        ("train", "Training_3", SAD, c),
        ("train", "Training_4", SAD, c),
        ("private", "PrivateTest_3", SAD, lighter(c)),
        ("train", "Training_5", HAPPY, d),
        ("public", "PublicTest_5", ANGRY, lighter(d)),
        ("train", "Training_6", HAPPY, grey),
        ("train", "Training_7", HAPPY, grey),
    ]
    alone = ("train", "train", "train", "train", "public", "private")
    rows += [
        (part, f"{'Training' if part == 'train' else part.title() + 'Test'}_{20 + number}", HAPPY, scene(20 + number))
        for number, part in enumerate(alone)
    ]
    return rows


def _id(part: str, stem: str, label: int) -> str:
    return f"{'train' if part == 'train' else 'test'}/{EMOTIONS[label]}/{stem}.png"


def planted_pictures() -> AuditedPictures:
    """Return :func:`planted` in memory; ids as :func:`write_planted` gives them."""
    rows = planted()
    parts = tuple(part for part, *_ in rows)
    return AuditedPictures(
        name="fer2013",
        classes=EMOTIONS,
        images=np.stack([picture for *_, picture in rows]),
        labels=np.array([label for _, _, label, _ in rows], np.int64),
        ids=tuple(_id(part, stem, label) for part, stem, label, _ in rows),
        parts=parts,
        splits=parts,
        duplicate_group=duplicate_groups([picture.tobytes() for *_, picture in rows]),
    )


def write_planted(folder: Path) -> Path:
    """Write :func:`planted` as a folder in FER2013's layout."""
    for part, stem, label, picture in planted():
        file = folder / _id(part, stem, label)
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(file)
    return folder
