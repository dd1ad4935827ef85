"""What pages begin and end with alike: title, checkpoints, the model and picture to look at, and a split's report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard.report.content import Build
from dashboard.report.subject import about
from dashboard.report.text import plain
from dashboard.shell import loaders, picture_row, report_button, say, state, theme
from dashboard.shell.state import NamedPicture, Selection
from engine.analysis.files.places import AnalysedSplit
from engine.records import RunCard

if TYPE_CHECKING:
    from engine.predictor import EmotionPredictor


def opened(title: str, chosen: Selection, *styles: str | Path) -> RunCard | None:
    """Draw a page's title and say which checkpoints cannot be used.

    Args:
        title: the page's name. chosen: in the sidebar. styles: of what it draws, CSS in its element or its file.

    Returns:
        The chosen model's card, or None where there is no model at all, which is said.
    """
    for style in styles:
        st.html(style)
    st.title(plain(title))
    shelf = loaders.shelf()
    say.problems(shelf.problems)
    if chosen.model is None:
        say.no_checkpoint()
        return None
    card = shelf.card(chosen.model)
    about(card)
    theme.shaped(card.input)
    say.unchecked(card)
    return card


def readable(chosen: Selection, *, hint: bool = True) -> NamedPicture | None:
    """Draw the way in; return the chosen picture, or None where none can be read, which is said.

    With ``hint``, that another one can be chosen, too.
    """
    picture_row.show(chosen)
    problems = [loaders.problem(entry.digest, entry.data, entry.name) for entry in chosen.pictures]
    say.problems(sentence for sentence in problems if sentence is not None)
    if chosen.picture is None:
        say.no_picture(chosen.source)
        return None
    if problems[chosen.index] is None:
        return chosen.picture
    if hint and None in problems:
        st.info("This picture cannot be read; choose another one above or in the sidebar.")
    return None


def loaded(card: RunCard) -> EmotionPredictor:
    """Return the model at work; say so while it is loaded."""
    with st.spinner(plain(f"Loading {card.name} …")):
        return loaders.predictor(card)


def offer_report(
    page: str,
    models: Sequence[str],
    split: AnalysedSplit,
    build: Build,
    *,
    settings: Mapping[str, Any],
    notes: Iterable[str],
) -> None:
    """Draw the report's button of a page about an analysed split; see :func:`dashboard.shell.report_button.offer`.

    Args:
        page, build, notes: as there. models: names, the chosen one first. split: the data.
        settings: what shapes the view beside the split.
    """
    shelf = loaders.shelf()
    report_button.offer(
        page,
        f"{', '.join(models)} on {split.name}",
        [shelf.card(name) for name in models],
        build,
        settings={"dataset": split.dataset, "split": split.split, **settings},
        always={state.MODEL: models[0], state.ANALYSIS: split.name},
        notes=notes,
    )
