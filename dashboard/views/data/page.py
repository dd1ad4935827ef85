"""Data: what a dataset holds, how its classes differ, and what is wrong with it.

The top of the Data page: what the audit found in numbers, and the classes by split.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import streamlit as st

from dashboard.report.subject import about
from dashboard.report.text import escape, plain
from dashboard.shell import loaders, report_button, say, state, theme
from dashboard.shell.frame import framed
from dashboard.shell.state import Selection
from dashboard.views.data import choice, galleries, people
from dashboard.views.data import loaders as data_loaders
from dashboard.views.data import pictures as data_pictures
from dashboard.views.data.figures.groups import (
    balance_table,
    facts,
    facts_html,
    read_balance,
    read_clean,
    read_conclusion,
    read_straddling,
)
from dashboard.views.data.loaders import Wanted
from dashboard.views.data.report import DataView, data_content
from engine.data.audit.audit import DataAudit, audit_document
from engine.data.dataset import left_out_words
from engine.data.votes.ferplus import FERPLUS
from engine.data.votes.file import WHERE
from engine.errors import DataError, FerLensError

STYLE: Final = Path(__file__).with_name("style.css")


def show_facts(found: DataAudit) -> None:
    """Draw the numbers, and what training has seen of the parts kept apart from it."""
    st.html(facts_html(facts(found)))
    skipped = found.pictures.skipped
    if skipped:
        st.warning(plain(left_out_words(skipped)), icon=":material/warning:")
    sentences = [*read_clean(found), read_straddling(found), *read_conclusion(found)]
    if any(sentences):
        st.html('<div class="fl-reading">' + "<br>".join(escape(said) for said in sentences if said) + "</div>")
    st.download_button(
        "Audit as JSON",
        lambda: json.dumps(audit_document(found), indent=1, ensure_ascii=False),
        f"audit-{found.pictures.name}.json",
        "application/json",
        icon=":material/data_object:",
        on_click="ignore",
        help="Every count above with the ids behind it; the same as python -m engine audit --json.",
    )


def show_balance(found: DataAudit) -> None:
    """Draw how many pictures each class has in each split."""
    balance = found.balance()
    theme.section("Classes by split", escape(read_balance(balance)))
    shown = data_pictures.shown(found)
    of_shown = {split: {name: counts[name] for name in shown.names} for split, counts in balance.items()}
    st.html(balance_table(of_shown, {split: sum(counts.values()) for split, counts in balance.items()}))
    if shown.words:
        st.caption(plain(shown.words))
    if "val" in balance and "val" not in found.pictures.parts:
        st.caption("val is drawn from the training pictures, a tenth of each class; copies stay on one side.")


def study(asked: Wanted, model: str | None) -> None:
    """Draw the page for one dataset."""
    if asked.dataset == FERPLUS and asked.votes is None:
        st.info(f"The labels of ferplus are what people voted, and that is not here. {WHERE}", icon=":material/groups:")
        people.bring_votes()
        return
    found = choice.read(asked)
    if found is None:
        return
    show_facts(found)
    show_balance(found)
    people.show_majorities(asked, found)
    split = data_pictures.choose_split(found)
    faces = data_pictures.show_faces(asked, found, split)
    sample = data_pictures.show_sample(found, split)
    recipe, augmented = data_pictures.show_augmentation(asked, found)
    gallery, pictures = galleries.show_galleries(asked, found, model)
    view = DataView(found, split, faces, sample, recipe, augmented, gallery, pictures)
    report_button.offer(
        "Data",
        asked.dataset,
        [] if model is None or gallery != galleries.SUSPECTS else [loaders.shelf().card(model)],
        lambda: data_content(view),
        settings={
            "dataset": asked.dataset,
            "splits": list(asked.splits),
            "pictures of": split,
            "recipe": recipe,
            "gallery": gallery,
        },
        always={state.DATASET: asked.dataset},
        notes=report_button.dataset_notes(asked.dataset),
    )


def main(selected: Selection) -> None:
    """Select, load, draw."""
    st.html(STYLE)
    st.title("Data")
    say.problems(loaders.shelf().problems)
    dataset, splits = choice.choose()
    card = None if selected.model is None else loaders.shelf().card(selected.model)
    try:
        asked = data_loaders.wanted(dataset, splits, card)
    except DataError:
        st.info(
            f"{plain(dataset)} is not on this machine: put it under `data/`, or name its place in the variable "
            "`FERLENS_DATA`, and start again.",
            icon=":material/image_not_supported:",
        )
        return
    if asked.classes and card is not None:
        about(card)
    try:
        study(asked, selected.model)
    except FerLensError as error:
        say.problems([str(error)])


with framed("Data") as chosen:
    main(chosen)
