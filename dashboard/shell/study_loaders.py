"""The caching code of the study pages: analysis stores, and pictures of datasets with their maps.

A store is kept by its files' times and the models' weights, so that a new analysis is seen at once; an error is never
kept. The pictures of a dataset are found by id; those of one that is not on this machine are None, which is no error:
what was measured of them is in the store.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard.shell import map_loaders, opening
from dashboard.shell.loaders import KEPT, PIXELS_KEPT, shelf
from engine.analysis.files.gate_use import gate_use_file, read_gate_use
from engine.analysis.files.places import PREDICTIONS, AnalysedSplit, analysed_splits, analysis_folder
from engine.data.by_id import LabelledPicture, PictureIndex, place_of
from engine.data.picked import pack
from engine.data.registry import PICTURES_OF
from engine.data.votes.file import VoteFile, find_votes, read_votes
from engine.data.votes.join import WITH_VOTES, votes_of
from engine.errors import DataError, FerLensError, UsageError
from engine.places import cache_folder, checkpoint_path, checkpoint_places
from engine.records import FaceExplanation, InputSpec, Prediction, RunCard
from engine.writing.whole import whole_file

if TYPE_CHECKING:
    from engine.analysis.evaluation import StoredAnswers
    from engine.analysis.files.gate_use import SplitGateUse
    from engine.analysis.neighbours import Neighbour
    from engine.analysis.store.store import AnalysisStore

_BROUGHT: Final = "brought_votes"
"""Of the session: where the file lies that it brought."""
_BROUGHT_NOW: Final[ContextVar[str | None]] = ContextVar("brought votes", default=None)
"""The same for work that a run of that session has begun beside the page, which has no session."""
STORES_KEPT: Final = 8
"""Stores in memory at a time; a million pictures of two models take about 400 MB."""


@dataclass(frozen=True)
class NearPicture:
    """A picture that a model takes for like another: its id, label and answer, the cosine in [-1, 1], how sure."""

    id: str
    label: str
    predicted: str
    cosine: float
    confidence: float


def analysed() -> tuple[AnalysedSplit, ...]:
    """Return what the usable checkpoints were analysed on, as it is on disk now."""
    return analysed_splits(None, shelf().names)


def analysed_of(*models: str) -> dict[str, AnalysedSplit]:
    """Return what all of ``models`` were analysed on, by name; the first is what a page opens with.

    What has its pictures here comes before others; then a model is asked about its own kind of faces.
    """
    own = str(shelf().card(models[0]).data.get("dataset", ""))
    found = [one for one in analysed() if set(models) <= set(one.models)]
    return {one.name: one for one in opening.analysis_order(own, found, here)}


def here(dataset: str) -> bool:
    """Say whether a data set's pictures are on this machine."""
    try:
        place(dataset)
    except FerLensError:
        return False
    return True


@st.cache_resource(show_spinner=False, max_entries=STORES_KEPT)
def _store(
    places: tuple[Path, ...],  # noqa: ARG001  # where the models lie
    models: tuple[str, ...],
    dataset: str,
    split: str,
    stamps: tuple[tuple[int, str], ...],  # noqa: ARG001  # the files' times and the weights' digests
    voted: tuple[str, int] | None,
) -> AnalysisStore:
    from engine.analysis.store.store import open_store

    return open_store(models, dataset, split, votes=None if voted is None else _votes(*voted))


@st.cache_data(show_spinner=False, max_entries=8)
def _answers_of(
    places: tuple[Path, ...],  # noqa: ARG001  # with the file's time and the weights' digest it stands for the answers
    model: str,
    dataset: str,
    split: str,
    stamps: tuple[int, str],  # noqa: ARG001
) -> StoredAnswers:
    from engine.analysis.evaluation import stored_answers

    return stored_answers(store((model,), dataset, split))


def _answers(model: str, dataset: str, split: str) -> StoredAnswers:
    file = analysis_folder(checkpoint_path(model), dataset, split) / PREDICTIONS
    stamp = file.stat().st_mtime_ns if file.is_file() else 0
    return _answers_of(checkpoint_places(), model, dataset, split, (stamp, shelf().card(model).weights_sha256))


def analysed_ids(model: str, dataset: str, split: str) -> tuple[str, ...]:
    """Return the ids of all pictures of an analysis. Raises DataError with the command that mends it."""
    return _answers(model, dataset, split).ids


def _near(answers: StoredAnswers, found: Sequence[Neighbour]) -> tuple[NearPicture, ...]:
    return tuple(
        NearPicture(
            answers.ids[one.index],
            answers.classes[answers.labels[one.index]],
            answers.classes[answers.predicted[one.index]],
            one.cosine,
            float(answers.probabilities[one.index].max()),
        )
        for one in found
    )


def near_pictures(model: str, dataset: str, split: str, picture_id: str, most: int) -> tuple[NearPicture, ...]:
    """Return the pictures of an analysed split that a model takes for most like one; none where it is not in there.

    Raises DataError with the command that mends the analysis, which is not kept.
    """
    from engine.analysis.neighbours import nearest

    answers = _answers(model, dataset, split)
    if picture_id not in answers.ids:
        return ()
    return _near(answers, nearest(answers.probabilities, answers.ids.index(picture_id), most))


def near_answer(
    model: str, dataset: str, split: str, prediction: Prediction, most: int, without: str = ""
) -> tuple[NearPicture, ...]:
    """Return the pictures of an analysed split that a model answered most like this, whatever picture this is of.

    Args:
        model, dataset, split: of the analysis. prediction: the model's answer. most: pictures.
        without: the id of a picture that is left out: the one that was answered, where it may be among them.

    Raises:
        DataError: the analysis cannot be read, with the command that mends it; that is not kept.
        UsageError: the answer is of other classes.
    """
    from engine.analysis.neighbours import nearest_to

    answers = _answers(model, dataset, split)
    if set(answers.classes) != set(prediction.classes):
        raise UsageError(f"Expected an analysis with the classes of {model}, got {', '.join(answers.classes)}.")
    order = [prediction.classes.index(name) for name in answers.classes]
    at = answers.ids.index(without) if without in answers.ids else None
    return _near(
        answers, nearest_to(answers.probabilities, prediction.probabilities[order].astype(float), most, without=at)
    )


@st.cache_resource(show_spinner=False, max_entries=2)
def _votes(file: str, stamp: int) -> VoteFile:  # noqa: ARG001  # the file's time
    return read_votes(file)


def votes_at(dataset: str) -> tuple[str, int] | None:
    """Return where FER+'s votes on a data set's pictures lie on this machine and when that changed; None without.

    A file that this session brought comes first (:func:`bring_votes`).
    """
    if dataset not in WITH_VOTES:
        return None
    try:
        if get_script_run_ctx(suppress_warning=True) is not None:
            _BROUGHT_NOW.set(st.session_state.get(_BROUGHT))
        brought = _BROUGHT_NOW.get()
        found = Path(brought) if brought is not None and Path(brought).is_file() else find_votes()
    except FerLensError:  # the variable names a file that is not there
        return None
    return None if found is None else (str(found.resolve()), found.stat().st_mtime_ns)


def bring_votes(name: str, data: bytes) -> bool:
    """Take FER+'s file as it was uploaded, for this session alone; return whether it is another than before.

    Raises:
        DataError: it is no such file.
    """
    suffix = "".join(suffix for suffix in Path(name).suffixes[-2:] if suffix in {".csv", ".xz", ".gz"})
    folder = cache_folder() / "votes"
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / f"{hashlib.sha256(data).hexdigest()[:16]}{suffix}"
    with whole_file(kept) as part:
        part.write_bytes(data)
        try:
            read_votes(part)
        except DataError as error:
            raise DataError(str(error).replace(part.name, name)) from error
    new = st.session_state.get(_BROUGHT) != str(kept)
    st.session_state[_BROUGHT] = str(kept)
    return new


def votes(dataset: str) -> VoteFile | None:
    """Return what people saw in a data set's pictures, None where that is not at hand. Raises DataError if damaged."""
    at = votes_at(dataset)
    return None if at is None else _votes(*at)


def store(models: tuple[str, ...], dataset: str, split: str) -> AnalysisStore:
    """Return the joined analyses of ``models``, with what people saw where that is at hand.

    Raises DataError with the command that mends it, which is not kept.
    """
    files = [analysis_folder(checkpoint_path(model), dataset, split) / PREDICTIONS for model in models]
    stamps = tuple(
        (file.stat().st_mtime_ns if file.is_file() else 0, shelf().card(model).weights_sha256)
        for model, file in zip(models, files, strict=True)
    )
    return _store(checkpoint_places(), models, dataset, split, stamps, votes_at(dataset))


@st.cache_resource(show_spinner=False, max_entries=4)
def _index(dataset: str, place: str, stamp: int, voted: tuple[str, int] | None = None) -> PictureIndex:  # noqa: ARG001  # the place's time
    return PictureIndex(dataset, Path(place) if place else None, None if voted is None else _votes(*voted))


def _labels_of(dataset: str) -> tuple[str, int] | None:
    """Return where the votes lie that label a dataset's pictures, None where its own labels do."""
    return votes_at(dataset) if dataset in PICTURES_OF else None


def _indexed(dataset: str, place: str, stamp: int) -> PictureIndex:
    return _index(dataset, place, stamp, _labels_of(dataset))


def place(dataset: str) -> tuple[str, int]:
    """Return where a dataset lies and when that last changed. Raises DataError where it is not here."""
    found = place_of(dataset)
    return ("", 0) if found is None else (str(found.resolve()), found.stat().st_mtime_ns)


@st.cache_data(show_spinner=False, max_size=PIXELS_KEPT)
def _picture(
    dataset: str,
    place: str,
    stamp: int,
    picture_id: str,
    _card: RunCard,
    taken: InputSpec,  # with the classes it stands for the card
    classes: tuple[str, ...],  # noqa: ARG001
    voted: tuple[str, int] | None = None,
) -> LabelledPicture:
    return _index(dataset, place, stamp, voted).picture(picture_id, taken.size, taken.channels, model=_card)


def dataset_picture(dataset: str, picture_id: str, card: RunCard) -> LabelledPicture:
    """Return a picture as the model of ``card`` takes it. Raises DataError where it is not here, which is not kept."""
    return _picture(dataset, *place(dataset), picture_id, card, card.input, card.classes, _labels_of(dataset))


def picture_if_here(dataset: str, picture_id: str, card: RunCard) -> LabelledPicture | None:
    """Return a picture as the model takes it, or None where its dataset is not on this machine or lacks it."""
    try:
        return dataset_picture(dataset, picture_id, card)
    except FerLensError:
        return None


def dataset_explanation(dataset: str, picture_id: str, card: RunCard, target: str = "predicted") -> FaceExplanation:
    """Explain a picture of a dataset: its gates, and the Grad-CAM of ``target`` at the last layer."""
    found = dataset_picture(dataset, picture_id, card)
    seen = map_loaders.seen_digest(card, found.pixels)
    return map_loaders.explained_as_seen(card, seen, found.pixels, None, target, found.label)


@st.cache_data(show_spinner=False, max_entries=1000)
def _picture_votes(at: tuple[str, int], picture_id: str) -> tuple[int, ...]:
    return tuple(votes_of((picture_id,), _votes(*at))[0].tolist())


def picture_votes(dataset: str, picture_id: str) -> tuple[int, ...]:
    """Return how many people said what of a picture, in the order of ``VOTE_COLUMNS``; empty where nobody was asked."""
    at = votes_at(dataset)
    try:
        found = () if at is None else _picture_votes(at, picture_id)
    except FerLensError:  # the votes are of other pictures, or damaged; the pages of an analysis say so
        return ()
    return found if any(found) else ()


def pictures(dataset: str) -> PictureIndex:
    """Return where each picture of a dataset lies. Raises DataError where it is not here."""
    return _indexed(dataset, *place(dataset))


def first_id(dataset: str, split: str) -> str:
    """Return the id of the first picture of a split. Raises DataError where the dataset is not here or has none."""
    return _indexed(dataset, *place(dataset)).first_id(split)


def ids(dataset: str, split: str) -> tuple[str, ...]:
    """Return the ids of a split's pictures. Raises DataError where the dataset is not here or has none."""
    return _indexed(dataset, *place(dataset)).ids(split)


@st.cache_resource(show_spinner=False, max_entries=4)
def _places(dataset: str, place: str, stamp: int) -> dict[str, int]:
    return {name: at for at, name in enumerate(_indexed(dataset, place, stamp).ids("all"))}


def every_id(dataset: str) -> tuple[str, ...]:
    """Return the ids of all pictures of a dataset. Raises DataError where it is not here."""
    return tuple(_places(dataset, *place(dataset)))


@st.cache_data(show_spinner=False, max_entries=32)
def _packed(dataset: str, place: str, stamp: int, ids: tuple[str, ...]) -> str | None:
    return pack(ids, _places(dataset, place, stamp))


def packed(dataset: str, ids: tuple[str, ...]) -> str | None:
    """Return a selection as :func:`engine.data.picked.unpack` reads it; None where these pictures are not all here."""
    try:
        return _packed(dataset, *place(dataset), ids)
    except FerLensError:
        return None


@st.cache_data(show_spinner=False, max_entries=KEPT)
def _gates_in_use(file: Path, model: str, dataset: str, split: str, stamp: int, digest: str) -> SplitGateUse | None:  # noqa: ARG001  # the file's time, the weights
    return read_gate_use(file, shelf().card(model), dataset=dataset, split=split)


def gates_in_use(model: str, split: AnalysedSplit) -> SplitGateUse | None:
    """Return how a model's gates are used on a split, None where it was not measured.

    Raises:
        DataError: the file is damaged or of other weights, with the command that mends it; that is not kept.
    """
    file = gate_use_file(checkpoint_path(model), split.dataset, split.split)
    stamp = file.stat().st_mtime_ns if file.is_file() else 0
    return _gates_in_use(file, model, split.dataset, split.split, stamp, shelf().card(model).weights_sha256)


def measured_gates(card: RunCard) -> SplitGateUse | None:
    """Return how a model's gates are used over a split, that of the data it was trained on first; None without any.

    A file that is damaged or of other weights counts as none: Class attention says so.
    """
    own = card.data.get("dataset")
    for split in sorted(analysed(), key=lambda one: one.dataset != own):
        if card.name in split.models:
            try:
                found = gates_in_use(card.name, split)
            except DataError:
                continue
            if found is not None:
                return found
    return None
