"""The caching code of the Compare page: the comparison of two models' stored answers, once for what is on disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.shell.loaders import shelf
from dashboard.shell.study_loaders import store, votes_at
from engine.analysis.files.places import PREDICTIONS, REPORT, analysis_folder
from engine.places import checkpoint_path, checkpoint_places

if TYPE_CHECKING:
    from engine.analysis.comparison import StoredComparison
    from engine.measure.nearer import Nearer


@st.cache_data(show_spinner=False, max_entries=16)
def _compared(
    places: tuple[Path, ...],  # noqa: ARG001  # with the files' times and the weights' digests it stands for the answers
    models: tuple[str, str],
    dataset: str,
    split: str,
    stamps: tuple[object, ...],  # noqa: ARG001
) -> StoredComparison:
    from engine.analysis.comparison import compare_stored

    return compare_stored(store(models, dataset, split))


@st.cache_data(show_spinner=False, max_entries=16)
def _nearer(
    places: tuple[Path, ...],  # noqa: ARG001  # with the votes' and files' times it stands for the answers
    models: tuple[str, str],
    dataset: str,
    split: str,
    stamps: tuple[object, ...],  # noqa: ARG001
) -> Nearer | None:
    from engine.analysis.people import nearer_in_store

    opened = store(models, dataset, split)
    return None if opened.no_votes else nearer_in_store(opened)


def nearer(models: tuple[str, str], dataset: str, split: str) -> Nearer | None:
    """Return which of two models is nearer to what people saw; None where that is not known here."""
    return _nearer(checkpoint_places(), models, dataset, split, (*_stamps(models, dataset, split), votes_at(dataset)))


def _stamps(models: tuple[str, str], dataset: str, split: str) -> tuple[object, ...]:
    """Return what changes when two models' stored answers do."""
    files = [
        analysis_folder(checkpoint_path(model), dataset, split) / name
        for model in models
        for name in (PREDICTIONS, REPORT)
    ]
    stamps = tuple(file.stat().st_mtime_ns if file.is_file() else 0 for file in files)
    return stamps, tuple(shelf().card(model).weights_sha256 for model in models)


def compared(models: tuple[str, str], dataset: str, split: str) -> StoredComparison:
    """Compare two models on a split. Raises DataError with the command that mends it, which is not kept."""
    return _compared(checkpoint_places(), models, dataset, split, _stamps(models, dataset, split))
