"""One picture of a dataset by its id, without decoding the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.data.drawn import SPLIT_COUNTS, synthetic_face, synthetic_id
from engine.data.read.gather import Decoder, Picture
from engine.data.read.sources import Entry
from engine.data.registry import (
    KINDS,
    PICTURES_OF,
    TEST_SPLITS,
    as_taken,
    classes_of,
    drawable,
    find_data,
    read_entries,
)
from engine.data.votes.ferplus import FERPLUS_SPLITS
from engine.data.votes.file import WHERE, VoteFile
from engine.data.votes.join import votes_of
from engine.data.votes.rules import CLASSES, VoteChoice, label_by
from engine.errors import DataError, UnknownNameError
from engine.labels import labels_of
from engine.records import RunCard, UInt8

SYNTHETIC = "synthetic"
"""The dataset that is drawn, and so is always here."""

BY_ID: tuple[str, ...] = (SYNTHETIC, *KINDS, *PICTURES_OF)
"""The datasets whose pictures can be had by id."""


@dataclass(frozen=True, eq=False)
class LabelledPicture:
    """A picture and what it is labelled with.

    Attributes:
        id: its id in the dataset.
        pixels: uint8 (S, S), or (S, S, 3) RGB, as a model of that size and those channels takes it.
        label: its class.
    """

    id: str
    pixels: UInt8
    label: str


class PictureIndex:
    """Where each picture of a dataset lies. Safe to share between threads.

    A folder is listed, not read; of an archive or a CSV the pictures' bytes stay in memory (FER2013: about 80 MB).

    Args:
        dataset: one of :data:`BY_ID`.
        place: the folder, archive or CSV, as :func:`place_of` finds it; None for the built-in faces.
        votes: of ``ferplus``, what people saw: there a picture is labelled by the majority of the paper's rules.

    Raises:
        UnknownNameError: no such dataset. DataError: it cannot be read, or has no votes that it needs.
    """

    def __init__(self, dataset: str, place: Path | None, votes: VoteFile | None = None) -> None:
        if dataset not in BY_ID:
            raise UnknownNameError("dataset", dataset, BY_ID)
        self.dataset = dataset
        self._kind = PICTURES_OF.get(dataset, dataset)
        self._entries: Mapping[str, Entry] = {}
        self._seen: Mapping[str, str] = {}
        if place is not None:
            self._entries = {entry.id: entry for entry in read_entries(self._kind, place)}
        if dataset in PICTURES_OF:
            if votes is None:
                raise DataError(f"'{dataset}' needs what people voted, and there is no fer2013new.csv here. {WHERE}")
            names = tuple(self._entries)
            made = label_by(VoteChoice(), votes_of(names, votes))
            classes = (*CLASSES[VoteChoice().classes], "")  # the last one: no label
            self._seen = {
                name: classes[label] or f"!{reason}"
                for name, label, reason in zip(names, made.labels.tolist(), made.reasons, strict=True)
            }

    def picture(self, picture_id: str, size: int, channels: int, *, model: RunCard | None = None) -> LabelledPicture:
        """Return a picture exactly as :func:`engine.data.registry.load_dataset` gives it to a model.

        Args:
            picture_id: as in the dataset and in ``predictions.parquet``.
            size: side in pixels. channels: 1 for grey, 3 for RGB.
            model: as of :func:`engine.data.registry.load_dataset`, for the ways and classes of a network of others.

        Raises:
            DataError: the dataset has no such picture, or it cannot be read.
        """
        spec = None if model is None else model.input
        if self.dataset == SYNTHETIC:
            drawn = synthetic_face(picture_id, size if spec is None else drawable(size), channels).image
            drawn = drawn if spec is None else as_taken(drawn, spec)
            return LabelledPicture(picture_id, drawn, picture_id.split("/")[1])
        entry = self._entries.get(picture_id)
        if entry is None:
            raise DataError(
                f"'{self.dataset}' on this machine has no picture '{picture_id}'; take an id from the data set."
            )
        seen = self._seen.get(picture_id, "")
        if seen.startswith("!"):
            raise DataError(f"'{picture_id}' has no label by what people voted ({seen[1:]}); take fer2013 for it.")
        classes = classes_of(self._kind, model)
        decoder = Decoder(labels=labels_of(classes), size=size, channels=channels, need=lambda _: "pixels", spec=spec)
        decoded = decoder([entry])[0]
        if not isinstance(decoded, Picture) or decoded.pixels is None:
            reason = "it was not decoded" if isinstance(decoded, Picture) else decoded.file.reason
            raise DataError(f"'{picture_id}' of '{self.dataset}' cannot be used ({reason}); get the data again.")
        return LabelledPicture(picture_id, decoded.pixels, seen or classes[decoded.label])

    def first_id(self, split: str) -> str:
        """Return the id of the first picture of a split.

        A split that is drawn from the training pictures (``val`` of FER2013) begins with the first of those.

        Raises:
            DataError: there is none.
        """
        return self.ids(split)[0]

    def ids(self, split: str) -> tuple[str, ...]:
        """Return the ids of a split's pictures in its order.

        For a split that is drawn from the training pictures these are all training pictures. Of ``ferplus`` those are
        left out that have no label by the votes.

        Raises:
            DataError: there is none. UnknownNameError: the built-in faces have no such split.
        """
        if self.dataset == SYNTHETIC:
            if split not in {*SPLIT_COUNTS, "all"}:
                raise UnknownNameError("split of synthetic", split, (*SPLIT_COUNTS, "all"))
            parts = SPLIT_COUNTS if split == "all" else (split,)
            return tuple(synthetic_id(part, index) for part in parts for index in range(SPLIT_COUNTS[part]))
        split = FERPLUS_SPLITS.get(split, split) if self._seen else split
        for part in (*TEST_SPLITS.get(split, (split,)), None, "train"):
            inside = [
                (entry.row, entry.id)
                for entry in self._entries.values()
                if not self._seen.get(entry.id, "").startswith("!")
                and (
                    part in {entry.split, "all"}
                    or (part in {"public", "private"} and f"/{part}test_" in entry.id.lower())
                )
            ]
            if inside:
                return tuple(name for _, name in sorted(inside))
        raise DataError(f"'{self.dataset}' on this machine has no picture of '{split}'; choose another split.")


def place_of(dataset: str) -> Path | None:
    """Return where a dataset lies on this machine; None for the built-in faces, which lie nowhere.

    Raises:
        UnknownNameError: no such dataset. DataError: it is not here.
    """
    if dataset not in BY_ID:
        raise UnknownNameError("dataset", dataset, BY_ID)
    return None if dataset == SYNTHETIC else find_data(dataset, KINDS[PICTURES_OF.get(dataset, dataset)].files)
