"""The tags of the picture shown: set here, kept in a small file on this machine, and taken along as CSV."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import streamlit as st

from dashboard.report.text import csv_text, plain
from dashboard.shell import say, state
from dashboard.shell.in_address import in_address
from dashboard.shell.state import NamedPicture, Selection
from engine.data.tags import LONGEST, MOST, Tags, read_tags, set_tags
from engine.errors import FerLensError
from engine.places import CHANGING_VARIABLE, tags_file

TAG: Final = "tag"
"""The tag by which a gallery is filtered, in the address; the widget's key is the same."""
ANY: Final = "any"
_PROBLEM: Final = "tags_problem"


def draw(chosen: Selection) -> None:
    """Draw the tags of the picture shown, where visitors may write on this machine's disk."""
    picture = chosen.picture
    if picture is None or os.environ.get(CHANGING_VARIABLE) == "no":
        return
    file = tags_file()
    try:
        tags = read_tags(file)
    except FerLensError as error:
        say.problems([str(error)])
        return
    name = _name(chosen, picture)
    mine = tags.get(name, ())
    with st.popover(f"Tags · {len(mine)}" if mine else "Tags", icon=":material/sell:", key="tags"):
        key = f"tags.{name}"
        st.session_state[key] = list(mine)
        st.multiselect(
            plain(f"Tags of {picture.name}"),
            sorted({tag for some in tags.values() for tag in some}),
            key=key,
            accept_new_options=True,
            max_selections=MOST,
            placeholder=f"Choose one, or write a new one of up to {LONGEST} letters",
            on_change=_take,
            args=(file, name, key),
        )
        say.problems(filter(None, [st.session_state.pop(_PROBLEM, None)]))
        if tags:
            st.download_button(
                f"CSV of all {len(tags):,} tagged",
                lambda: csv_of(tags),
                "tags.csv",
                "text/csv",
                icon=":material/table:",
                on_click="ignore",
                key="tags_csv",
            )


def choose_tag(dataset: str, on_change: Callable[[], None] | None = None) -> tuple[str, ...] | None:
    """Draw the choice of a tag for a gallery of a data set's pictures; return the ids that have it, None for all.

    Nothing is drawn where none of its pictures has a tag, or where visitors may not see what is kept on this machine.
    """
    found: dict[str, list[str]] = {}
    if os.environ.get(CHANGING_VARIABLE) != "no":
        try:
            tags = read_tags(tags_file())
        except FerLensError as error:
            say.problems([str(error)])
            tags = {}
        for name, some in tags.items():
            kind, _, picture_id = name.partition(":")
            for tag in some if kind == dataset else ():
                found.setdefault(tag, []).append(picture_id)
    if not found and TAG not in st.query_params:
        return None
    choices = {ANY: ANY, **{tag: tag for tag in sorted(found) if tag != ANY}}
    with in_address(TAG, TAG, choices, ANY, own=True):
        chosen: str = st.selectbox(
            "Tag",
            tuple(choices),
            key=TAG,
            format_func=lambda tag: tag if tag == ANY else f"{tag} · {len(found[tag]):,}",
            width=160,
            on_change=on_change,
            help="Pictures that you tagged on Explain, Compare, What if or Activations.",
        )
    return None if chosen == ANY else tuple(found[chosen])


def csv_of(tags: Tags) -> str:
    """Return a row for each picture and tag."""
    return csv_text({"picture": picture, "tag": tag} for picture, some in tags.items() for tag in some)


def _name(chosen: Selection, picture: NamedPicture) -> str:
    """Return what the file calls the picture: the same wherever it is come to from."""
    if chosen.source == "dataset":
        return f"{st.session_state[state.DATASET]}:{picture.name}"
    return f"sha256:{picture.digest}"


def _take(file: Path, name: str, key: str) -> None:
    try:
        set_tags(file, name, st.session_state[key])
    except (FerLensError, OSError) as error:
        words = str(error) if isinstance(error, FerLensError) else "The tags cannot be written on this machine's disk."
        st.session_state[_PROBLEM] = words
