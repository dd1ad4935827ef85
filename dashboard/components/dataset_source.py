"""A picture of a dataset as Explain's source: which dataset, which split, which id; all three in the address."""

from __future__ import annotations

import streamlit as st

from dashboard import state, study_loaders
from dashboard.state import NamedPicture
from engine.data.by_id import BY_ID
from engine.data.registry import FER2013_SPLITS, KINDS, SPLITS
from engine.data.synthetic_dataset import SPLIT_COUNTS
from engine.errors import FerLensError
from engine.explain.overlay import png_bytes
from engine.records import RunCard

SPLITS_OF: dict[str, tuple[str, ...]] = {
    "synthetic": tuple(SPLIT_COUNTS),
    **{name: kind.splits for name, kind in KINDS.items()},
}
"""Dataset → its splits."""


def choose_picture(card: RunCard) -> tuple[NamedPicture, ...]:
    """Draw the choice; return the picture as the model of ``card`` takes it, or nothing where it cannot be had."""
    problems = []
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
    picture_id: str = st.text_input(
        "Picture id", key=state.ID, bind="query-params", placeholder="the first one", help="For example from "
        "Misclassifications.",
    )  # fmt: skip
    try:
        picture_id = picture_id.strip() or study_loaders.first_id(dataset, split)
        found = study_loaders.dataset_picture(dataset, picture_id, card)
    except FerLensError as error:
        problems.append(str(error))
        found = None
    for sentence in problems:
        st.error(sentence)
    if found is None:
        return ()
    credit = f"{found.id} of {dataset}, labelled {found.label}."
    return (NamedPicture(found.id, png_bytes(found.pixels), credit, truth=found.label),)
