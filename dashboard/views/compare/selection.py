"""Several models on a selection of pictures: a row a picture, and how alike the models' maps are over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd
import streamlit as st

from dashboard.report.text import escape
from dashboard.shared import target as target_menus
from dashboard.shared.figures.answers import shared_classes
from dashboard.shared.figures.pair import RANKS, TOP
from dashboard.shell import glossed, loaders, long_work, theme
from dashboard.shell.costs import Work
from dashboard.shell.long_work import Tell
from dashboard.shell.state import NamedPicture
from dashboard.views.compare import choice
from dashboard.views.compare.figures.tables import Compared, read_selection, selection_rows
from engine.records import RunCard

MOST: Final = 24
"""Pictures of a selection that are summed up: each goes through every model."""
Wanted = tuple[str, str, str]
"""Target, class to subtract or "", layer, as :func:`compare_choice.choose_target` returns them."""


def _compared(cards: Sequence[RunCard], named: NamedPicture, wanted: Wanted, *, uncut: bool) -> Compared | None:
    """Explain a picture's largest face with every model; None where no face was found, or not all know its label.

    ``uncut``: no face is looked for.
    """
    target, subtracted, layer = wanted
    reference = cards[0]
    picture = loaders.picture(named.digest, named.data, named.name)
    whole = uncut or named.truth is not None or reference.domain == "pictures"
    found = loaders.faces(named.digest, picture.pixels, reference.name, reference.weights_sha256, whole)
    if found.error is not None:
        return None
    face = found.faces[0]
    plus, minus = target_menus.settle(target, subtracted, choice.answered(cards, face.prediction), named.truth)
    known = shared_classes([card.classes for card in cards])
    if any(name and name not in known for name in (plus, minus)):
        return None
    explained = []
    for card in cards:
        at = loaders.predictor(card).gradcam_layers[-1] if layer == choice.EACH_LAST else layer
        where = choice.given(card, reference, named, face, 0, whole=whole)
        explained.append(choice.explained(card, reference, at, (plus, minus), where))
    return Compared(named.name, named.truth, tuple(explained), comparable=minus != plus)


def show_selection(
    cards: Sequence[RunCard], pair: tuple[int, int], pictures: Sequence[NamedPicture], wanted: Wanted
) -> tuple[Compared, ...]:
    """Draw the summary and the table of a selection of two pictures or more, and return it; empty for a single one."""
    if len(pictures) == 1:
        return ()
    shown = pictures[:MOST]
    names = [card.name for card in cards]
    uncut = bool(st.session_state.get("whole", False))

    def make(tell: Tell) -> list[Compared | None]:
        made = []
        for number, named in enumerate(shown):
            tell(number, len(shown), "pictures")
            made.append(_compared(cards, named, wanted, uncut=uncut))
        return made

    weights = tuple(card.weights_sha256 for card in cards)
    found = long_work.have(
        "compared selection",
        (weights, tuple(named.digest for named in shown), wanted, uncut),
        make,
        f"Explaining with {', '.join(names)}",
        Work(weights[0], " ".join(["picture compared with", *(one[:8] for one in weights[1:])]), float(len(shown))),
    ).value
    if found is None:
        return ()
    compared = [one for one in found if one is not None]
    lost = len(found) - len(compared)
    left_out = f" {lost} without a face, or with a label that not all know, are left out." if lost else ""
    more = f" The first {MOST} of {len(pictures)}." if len(pictures) > MOST else ""
    theme.section(
        "On the whole selection",
        f"The same target and layer as above, the largest face of each of {len(compared)} pictures.{more}{left_out}",
    )
    if not compared:
        return ()
    st.html(f'<div class="fl-reading">{escape(read_selection(names, compared, pair))}</div>')
    number = st.column_config.NumberColumn(format="%.3f")
    st.dataframe(
        pd.DataFrame(selection_rows(names, compared, pair)),
        hide_index=True,
        column_config=dict.fromkeys((RANKS, TOP), number),
        key="compare_selection",
        alt="answers of every model, and agreement of two models' maps, for each picture of the selection",
    )
    glossed.note(
        f"Agreement of {names[pair[0]]} and {names[pair[1]]} (rank correlation, and overlap of the strongest tenth) on "
        "the coarsest common grid, 95 % bootstrap intervals; empty where a map has no positive evidence, or where a "
        "contrast would subtract a class from "
        "itself. A selection made by hand says nothing about a dataset: the verdict above does. The sidebar says which "
        "picture is drawn large."
    )
    return tuple(compared)
