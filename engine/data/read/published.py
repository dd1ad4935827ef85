"""Datasets as their makers publish them, without class folders: lists of labels, or names that say what is shown.

[1] M. J. Lyons, S. Akamatsu, M. Kamachi, J. Gyoba. Coding Facial Expressions with Gabor Wavelets. FG 1998 (JAFFE).
[2] D. Lundqvist, A. Flykt, A. Öhman. The Karolinska Directed Emotional Faces. Karolinska Institutet, 1998 (KDEF).
[3] S. Li, W. Deng, J. Du. Reliable Crowdsourcing and Deep Locality-Preserving Learning ... CVPR 2017 (RAF-DB).
[4] A. Mollahosseini, B. Hasani, M. H. Mahoor. AffectNet. arXiv:1708.03985.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np

from engine.data.read.clutter import clutter
from engine.data.read.sources import Entry, read_source
from engine.data.read.split_names import split_of
from engine.errors import DataError, printable
from engine.media.pictures import SUFFIXES

_JAFFE: Final = re.compile(r"([a-z]{2})[.-](an|di|fe|ha|ne|sa|su)\d[.-]\d+", re.IGNORECASE)
_JAFFE_WORDS: Final = {
    "an": "angry", "di": "disgust", "fe": "fear", "ha": "happy", "ne": "neutral", "sa": "sad", "su": "surprise",
}  # fmt: skip
_KDEF: Final = re.compile(r"[ab]([fm]\d\d)(af|an|di|ha|ne|sa|su)(?:s|fl|fr|hl|hr)", re.IGNORECASE)
_KDEF_WORDS: Final = {**_JAFFE_WORDS, "af": "fear"}
_RAFDB_LISTS: Final = ("list_patition_label.txt", "list_partition_label.txt")  # the first is how it is published
_RAFDB_LINE: Final = re.compile(r"\s*((train|test)_\w+)\.\w+\s+(\d{1,2})\s*")
_AFFECTNET_LISTS: Final = ("training.csv", "validation.csv", "automatically_annotated.csv")
_MOST_LINES: Final = 2_000_000
_LABEL_BYTES: Final = 4_096
_DEEP: Final = 3


def jaffe_person(picture_id: str) -> str:
    """Return who is shown by JAFFE's names [1], ``KA`` of ``KA.AN1.39.tiff``; empty for another name."""
    found = _JAFFE.fullmatch(PurePosixPath(picture_id).stem)
    return found[1].upper() if found else ""


def kdef_person(picture_id: str) -> str:
    """Return who is shown by KDEF's names [2], ``F01`` of ``AF01ANS.JPG``; empty for another name."""
    found = _KDEF.fullmatch(PurePosixPath(picture_id).stem)
    return found[1].upper() if found else ""


def read_jaffe(place: Path) -> Iterator[Entry]:
    """Yield JAFFE's pictures: ten people, whose names say person and expression."""

    def word(stem: str) -> str | None:
        found = _JAFFE.fullmatch(stem)
        return _JAFFE_WORDS[found[2].lower()] if found else None

    return _by_name(place, word, "JAFFE", "KA.AN1.39.tiff")


def read_kdef(place: Path) -> Iterator[Entry]:
    """Yield KDEF's pictures: seventy people from five sides, whose names say person and expression."""

    def word(stem: str) -> str | None:
        found = _KDEF.fullmatch(stem)
        return _KDEF_WORDS[found[2].lower()] if found else None

    return _by_name(place, word, "KDEF", "AF01ANS.JPG")


def _by_name(place: Path, word: Callable[[str], str | None], name: str, example: str) -> Iterator[Entry]:
    if not place.is_dir():
        raise DataError(f"Expected {name} as a folder, but '{place.name}' is a file; unpack it and give the folder.")
    for path, file in _pictures(place):
        found = word(path.stem)
        if found is None:
            reason = f"its name does not say who shows what, as {name}'s do ({example})"
            yield Entry(str(path), None, "", None, reason=reason, foreign=True)
        else:
            yield Entry(path.name, None, found, file)


def read_rafdb(place: Path) -> Iterator[Entry]:
    """Yield RAF-DB [3] by its list of labels, aligned pictures before the originals; without a list, class folders.

    Raises:
        DataError: the list is none.
    """
    listed = next((file for file in _below(place, _RAFDB_LISTS)), None)
    if listed is None:
        yield from read_source(place)
        return
    files: dict[str, Path] = {}
    for path, file in _pictures(place):
        stem, aligned = path.stem.removesuffix("_aligned"), path.stem.endswith("_aligned")
        if aligned or stem not in files:
            files[stem] = file
    with listed.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            found = _RAFDB_LINE.fullmatch(line[:200])
            if not line.strip():
                continue
            if found is None or number > _MOST_LINES:
                raise DataError(
                    f"Expected lines like 'train_00001.jpg 5' in '{listed.name}', but line {number} is another; get "
                    "the list again."
                )
            stem, split, code = found.groups()
            missing = "" if stem in files else "the list has it, but there is no such picture"
            yield Entry(f"{split}/{code}/{stem}", split, code, files.get(stem), reason=missing)


def read_affectnet(place: Path) -> Iterator[Entry]:
    """Yield AffectNet [4]: ``train_set/images/1.jpg`` by ``train_set/annotations/1_exp.npy``, else class folders.

    Raises:
        DataError: it is the first edition, whose lists speak of pictures that are not cut to faces.
    """
    parts = [(child, split_of(child.name)) for child in sorted(place.iterdir())] if place.is_dir() else []
    told = [(child, split) for child, split in parts if split and (child / "annotations").is_dir()]
    if not told:
        if lists := list(_below(place, _AFFECTNET_LISTS)):
            raise DataError(
                f"Expected AffectNet with class folders or annotations/*_exp.npy, but '{place.name}' has lists "
                f"('{lists[0].name}') of pictures that are not cut to faces; cut each by its face_x, face_y, "
                "face_width and face_height and sort it into train/<expression>/ or val/<expression>/."
            )
        yield from read_source(place)
        return
    for child, split in told:
        for path, file in _pictures(child / "images"):
            code = _label(child / "annotations" / f"{path.stem}_exp.npy")
            reason = "" if code else f"there is no label in annotations/{path.stem}_exp.npy"
            yield Entry(f"{split}/{code or 'unknown'}/{path.name}", split, code, file if code else None, reason=reason)


def _label(file: Path) -> str:
    """Return the number that a small NumPy file holds; empty where it holds none."""
    try:
        if file.stat().st_size > _LABEL_BYTES:
            return ""
        text = str(np.load(file, allow_pickle=False).reshape(-1)[0]).strip()
    except (OSError, ValueError, EOFError, IndexError):
        return ""
    return text if re.fullmatch(r"\d{1,2}", text) else ""


def _pictures(root: Path) -> Iterator[tuple[PurePosixPath, Path]]:
    """Yield (path below the root, file) of every picture by its name, sorted, without rubbish."""
    for folder, subfolders, files in os.walk(root):
        subfolders.sort()
        inside = PurePosixPath(printable(Path(folder).relative_to(root).as_posix()))
        for name in sorted(files):
            path = inside / printable(name)
            if path.suffix.lower() in SUFFIXES and clutter(path) is None:
                yield path, Path(folder) / name


def _below(root: Path, names: tuple[str, ...]) -> Iterator[Path]:
    """Yield files of these names, in lower case, at most :data:`_DEEP` folders down."""
    if not root.is_dir():
        return
    for folder, subfolders, files in os.walk(root):
        subfolders.sort()
        if len(Path(folder).relative_to(root).parts) >= _DEEP:
            subfolders.clear()
        yield from (Path(folder) / name for name in sorted(files) if name.lower() in names)
