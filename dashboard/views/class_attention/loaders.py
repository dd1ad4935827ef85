"""The caching code of the Class attention page: class statistics, region intervals and rankings of pictures.

Everything is kept by the files' times, so that a new analysis is seen at once; an error is never kept.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.shell import study_loaders
from dashboard.shell.loaders import KEPT, predictor, shelf
from dashboard.shell.study_loaders import votes_at
from engine.analysis.files.attention import AttentionFile, find_attention
from engine.analysis.files.places import ATTENTION, AnalysedSplit, analysis_folder
from engine.data.votes.file import WHERE
from engine.errors import DataError
from engine.places import cache_folder, checkpoint_path, checkpoint_places

if TYPE_CHECKING:
    from engine.analysis.class_regions import ClassPlace
    from engine.analysis.contrasts import Typical
    from engine.analysis.people_maps import Progress
    from engine.analysis.store.store import AnalysisStore


@st.cache_resource(show_spinner=False, max_entries=16)
def _attention(places: tuple[Path, ...], model: str, dataset: str, split: str, stamp: int) -> AttentionFile:  # noqa: ARG001  # the file's time
    return find_attention(model, dataset, split)


def attention(model: str, split: AnalysedSplit) -> AttentionFile:
    """Return the class statistics of a model. Raises DataError with the command that mends it, which is not kept."""
    file = analysis_folder(checkpoint_path(model), split.dataset, split.split) / ATTENTION
    stamp = file.stat().st_mtime_ns if file.is_file() else 0
    return _attention(checkpoint_places(), model, split.dataset, split.split, stamp)


Key = tuple[tuple[str, int], ...]


def _key(store: AnalysisStore) -> Key:
    """Return what stands for a store: its files and their times."""
    return tuple((str(source.file), source.file.stat().st_mtime_ns) for source in store.sources)


@st.cache_data(show_spinner=False, max_entries=KEPT)
def _places(
    key: tuple[Key, tuple[str, int] | None],  # noqa: ARG001
    _store: AnalysisStore,
    layer: str,
    model: str,
    group: str,
    truth: str,
    labels: tuple[str, ...] | None,
) -> tuple[ClassPlace, ...]:
    from engine.analysis.class_regions import class_places

    return class_places(_store, layer, model=model, group=group, truth=truth, labels=labels)


def places(
    store: AnalysisStore,
    layer: str,
    model: str,
    group: str,
    truth: str = "label",
    labels: tuple[str, ...] | None = None,
) -> tuple[ClassPlace, ...]:
    """Return where a map of ``model`` lies for each class, with bootstrap intervals: about a second, then kept.

    ``labels``: the classes that are wanted, None for all.

    ``truth``: ``label`` or ``majority``, see :func:`engine.analysis.class_regions.group_filter`.
    """
    return _places((_key(store), _voted(store, truth)), store, layer, model, group, truth, labels)


@st.cache_data(show_spinner=False, max_entries=KEPT)
def _typical(
    key: tuple[Key, tuple[str, int] | None],  # noqa: ARG001
    _store: AnalysisStore,
    layer: str,
    label: str,
    model: str,
    group: str,
    truth: str,
) -> Typical:
    from engine.analysis.contrasts import typical_pictures

    return typical_pictures(_store, layer, label, model=model, group=group, truth=truth)


def typical(store: AnalysisStore, layer: str, label: str, model: str, group: str, truth: str = "label") -> Typical:
    """Return the pictures of a class nearest to and farthest from its mean region masses."""
    return _typical((_key(store), _voted(store, truth)), store, layer, label, model, group, truth)


def _voted(store: AnalysisStore, truth: str) -> tuple[str, int] | None:
    """Return what stands for the votes, where classes go by them."""
    return votes_at(str(store.sources[0].metadata["dataset"])) if truth == "majority" else None


def attention_by_people(
    store: AnalysisStore, model: str, split: AnalysedSplit, progress: Progress | None
) -> AttentionFile:
    """Return the class statistics of a model with what most people saw as the class: made once, then kept on disk.

    Args:
        store: of ``model`` on ``split``. progress: told how far it is; None: what is not there is not made.

    Raises:
        DataError: the pictures or the votes are not on this machine, or it is not made yet.
    """
    from engine.analysis.people_maps import drawn_pictures, people_file, read_people_maps, write_people_maps

    by_label = attention(model, split)
    votes = study_loaders.votes(split.dataset)
    if votes is None:
        raise DataError(f"What people saw is not known here: {WHERE}")
    file = people_file(cache_folder() / "people", by_label, votes.sha256)
    found = read_people_maps(file)
    if found is not None:
        return found
    if progress is None:
        raise DataError("The means by what most people saw are not made yet; the tab Maps makes them.")
    card = shelf().card(model)
    drawn = drawn_pictures(store, model)
    if study_loaders.picture_if_here(split.dataset, drawn.ids[0], card) is None:
        raise DataError(
            "No single picture's map is kept, so the means by what most people saw are made from the pictures, and "
            f"those of {split.dataset} are not on this machine: put them under data/, or name their place in the "
            "variable FERLENS_DATA and start again. The tab Regions needs no pictures."
        )
    index = study_loaders.pictures(split.dataset)
    spec = card.input
    write_people_maps(
        predictor(card).model, card, by_label, drawn,
        lambda name: index.picture(name, spec.size, spec.channels, model=card).pixels, file, progress,
    )  # fmt: skip
    made = read_people_maps(file)
    if made is None:
        raise DataError("The means by what most people saw could not be kept; free some space in the cache's folder.")
    return made
