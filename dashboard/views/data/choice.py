"""What the Data page shows: which dataset, and how far its reading is."""

from __future__ import annotations

from typing import Final

import streamlit as st

from dashboard.shell import long_work, opening, say, state, study_loaders
from dashboard.shell.costs import Work
from dashboard.shell.long_work import Tell
from dashboard.views.data import loaders
from dashboard.views.data.loaders import Wanted
from engine.data.audit.audit import DataAudit
from engine.data.by_id import BY_ID, SYNTHETIC
from engine.data.drawn import SPLIT_COUNTS, is_kept

FACES: Final = "faces"
"""The key of how many built-in faces are looked at, in the session and in the address."""
TEST: Final = "test split"
FACES_CHOICES: Final[dict[str, tuple[str, ...]]] = {TEST: ("test",), "all splits": tuple(SPLIT_COUNTS)}
"""Entry of the menu → splits."""


def choose() -> tuple[str, tuple[str, ...]]:
    """Draw, in the sidebar, which dataset; return it and, for the built-in faces, which splits."""
    problems = []
    if (asked := state.asked_for(state.DATASET, BY_ID)) is not None:
        problems.append(f"Unknown dataset '{asked}'; valid: {', '.join(BY_ID)}.")
    if (asked := state.asked_for(FACES, FACES_CHOICES)) is not None:
        problems.append(f"Unknown choice of faces '{asked}'; valid: {', '.join(FACES_CHOICES)}.")
    splits: tuple[str, ...] = ()
    with st.sidebar:
        first = opening.dataset(state.named_data(), study_loaders.here)
        dataset: str = st.selectbox("Dataset", BY_ID, index=BY_ID.index(first), key=state.DATASET, bind="query-params")
        if dataset == SYNTHETIC:
            drawn = st.segmented_control(
                "Faces",
                tuple(FACES_CHOICES),
                default=TEST,
                required=True,
                key=FACES,
                bind="query-params",
                help=f"The built-in faces are drawn once and kept on disk: {SPLIT_COUNTS['test']:,} of the test split "
                f"in some seconds, all {sum(SPLIT_COUNTS.values()):,} in a minute or two.",
            )
            splits = FACES_CHOICES[drawn]
    say.problems(problems)
    return dataset, splits


def read(asked: Wanted) -> DataAudit | None:
    """Return the dataset with its audit; None while it is being read, beside the page, and where that failed."""

    def make(tell: Tell) -> DataAudit:
        return loaders.audited(asked, lambda doing, done: tell(done, asked.total or None, doing))

    kind = f"reading {asked.dataset}"
    if asked.dataset == SYNTHETIC:
        kind += f", {'kept' if is_kept(asked.splits) else 'drawn'}"
    costing = Work("", kind, float(asked.total or 1))
    return long_work.have("reading the data", asked, make, f"Reading {asked.dataset}", costing, queued=False).value
