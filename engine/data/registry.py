"""A split of a dataset by name: read where it lies, drawn where its source has no such split.

What datasets there are: their names, classes and splits, and what their files are called.

Where a dataset lies on this machine: the argument, else the variable FERLENS_DATA, else ``data/``.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from engine.data.balance.balance import is_balanced, refuse_drawing
from engine.data.dataset import Bool, FaceDataset, together
from engine.data.people import KEPT_APART, NO_SPLIT, NOT_TOLD, before_underscore
from engine.data.read.class_codes import choosing_codes, codes_in_words, codes_of, meaning
from engine.data.read.gather import LOOK_SIDE, Decoder, Need, Picture, gather
from engine.data.read.published import jaffe_person, kdef_person, read_affectnet, read_jaffe, read_kdef, read_rafdb
from engine.data.read.samm import CLIPS, FRAMES, read_samm
from engine.data.read.sources import ARCHIVE_SUFFIXES, Entry, fit_picture, is_table, read_source
from engine.data.read.split_names import SPLIT_FOLDERS, split_of
from engine.data.splits import TEST_SHARE, VALIDATION_SHARE, draw_parts, draw_val, duplicate_groups, subjects_of
from engine.data.votes.ferplus import FERPLUS, FERPLUS_SPLITS, by_votes
from engine.data.votes.file import require_votes
from engine.data.votes.join import WITH_VOTES, with_votes
from engine.data.votes.rules import VoteChoice
from engine.errors import DataError, UnknownNameError, UsageError
from engine.labels import (
    AFFECTNET_CODES,
    CK_EMOTIONS,
    EMOTIONS,
    RAFDB_CODES,
    SAMM_EMOTIONS,
    VOCABULARY,
    canonical,
    labels_of,
)
from engine.media.fit import fitted
from engine.media.pictures import SUFFIXES
from engine.places import DATA_VARIABLE, DEFAULT_DATA
from engine.records import InputSpec, RunCard, UInt8
from engine.synthetic.face import SIZES

SPLITS: Final[tuple[str, ...]] = ("train", "val", "trainval", "test")
ALL: Final = "all"
"""Every picture of a source: for a model that was trained on other data."""
FER2013_SPLITS: Final[tuple[str, ...]] = (*SPLITS, "public", "private", ALL)
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
        read: yields the entries of a folder, an archive or a CSV.
        subject: reads out of a picture's id who is shown, where the source itself does not say; empty: nobody known.
    """

    classes: tuple[str, ...]
    splits: tuple[str, ...]
    files: tuple[str, ...]
    codes: Mapping[str, str] = field(default_factory=dict)
    subject: Callable[[str], str] | None = None
    read: Callable[[Path], Iterator[Entry]] = read_source


def _archives(*stems: str) -> tuple[str, ...]:
    return tuple(stem + suffix for stem in stems for suffix in ARCHIVE_SUFFIXES)


KINDS: Final[dict[str, DatasetKind]] = {
    "fer2013": DatasetKind(
        EMOTIONS, FER2013_SPLITS, ("fer2013", "fer2013.csv", "icml_face_data.csv", *_archives("fer2013", "archive"))
    ),
    "ckplus": DatasetKind(
        CK_EMOTIONS,
        (*SPLITS, ALL),
        ("ckplus", "CK+", "CK+48", "ckextended.csv", *_archives("ckplus", "CK+", "CK+48")),
        subject=before_underscore,
    ),
    "samm": DatasetKind(SAMM_EMOTIONS, (*SPLITS, ALL), ("samm", *_archives("samm"))),
    "folder": DatasetKind(EMOTIONS, (*SPLITS, ALL), ()),
    "affectnet": DatasetKind(
        VOCABULARY, (*SPLITS, ALL), ("affectnet", *_archives("affectnet")), AFFECTNET_CODES, read=read_affectnet
    ),
    "rafdb": DatasetKind(
        EMOTIONS, (*SPLITS, ALL), ("rafdb", "RAF-DB", *_archives("rafdb", "RAF-DB")), RAFDB_CODES, read=read_rafdb
    ),
    "jaffe": DatasetKind(EMOTIONS, (*SPLITS, ALL), ("jaffe", "jaffedbase"), subject=jaffe_person, read=read_jaffe),
    "kdef": DatasetKind(EMOTIONS, (*SPLITS, ALL), ("kdef", "KDEF_and_AKDEF"), subject=kdef_person, read=read_kdef),
}
WITH_TABLES: Final = ("fer2013", "ckplus", "folder")
"""The datasets that may be one table with the pictures' pixels."""
_TABLE_DEPTH: Final = 2
PICTURES_OF: Final[dict[str, str]] = {"ferplus": "fer2013"}
"""Datasets that are the pictures of another with other labels, and so no kind of source themselves."""


def dataset_names() -> tuple[str, ...]:
    """Return every name that :func:`load_dataset` takes."""
    return ("synthetic", *KINDS, *PICTURES_OF)


def _named_child(place: Path, usual_names: Sequence[str]) -> Path | None:
    """Return the child of ``place`` that has one of the usual names in any case, or None."""
    children = {child.name.lower(): child for child in sorted(place.iterdir())}
    return next((children[name.lower()] for name in usual_names if name.lower() in children), None)


def _table_below(place: Path, usual_names: Sequence[str]) -> Path | None:
    """Return the one table of pictures at most two folders below ``place``; None where pictures lie, or no table.

    Raises:
        DataError: there are several, none of them with a usual name.
    """
    tables: list[Path] = []
    for folder, subfolders, files in os.walk(place):
        here = Path(folder)
        deep = len(here.relative_to(place).parts) >= _TABLE_DEPTH
        subfolders[:] = [] if deep else sorted(name for name in subfolders if not name.startswith("."))
        for file in sorted(files):
            suffix = Path(file).suffix.lower()
            if suffix in SUFFIXES:
                return None
            if suffix == ".csv" and not file.startswith(".") and is_table(here / file):
                tables.append(here / file)
    usual = [table for table in tables if table.name.lower() in usual_names]
    found = usual if len(usual) == 1 else tables
    if len(found) > 1:
        listed = ", ".join(f"'{table.relative_to(place).as_posix()}'" for table in found[:3])
        raise DataError(
            f"Expected one table of pictures in '{place.name}', got {listed}; give one of them with --data."
        )
    return found[0] if found else None


def find_data(name: str, usual_names: Sequence[str], data: str | Path | None = None) -> Path:
    """Find the folder, archive or CSV that holds dataset ``name``.

    The place given may be the dataset itself, or a folder that holds it under one of its usual names (``fer2013/``,
    ``fer2013.csv``, ``fer2013.tar.xz`` ...); train and test folders right there count as the dataset itself, and so
    does the only table of pictures at most two folders below.

    Raises:
        DataError: when there is nothing, saying where it was looked for and how to give it.
    """
    variable = os.environ.get(DATA_VARIABLE)
    place = Path(data) if data is not None else Path(variable) if variable else Path(DEFAULT_DATA)
    said = "--data" if data is not None else DATA_VARIABLE if variable else "the default place"
    cure = f"give a folder, an archive or a CSV with --data PATH or the variable {DATA_VARIABLE}"
    shown = place.name or "the folder given"
    if not place.exists():
        raise DataError(f"Expected {name} at '{shown}' ({said}), but there is no such file or folder; {cure}.")
    while place.is_dir():
        try:
            children = {child.name.lower() for child in place.iterdir()}
            child = None if any(map(split_of, children)) else _named_child(place, usual_names)
        except OSError as error:
            raise DataError(f"Expected {name} at '{shown}' ({said}), but it cannot be read; {cure}.") from error
        if not children:
            looked = ", ".join(["train/<class>/*", *usual_names[:3]])
            raise DataError(f"Expected {name} at '{shown}' ({said}), but it is empty (looked for {looked}); {cure}.")
        if child is None:
            split_here = any(map(split_of, children))
            table = None if split_here or name not in WITH_TABLES else _table_below(place, usual_names)
            return place if table is None else table
        place = child
    return place


__all__ = [
    "DATA_VARIABLE",
    "DEFAULT_SIZE",
    "FER2013_SPLITS",
    "KINDS",
    "SPLITS",
    "TEST_SHARE",
    "TEST_SPLITS",
    "VALIDATION_SHARE",
    "DatasetKind",
    "classes_of",
    "dataset_names",
    "draw_parts",
    "draw_val",
    "load_dataset",
    "load_for",
    "read_entries",
    "source_entries",
    "subjects_of",
]

DEFAULT_SIZE: Final = 48

_LOG = logging.getLogger(__name__)


def _part(entry: Entry) -> str | None:
    """Return the split of a FER2013 entry: its test files say in their names which half they belong to."""
    name = entry.id.rsplit("/", 1)[-1]
    if entry.split == "test" and name.startswith("PublicTest_"):
        return "public"
    if entry.split == "test" and name.startswith("PrivateTest_"):
        return "private"
    return entry.split


def _needs(split: str, *, people: bool, looks: bool = False) -> Callable[[str | None], Need]:
    """Say what loading ``split`` needs of each part; a test split is compared with the digests of the training set.

    Where ``people`` must be in one part alone, it is looked at who is in every other part. ``looks``: what training
    pictures look like is wanted, too.
    """
    other: Need = "person" if people else "nothing"
    beside: Need = "look" if looks else "digest"

    def need(part: str | None) -> Need:
        if part is None or split == "all":
            return "pixels"
        if split in TEST_SPLITS:
            return "pixels" if part in TEST_SPLITS[split] else beside if part == "train" else other
        return "pixels" if part in {"train", "val"} else other

    return need


def _members(split: str, pictures: list[Picture], seed: int, *, whole: bool) -> tuple[list[int], list[Picture]]:
    """Return the positions that belong to ``split`` and the whole training set beside it.

    Of a training set that is taken ``whole``, no ``val`` is drawn.
    """
    if split == "all":
        return list(range(len(pictures))), []
    parts = draw_parts(pictures, seed)
    training = [picture for picture, part in zip(pictures, parts, strict=True) if part == "train"]
    if split in TEST_SPLITS:
        return [i for i, part in enumerate(parts) if part in TEST_SPLITS[split]], training
    parts = parts if whole else draw_val(pictures, parts, seed)
    wanted = {"train", "val"} if split == "trainval" else {split}
    return [i for i, part in enumerate(parts) if part in wanted], training


def _looks(training: list[Picture]) -> UInt8:
    """Return the distinct pictures among ``training`` as uint8 (M, 48, 48), grey."""
    distinct = {picture.digest: picture.pixels for picture in training if picture.pixels is not None}
    return np.stack([fit_picture(pixels, LOOK_SIDE, 1) for pixels in distinct.values()])


def read_entries(name: str, place: Path, clips: str = FRAMES) -> Iterator[Entry]:
    """Yield the entries of dataset ``name`` at ``place`` as its source has them, class numbers turned into names.

    What the numbers mean is said when the first is met (:func:`engine.data.read.class_codes.codes_of`).
    """
    kind = KINDS[name]
    entries = read_samm(place, clips) if name == "samm" else kind.read(place)
    if codes := codes_of(name, kind.classes, kind.codes):
        entries = _named(entries, name, codes)
    subject = kind.subject
    return (replace(entry, subject=subject(entry.id)) for entry in entries) if subject else entries


def _named(entries: Iterator[Entry], name: str, codes: Mapping[str, str]) -> Iterator[Entry]:
    said = False
    for entry in entries:
        word = meaning(entry.word, codes)
        if word != entry.word and not said:
            said = True
            _LOG.warning("%s: its class numbers are read as %s; --codes changes that.", name, codes_in_words(codes))
        yield replace(entry, word=word)


def classes_of(name: str, model: RunCard | None = None) -> tuple[str, ...]:
    """Return a dataset's classes; ``folder`` has those of the model that it is loaded for, whatever they are.

    Where they are emotions, the seven that it lacks follow: a folder may hold faces of emotions that it does not know.
    """
    if name != "folder" or model is None:
        return KINDS[name].classes
    meant = {canonical(own) for own in model.classes}
    return model.classes if None in meant else (*model.classes, *(word for word in EMOTIONS if word not in meant))


def load_for(card: RunCard, name: str, split: str, **how: Any) -> FaceDataset:
    """Load a split as a model takes it: its size, rectangular too, channels, fit and clips; ``folder`` in its classes.

    The rest is as of :func:`load_dataset`. The built-in faces are square, so that a rectangular input is filled by
    resizing them.
    """
    spec = card.input
    size = drawable(spec.size) if name == "synthetic" else spec.size
    found = load_dataset(name, split, size=size, channels=spec.channels, clips=card.clips, model=card, **how)
    if name == "folder" and found.labels.max(initial=-1) < len(card.classes):
        found = replace(found, classes=card.classes)  # no face of another emotion is there
    if found.images.shape[1:3] == (spec.height, spec.width):
        return found
    return replace(found, images=np.stack([as_taken(image, spec) for image in found.images]))


def drawable(size: int) -> int:
    """Return the size nearest to ``size`` that built-in faces can be drawn at."""
    return min(max(size, SIZES[0]), SIZES[1])


def as_taken(image: UInt8, spec: InputSpec) -> UInt8:
    """Return a square built-in face (S, S[, 3]) as a model takes it: as it is, or fitted into a rectangle."""
    return image if image.shape[:2] == (spec.height, spec.width) else fitted(image, spec)


def source_entries(name: str, place: Path, clips: str = FRAMES) -> Iterator[Entry]:
    """Yield the entries of dataset ``name`` at ``place``, each with its part; FER2013's test halves are told apart."""
    for entry in read_entries(name, place, clips):
        yield replace(entry, split=_part(entry) if name == "fer2013" else entry.split)


def _nothing(name: str, split: str, source: str, seen: set[str]) -> str:
    """Say why ``split`` came out empty."""
    parts = ", ".join(sorted(part for part in seen if part))
    if not seen:
        return (
            f"Expected train|val|test/<class>/*, or class folders alone, in '{source}', but it has no pictures in such "
            "folders; point --data at the dataset itself."
        )
    if name == "fer2013" and split in {"public", "private"}:
        return (
            f"'{source}' does not tell the public from the private test pictures; expected files named "
            "PublicTest_* and PrivateTest_* or a CSV with a Usage column, so use the split 'test' instead."
        )
    return f"'{source}' has no pictures for the split '{split}'; it has {parts or 'too few pictures to split'}."


def _load_pictures(  # noqa: PLR0913 - load_dataset's, which are named
    name: str,
    split: str,
    *,
    data: str | Path | None,
    drop_unknown: bool,
    size: int,
    channels: int | None,
    seed: int,
    clips: str,
    looks: bool,
    model: RunCard | None,
) -> FaceDataset:
    kind = KINDS[name]
    classes = classes_of(name, model)
    place = find_data(name, kind.files, data)
    source = place.name or str(place)
    seen: set[str] = set()
    balanced = is_balanced(place)
    if balanced:
        refuse_drawing(place, split)

    def entries() -> Iterator[Entry]:
        for entry in source_entries(name, place, clips):
            seen.add(entry.split or "")
            yield entry

    labels = labels_of(classes)
    needs = _needs(split, people=name == "samm" or kind.subject is not None, looks=looks)
    spec = None if model is None else model.input
    decoder = Decoder(labels=labels, size=size, channels=channels, need=needs, spec=spec)
    pictures, skipped = gather(entries(), decoder, drop_unknown=drop_unknown, source=source)
    positions, training = _members(split, pictures, seed, whole=balanced)
    if not positions:
        raise DataError(_nothing(name, split, source, seen))
    chosen = [pictures[position] for position in positions]
    pixels = [picture.pixels for picture in chosen if picture.pixels is not None]
    if channels is None and any(image.ndim == 3 for image in pixels):
        pixels = [image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2) for image in pixels]
    in_train: Bool | None = None
    if split in TEST_SPLITS and training:
        digests = {picture.digest for picture in training}
        in_train = np.array([picture.digest in digests for picture in chosen], dtype=np.bool_)
    told = subjects_of(pictures) is not None
    return FaceDataset(
        name=name,
        split=split,
        classes=classes,
        images=np.stack(pixels),
        labels=np.array([picture.label for picture in chosen], dtype=np.int64),
        ids=tuple(picture.id for picture in chosen),
        duplicate_group=duplicate_groups([picture.digest for picture in chosen]),
        skipped=skipped,
        in_train=in_train,
        subjects=tuple(picture.subject for picture in chosen) if told else None,
        codes=codes_in_words(codes_of(name, kind.classes, kind.codes)),
        people=NO_SPLIT if split == "all" else KEPT_APART if told else NOT_TOLD,
        training_looks=_looks(training) if looks and in_train is not None else None,
    )


def _load_voted(name: str, split: str, votes: VoteChoice, *, data: str | Path | None, **how: Any) -> FaceDataset:
    """Load the pictures of fer2013 and give them the labels that people voted for."""
    if name not in WITH_VOTES or (name != FERPLUS and votes.classes != len(KINDS[name].classes)):
        raise UsageError(f"FER+'s votes are for ferplus, and for fer2013 with its 7 classes; not for '{name}'.")
    splits = FER2013_SPLITS if name != FERPLUS else (*FER2013_SPLITS, *FERPLUS_SPLITS)
    if split not in splits and split not in SPLIT_FOLDERS:
        raise UnknownNameError(f"split of {name}", split, splits)
    file = require_votes(votes.file, data)  # before the pictures are read
    pictures = load_dataset("fer2013", FERPLUS_SPLITS.get(split, split), data=data, **how)
    return replace(by_votes(with_votes(pictures, file), votes), name=name)


def load_dataset(  # noqa: PLR0913 - all but the first two have defaults and are named
    name: str,
    split: str,
    *,
    data: str | Path | None = None,
    drop_unknown: bool = False,
    size: int | None = None,
    channels: int | None = 1,
    seed: int = 0,
    clips: str = FRAMES,
    votes: VoteChoice | None = None,
    looks: bool = False,
    codes: str | None = None,
    model: RunCard | None = None,
) -> FaceDataset:
    """Load a split of a dataset into memory.

    A source with ``train``, ``val`` and ``test`` parts is taken at its word. Where it has no ``val`` part, ``val`` is a
    stratified tenth of its training pictures and ``train`` the rest; where it has classes alone, ``train``, ``val``
    and ``test`` are stratified 80/10/10. Both draws depend on nothing but the pictures, their ids and ``seed``; exact
    duplicates stay on one side. Where the source says of every picture who is shown (``samm``; CK+'s own names),
    people are drawn instead of pictures, and nobody is in two splits.

    Args:
        name: one of :func:`dataset_names`.
        split: ``train``, ``val``, ``trainval`` (both), ``test``; for fer2013 also ``public`` and ``private``, the
            halves of ``test``; ``all``: every picture of the source, for a model that was trained on other data and for
            :func:`engine.data.splits.leave_one_subject_out`; for ferplus those of fer2013 and FER+'s own names,
            :data:`engine.data.votes.ferplus.FERPLUS_SPLITS`.
        data: where it lies: a folder, an archive or a CSV; None for the variable FERLENS_DATA, else ``data/``.
        drop_unknown: leave out classes that the dataset does not have instead of raising.
        size: side of the pictures in pixels, 48 unless said.
        channels: 1 for grey, 3 for RGB, None for RGB only where there is colour.
        seed: of the draw of ``val`` (and ``test``).
        clips: for samm a key of :data:`engine.data.read.samm.CLIPS`: every frame, or one difference a clip.
        votes: for ferplus how FER+'s votes become labels; for fer2013 with seven classes the same, None for its labels.
        looks: of a test split, keep the training pictures beside it, small, so that near copies can be looked for.
        codes: what class folders mean that are named by numbers, as ``--codes`` gives it: a key of
            :data:`engine.data.read.class_codes.TABLES`, ``alphabetical``, or ``0=neutral,1=happy,...``.
        model: whose classes ``folder`` takes, and whose input says how pictures are fitted; see :func:`load_for`.

    Raises:
        UnknownNameError: for an unknown dataset, split or kind of clips.
        UsageError: for an impossible size or number of channels.
        DataError: for data that is missing or cannot be read as this dataset.
    """
    if name not in dataset_names():
        raise UnknownNameError("dataset", name, dataset_names())
    if name == FERPLUS or votes is not None:
        how = {
            "drop_unknown": drop_unknown,
            "size": size,
            "channels": channels,
            "seed": seed,
            "looks": looks,
            "codes": codes,
            "model": model,
        }
        return _load_voted(name, split, votes or VoteChoice(), data=data, **how)
    split = SPLIT_FOLDERS.get(split, split)
    splits = KINDS[name].splits if name in KINDS else (*SPLITS, ALL)
    if split not in splits:
        raise UnknownNameError(f"split of {name}", split, splits)
    if clips not in CLIPS:
        raise UnknownNameError("kind of clips", clips, CLIPS)
    if clips != FRAMES and name != "samm":
        raise UsageError(f"'{name}' has no clips; {clips} is for samm.")
    side = DEFAULT_SIZE if size is None else size
    if not 8 <= side <= 1024:
        raise UsageError(f"Expected a picture size from 8 to 1024 pixels, got {side}.")
    if channels not in {None, 1, 3}:
        raise UsageError(f"Expected 1 or 3 channels, got {channels}.")
    if name == "synthetic":
        from engine.data.drawn import SPLIT_COUNTS, load_synthetic

        if split != "all":
            return load_synthetic(split, size=side, channels=channels or 1)
        return together([load_synthetic(part, size=side, channels=channels or 1) for part in SPLIT_COUNTS], split)
    with choosing_codes(codes):
        return _load_pictures(
            name, split, data=data, drop_unknown=drop_unknown, size=side, channels=channels, seed=seed, clips=clips,
            looks=looks, model=model,
        )  # fmt: skip
