"""The caching code of the Evaluation page: everything comes from stored files, kept by their times and the weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dashboard.shell.loaders import shelf
from dashboard.shell.study_loaders import store, votes_at
from engine.analysis.evaluation import VALIDATION
from engine.analysis.files.places import ATTENTION, PREDICTIONS, REPORT, AnalysedSplit, analysis_folder
from engine.errors import FerLensError
from engine.places import checkpoint_path, checkpoint_places
from engine.records import RunCard

if TYPE_CHECKING:
    from dashboard.report.content import Content
    from engine.analysis.evaluation import Evaluation, History
    from engine.analysis.uncertainty import Uncertainty
    from engine.measure.robustness import RobustnessReport


Part = TypeVar("Part")


@dataclass(frozen=True, eq=False)
class Evaluated:
    """An evaluation, and what is wrong with the stored answers to ``val`` (empty where nothing is)."""

    found: Evaluation
    problem: str


def _stamp(model: str, dataset: str, split: str) -> tuple[int, ...]:
    """Return the times of an analysis's files, 0 for one that is not there."""
    folder = analysis_folder(checkpoint_path(model), dataset, split)
    files = [folder / name for name in (PREDICTIONS, ATTENTION, REPORT)]
    return tuple(file.stat().st_mtime_ns if file.is_file() else 0 for file in files)


@st.cache_resource(show_spinner=False, max_entries=8)
def _evaluation(
    places: tuple[Path, ...],  # noqa: ARG001  # with the files' times and the weights' digest it stands for the answers
    model: str,
    dataset: str,
    split: str,
    stamps: tuple[object, ...],  # noqa: ARG001
    *,
    validate: bool,
) -> Evaluated:
    from engine.analysis.evaluation import evaluation

    reported = store((model,), dataset, split)
    validation, problem = None, ""
    if validate:
        try:
            validation = store((model,), dataset, VALIDATION)
        except FerLensError as error:
            problem = str(error)
    return Evaluated(evaluation(reported, validation), problem)


def evaluated(model: str, split: AnalysedSplit) -> Evaluated:
    """Evaluate a model's stored answers. Raises DataError with the command that mends it, which is not kept."""
    stamps = (_stamp(model, split.dataset, split.split), _stamp(model, split.dataset, VALIDATION))
    validate = split.split != VALIDATION and any(stamps[1])
    return _evaluation(
        checkpoint_places(),
        model,
        split.dataset,
        split.split,
        (*stamps, shelf().card(model).weights_sha256),
        validate=validate,
    )


@st.cache_resource(show_spinner=False, max_entries=8)
def _seen(
    places: tuple[Path, ...],  # noqa: ARG001  # with the times of the files and of the votes it stands for the answers
    model: str,
    dataset: str,
    split: str,
    stamps: tuple[object, ...],  # noqa: ARG001
) -> tuple[dict[str, Any], Uncertainty] | None:
    from engine.analysis.evaluation import stored_answers
    from engine.analysis.people import stored_vote_report, votes_in
    from engine.analysis.uncertainty import whose_uncertainty

    opened = store((model,), dataset, split)
    if opened.no_votes:
        return None
    return stored_vote_report(opened), whose_uncertainty(stored_answers(opened), votes_in(opened))


def seen(model: str, split: AnalysedSplit) -> tuple[dict[str, Any], Uncertainty] | None:
    """Return the figures of people's votes beside a model's stored answers; None where they are not at hand."""
    stamps = (_stamp(model, split.dataset, split.split), shelf().card(model).weights_sha256, votes_at(split.dataset))
    return _seen(checkpoint_places(), model, split.dataset, split.split, stamps)


@st.cache_data(show_spinner=False, max_entries=8)
def _tsne(_evaluated: Evaluated, key: tuple[object, ...]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:  # noqa: ARG001
    from engine.analysis.evaluation import spread, tsne_places

    answers = _evaluated.found.answers
    shown = spread(len(answers.ids))
    return tsne_places(answers.probabilities[shown]), shown


def tsne(found: Evaluated, model: str, split: AnalysedSplit) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Lay the logits out by t-SNE: float64 (M, 2), and int64 (M,), which pictures those are."""
    return _tsne(found, layout_key(model, split))


def layout_key(model: str, split: AnalysedSplit) -> tuple[object, ...]:
    """Return what a layout depends on."""
    return (checkpoint_places(), model, split.name, _stamp(model, split.dataset, split.split))


def robustness(card: RunCard, split: AnalysedSplit) -> RobustnessReport | None:
    """Return the stored robustness of a model, None where it was not measured. Raises DataError where it is damaged."""
    from engine.measure.robustness import read_robustness, robustness_file

    path = checkpoint_path(card.name) / robustness_file(split.dataset, split.split)
    return read_robustness(path, card, dataset=split.dataset, split=split.split)


def history(card: RunCard) -> History | None:
    """Return a model's training history, None where it has none. Raises CheckpointError where it is damaged."""
    from engine.analysis.evaluation import read_history

    return read_history(checkpoint_path(card.name), card.recipe.get("chosen_epoch"))


def report_content(evaluated: Evaluated, card: RunCard, split: AnalysedSplit) -> Content:
    """Return what the page's report holds; what is damaged is said in its place."""
    from dashboard.views.evaluation.report import evaluation_content  # brings matplotlib: not before it is needed
    from engine.analysis.evaluation import metric_rows
    from engine.analysis.report_figures import ReportInput

    notes = [evaluated.problem] if evaluated.problem else []

    def read(part: Callable[[], Part | None]) -> Part | None:
        try:
            return part()
        except FerLensError as error:
            notes.append(str(error))
            return None

    given = ReportInput(evaluated.found, read(lambda: robustness(card, split)), read(lambda: history(card)))
    return evaluation_content(given, metric_rows(card), notes, read(lambda: seen(card.name, split)))
