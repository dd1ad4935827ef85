"""What datasets there are: their names, classes and splits, and what their files are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from engine.data.read.sources import ARCHIVE_SUFFIXES
from engine.labels import AFFECTNET_CODES, CK_EMOTIONS, EMOTIONS, RAFDB_CODES, SAMM_EMOTIONS, VOCABULARY

SPLITS: Final[tuple[str, ...]] = ("train", "val", "trainval", "test")
FER2013_SPLITS: Final[tuple[str, ...]] = (*SPLITS, "public", "private")
TEST_SPLITS: Final[dict[str, tuple[str, ...]]] = {
    "test": ("test", "public", "private"),
    "public": ("public",),
    "private": ("private",),
}
"""Which parts of a source each test split takes in."""


@dataclass(frozen=True)
class DatasetKind:
    """What is particular to a dataset.

    Attributes:
        classes: its class names, in the order of its labels.
        splits: the splits that can be asked for.
        files: names (without path) it is looked for under a data folder that holds several datasets.
        codes: what its class folders mean where they are named by numbers.
    """

    classes: tuple[str, ...]
    splits: tuple[str, ...]
    files: tuple[str, ...]
    codes: Mapping[str, str] = field(default_factory=dict)


def _archives(*stems: str) -> tuple[str, ...]:
    return tuple(stem + suffix for stem in stems for suffix in ARCHIVE_SUFFIXES)


KINDS: Final[dict[str, DatasetKind]] = {
    "fer2013": DatasetKind(
        EMOTIONS, FER2013_SPLITS, ("fer2013", "fer2013.csv", "icml_face_data.csv", *_archives("fer2013", "archive"))
    ),
    "ckplus": DatasetKind(
        CK_EMOTIONS, SPLITS, ("ckplus", "CK+", "CK+48", "ckextended.csv", *_archives("ckplus", "CK+", "CK+48"))
    ),
    "samm": DatasetKind(SAMM_EMOTIONS, (*SPLITS, "all"), ("samm", *_archives("samm"))),
    "folder": DatasetKind(EMOTIONS, SPLITS, ()),
    "affectnet": DatasetKind(VOCABULARY, SPLITS, ("affectnet", *_archives("affectnet")), AFFECTNET_CODES),
    "rafdb": DatasetKind(EMOTIONS, SPLITS, ("rafdb", "RAF-DB", *_archives("rafdb", "RAF-DB")), RAFDB_CODES),
}
DATASETS: Final[tuple[str, ...]] = ("synthetic", *KINDS)
"""Every promised name."""
