"""The caching code of the Data page: whole datasets with their audits, read once for all visitors.

A dataset is kept by its place and that place's time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dashboard.shell import study_loaders
from dashboard.shell.loaders import shelf
from dashboard.shell.shared_work import Note, SharedWork, outcome
from engine.analysis.audited import AuditedModel, held_out_splits, judge
from engine.analysis.files.places import PREDICTIONS, analysis_folder
from engine.analysis.people import Part, labels_by_majority
from engine.data.audit.audit import ClassFaces, DataAudit, audit, class_faces
from engine.data.audit.source import read_pictures
from engine.data.by_id import SYNTHETIC, place_of
from engine.data.drawn import SPLIT_COUNTS
from engine.data.registry import PICTURES_OF
from engine.data.votes.file import read_votes
from engine.data.votes.join import votes_of
from engine.data.votes.rules import columns_of, most_votes, votes_in_words
from engine.places import checkpoint_path
from engine.records import RunCard, UInt8
from engine.training.recipe import load_recipe

FOLDER: Final = "folder"
WHOLE_SETS_KEPT: Final = 3
"""Datasets in memory at a time; FER2013 takes 83 MB."""


@dataclass(frozen=True)
class Wanted:
    """Which dataset; of the built-in faces, which splits.

    Attributes:
        dataset: its promised name. splits: of ``synthetic``; empty for other datasets, which are read whole.
        place: where it lies, as text; empty for the built-in faces. stamp: when that place last changed.
        votes: where the votes lie that are its labels, and when that changed; None where it has its own.
        classes: of ``folder``, those of the network of others that it is looked at for; else empty: the dataset's own.
    """

    dataset: str
    splits: tuple[str, ...]
    place: str
    stamp: int
    votes: tuple[str, int] | None = None
    classes: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """How many pictures are to come, or 0 where that is not known."""
        return sum(SPLIT_COUNTS[split] for split in self.splits)


def wanted(dataset: str, splits: tuple[str, ...], card: RunCard | None = None) -> Wanted:
    """Return what to read for the model of ``card``. Raises DataError where the dataset is not on this machine."""
    place = place_of(dataset)
    if place is None:
        return Wanted(dataset, splits, "", 0)
    voted = study_loaders.votes_at(dataset) if dataset in PICTURES_OF else None
    own = card.classes if card is not None and card.is_adopted and dataset == FOLDER else ()
    return Wanted(dataset, (), str(place.resolve()), place.stat().st_mtime_ns, voted, own)


@st.cache_resource(show_spinner=False, max_entries=WHOLE_SETS_KEPT)
def _reading(asked: Wanted) -> SharedWork[DataAudit]:
    def work(note: Note) -> DataAudit:
        doing = "pictures drawn, once and for all" if asked.dataset == SYNTHETIC else "pictures read"
        pictures = read_pictures(
            asked.dataset,
            data=Path(asked.place) if asked.place else None,
            splits=asked.splits,
            progress=lambda done: note(doing, done),
            votes=asked.votes[0] if asked.votes else None,
            classes=asked.classes,
        )
        note("pictures compared with each other", len(pictures))
        return audit(pictures)

    return SharedWork(f"audit-{asked.dataset}", work)


def audited(asked: Wanted, told: Note) -> DataAudit:
    """Return a dataset with its audit, read once for all visitors; ``told`` hears meanwhile how far that is.

    Raises:
        DataError: it cannot be read; that is not kept.
    """
    return outcome(partial(_reading, asked), partial(_reading.clear, asked), told)


@dataclass(frozen=True, eq=False)
class PeopleOnLabels:
    """What people saw in a dataset's pictures, beside the labels.

    Attributes:
        matrix: int64 (K, 8), pictures by label and by what most people saw.
        agrees: pictures whose label is that. without: pictures without a vote for an emotion.
        unseen: positions of the labels that nobody saw, those first of which most people saw one other thing.
        notes: for each of these, what people saw.
    """

    matrix: NDArray[np.int64]
    agrees: Part
    without: int
    unseen: tuple[int, ...]
    notes: tuple[str, ...]


@st.cache_data(show_spinner=False, max_entries=4)
def people(asked: Wanted, _found: DataAudit, at: tuple[str, int] | None) -> PeopleOnLabels | None:  # noqa: ARG001
    """Return what people saw; None where that is not at hand. ``at``: where the votes lie, and their time.

    Raises:
        DataError: the votes do not belong to these pictures, or are damaged.
    """
    if at is None:
        return None
    pictures = _found.pictures
    counts = votes_of(pictures.ids, read_votes(at[0]))
    own = np.array(columns_of(pictures.classes))[pictures.labels]
    most = most_votes(counts)
    seen = most >= 0
    nobody = np.flatnonzero(seen & (counts[np.arange(len(own)), own] == 0))
    order = nobody[np.argsort(-counts[nobody, most[nobody]], kind="stable")]
    return PeopleOnLabels(
        labels_by_majority(pictures.labels, counts, pictures.classes),
        Part(int((most == own)[seen].sum()), int(seen.sum())),
        int((~seen).sum()),
        tuple(order.tolist()),
        tuple(f"people: {votes_in_words(counts[index])}" for index in order),
    )


@st.cache_data(show_spinner=False, max_entries=8)
def _judged(
    asked: Wanted,  # noqa: ARG001
    model: str,
    stamps: tuple[tuple[int, str], ...],  # noqa: ARG001
    voted: tuple[str, int] | None,
    _found: DataAudit,
) -> AuditedModel:
    return judge(_found, model, votes=None if voted is None else read_votes(voted[0]))


def judged(asked: Wanted, found: DataAudit, model: str, voted: tuple[str, int] | None = None) -> AuditedModel | None:
    """Return what a model's stored answers say of a dataset, or None where it was analysed on no split held out.

    ``voted``: where people's votes lie and their time, to say how often they confirm a suspicion.

    Raises:
        DataError: an analysis is damaged, or of other pictures.
    """
    splits = held_out_splits(model, asked.dataset)
    if not splits:
        return None
    files = [analysis_folder(checkpoint_path(model), asked.dataset, split) / PREDICTIONS for split in splits]
    sha256 = shelf().card(model).weights_sha256
    stamps = tuple((file.stat().st_mtime_ns if file.is_file() else 0, sha256) for file in files)
    return _judged(asked, model, stamps, voted, found)


@st.cache_data(show_spinner=False, max_entries=32)
def faces(asked: Wanted, split: str, _found: DataAudit) -> ClassFaces:  # noqa: ARG001  # the key beside the split
    """Return mean and spread of each class over a split; ``all`` is every split."""
    pictures = _found.pictures
    if split == "all":
        return class_faces(pictures.images, pictures.labels, pictures.classes)
    inside = np.array([name == split for name in pictures.splits], np.bool_)
    return class_faces(pictures.images[inside], pictures.labels[inside], pictures.classes)


@st.cache_data(show_spinner=False, max_entries=32)
def augmented(
    recipe: str,
    asked: Wanted,  # noqa: ARG001  # with the positions it stands for the pictures
    positions: tuple[int, ...],
    draws: int,
    seed: int,
    _found: DataAudit,
) -> UInt8:
    """Return pictures at ``positions`` as a recipe varies them: uint8 (B, draws, 48, 48)."""
    from engine.data.transforms import augmentation_sheet  # brings torch: not before it is needed

    images = _found.pictures.images[list(positions)]
    return augmentation_sheet(images, load_recipe(recipe).augmentation, draws, seed=seed)
