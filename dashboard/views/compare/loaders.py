"""The caching code of the Compare page: the comparison of two models' stored answers, once for what is on disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.shell.loaders import shelf
from dashboard.shell.study_loaders import store
from engine.analysis.files.places import PREDICTIONS, REPORT, analysis_folder
from engine.places import checkpoint_path, checkpoint_places

if TYPE_CHECKING:
    from engine.analysis.comparison import StoredComparison


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


def compared(models: tuple[str, str], dataset: str, split: str) -> StoredComparison:
    """Compare two models on a split. Raises DataError with the command that mends it, which is not kept."""
    files = [
        analysis_folder(checkpoint_path(model), dataset, split) / name
        for model in models
        for name in (PREDICTIONS, REPORT)
    ]
    stamps = tuple(file.stat().st_mtime_ns if file.is_file() else 0 for file in files)
    digests = tuple(shelf().card(model).weights_sha256 for model in models)
    return _compared(checkpoint_places(), models, dataset, split, (stamps, digests))
