"""Pictures of a dataset as a page's source: which dataset, which split, which ids; all three in the address."""

from __future__ import annotations

from typing import Final

import streamlit as st

from dashboard.shell import state, study_loaders
from dashboard.shell.state import NamedPicture
from engine.data.by_id import BY_ID
from engine.data.drawn import SPLIT_COUNTS
from engine.data.registry import FER2013_SPLITS, KINDS, SPLITS
from engine.draw.overlay import png_bytes
from engine.errors import FerLensError
from engine.records import RunCard

SPLITS_OF: dict[str, tuple[str, ...]] = {
    "synthetic": tuple(SPLIT_COUNTS),
    **{name: kind.splits for name, kind in KINDS.items()},
}
"""Dataset → its splits."""

MOST: Final = 24
"""Pictures of a dataset at a time."""


def _ids(text: str, problems: list[str]) -> tuple[str, ...]:
    """Return the distinct ids in ``text``, which commas part; too many are said and left out."""
    wanted = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if len(wanted) > MOST:
        problems.append(f"Expected {MOST} ids at most, got {len(wanted)}; the first {MOST} are taken.")
    return wanted[:MOST]


def choose_picture(card: RunCard) -> tuple[NamedPicture, ...]:
    """Draw the choice; return the pictures as the model of ``card`` takes them, without those that cannot be had."""
    problems: list[str] = []
    for key, what, valid in (
        (state.DATASET, "dataset", BY_ID),
        (state.SPLIT, "split", tuple(dict.fromkeys((*SPLITS, *FER2013_SPLITS)))),
    ):
        if (asked := state.asked_for(key, valid)) is not None:
            problems.append(f"Unknown {what} '{asked}'; valid: {', '.join(valid)}.")
    dataset: str = st.selectbox("Dataset", BY_ID, key=state.DATASET, bind="query-params")
    splits = SPLITS_OF[dataset]
    if st.session_state.get(state.SPLIT, splits[0]) not in splits:
        del st.session_state[state.SPLIT]
    split: str = st.selectbox(
        "Split",
        splits,
        index=splits.index(state.DEFAULT_SPLIT),
        key=state.SPLIT,
        bind="query-params",
        help="Where no id is given, its first picture is shown.",
    )
    asked_ids: str = st.text_input(
        "Picture id", key=state.ID, bind="query-params", placeholder="the first one",
        help="For example from Misclassifications. Several ids, with commas between them, are a selection.",
    )  # fmt: skip
    pictures = []
    try:
        ids = _ids(asked_ids, problems) or (study_loaders.first_id(dataset, split),)
    except FerLensError as error:
        problems.append(str(error))
        ids = ()
    for picture_id in ids:
        try:
            found = study_loaders.dataset_picture(dataset, picture_id, card)
        except FerLensError as error:
            problems.append(str(error))
            continue
        credit = f"{found.id} of {dataset}, labelled {found.label}."
        pictures.append(NamedPicture(found.id, png_bytes(found.pixels), credit, truth=found.label))
    for sentence in problems:
        st.error(sentence)
    return tuple(pictures)
