"""What people saw, on the Data page: labels against majorities, and the labels that nobody saw."""

from __future__ import annotations

import streamlit as st

from dashboard.report.text import escape, plain
from dashboard.shell import say, study_loaders, theme
from dashboard.shell.handed_in import MOST_MEGABYTES
from dashboard.views.data import loaders
from dashboard.views.data.figures.people import majority_table
from dashboard.views.data.loaders import Wanted
from engine.analysis.people import Part, PeopleOnSuspicions
from engine.data.audit.audit import DataAudit
from engine.data.votes.ferplus import FERPLUS
from engine.data.votes.file import WHERE
from engine.data.votes.join import WITH_VOTES
from engine.errors import FerLensError


def _shares(part: Part) -> str:
    low, high = part.interval
    return f"{100 * (part.share or 0.0):.1f} % ({100 * low:.1f}–{100 * high:.1f})"


def show_majorities(asked: Wanted, found: DataAudit) -> str:
    """Draw labels against what most people saw; return the section's sentence, empty where it is not known."""
    if asked.dataset not in WITH_VOTES:
        return ""
    theme.section(
        "The label and what people saw",
        "Ten people a picture (FER+). Rows: the label. Columns: the emotion with the most votes.",
    )
    if asked.dataset == FERPLUS and asked.votes:
        said = "The labels here are what people voted; choose fer2013 to see its own labels against them."
        st.caption(plain(said))
        return said
    try:
        seen = loaders.people(asked, found, study_loaders.votes_at(asked.dataset))
    except FerLensError as error:
        st.caption(plain(str(error)))
        bring_votes()
        return ""
    if seen is None:
        st.caption(f"Not known here: {WHERE}")
        bring_votes()
        return ""
    said = (
        f"The label is what most people saw in {_shares(seen.agrees)} of {seen.agrees.n:,} pictures; in "
        f"{len(seen.unseen):,} nobody at all saw it. {seen.without:,} pictures have no vote for an emotion."
    )
    st.html(f'<div class="fl-reading">{escape(said)}</div>')
    st.html(majority_table(found.pictures.classes, seen.matrix))
    return said


def bring_votes() -> None:
    """Let a person bring FER+'s file; where it is one, draw the page again with it."""
    given = st.file_uploader(
        "fer2013new.csv",
        type=["csv", "xz", "gz"],
        key="votes_file",
        max_upload_size=MOST_MEGABYTES,
        help="It is used in this session alone; a copy stays in the cache folder.",
    )
    if given is None:
        return
    try:
        new = study_loaders.bring_votes(given.name, given.getvalue())
    except FerLensError as error:
        say.problems([str(error)])
        return
    if new:  # else it was tried, and what is wrong with it is said above
        st.rerun()


def suspicion_words(people: PeopleOnSuspicions | None) -> str:
    """Say how often people confirm a model's suspicions; empty where that is not known."""
    if people is None or not people.confirmed.n:
        return ""
    return (
        f"People confirm {_shares(people.confirmed)} of {people.confirmed.n:,} suspicions: more of them saw the class "
        f"suggested than the label. {_shares(people.not_majority)} of the suspect labels are not what most people saw, "
        f"{_shares(people.base)} of all labels."
    )
