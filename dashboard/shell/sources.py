"""Pictures of a dataset as a page's source: which dataset, which split, which ids; all three in the address.

A snapshot from the live page, opened in Explain: fetched by its token, kept like an upload.
"""

from __future__ import annotations

import os
import re
import urllib.error
import urllib.request
from typing import Final

import streamlit as st

from dashboard.report.text import plain
from dashboard.shell import loaders, state, study_loaders
from dashboard.shell.origin import MOST
from dashboard.shell.snapshots import ADDRESS, LONGEST_SIDE, PORTS, ROUTE, SNAPSHOTS
from dashboard.shell.state import NamedPicture
from engine.data.by_id import BY_ID
from engine.data.drawn import SPLIT_COUNTS
from engine.data.registry import FER2013_SPLITS, KINDS, SPLITS
from engine.data.votes.ferplus import FERPLUS, FERPLUS_SPLITS
from engine.draw.overlay import png_bytes
from engine.errors import FerLensError, UnknownNameError
from engine.records import RunCard

SPLITS_OF: dict[str, tuple[str, ...]] = {
    "synthetic": tuple(SPLIT_COUNTS),
    **{name: kind.splits for name, kind in KINDS.items()},
    FERPLUS: (*FER2013_SPLITS, *FERPLUS_SPLITS),
}
"""Dataset → its splits."""


def _ids(text: str, problems: list[str]) -> tuple[str, ...]:
    """Return the distinct ids in ``text``, which commas part; too many are said and left out."""
    wanted = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if len(wanted) > MOST:
        problems.append(f"Expected {MOST} ids at most, got {len(wanted)}; the first {MOST} are taken.")
    return wanted[:MOST]


def of_dataset(dataset: str, picture_id: str, card: RunCard) -> NamedPicture:
    """Return a dataset's picture as the model of ``card`` takes it. Raises FerLensError where it cannot be had."""
    found = study_loaders.dataset_picture(dataset, picture_id, card)
    credit = f"{found.id} of {dataset}, labelled {found.label}."
    seen = study_loaders.picture_votes(dataset, found.id)
    return NamedPicture(found.id, png_bytes(found.pixels), credit, truth=found.label, seen=seen, dataset=dataset)


def named_sample(key: str) -> NamedPicture:
    """Return a sample as a picture. Raises UnknownNameError."""
    samples = {sample.key: sample for sample in loaders.samples()}
    if key not in samples:
        raise UnknownNameError("sample", key, samples)
    sample = samples[key]
    return NamedPicture(sample.title, loaders.sample_bytes(sample), sample.credit, cut=sample.expression is not None)


def choose_picture(card: RunCard) -> tuple[NamedPicture, ...]:
    """Draw the choice; return the pictures as the model of ``card`` takes them, without those that cannot be had."""
    problems: list[str] = []
    for key, what, valid in (
        (state.DATASET, "dataset", BY_ID),
        (state.SPLIT, "split", tuple(dict.fromkeys((*SPLITS, *FER2013_SPLITS, *FERPLUS_SPLITS)))),
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
            pictures.append(of_dataset(dataset, picture_id, card))
        except FerLensError as error:
            problems.append(str(error))
    for sentence in problems:
        st.error(plain(sentence))
    return tuple(pictures)


PARAMETER: Final = "snapshot"
"""Of the address; holds the token."""
LIVE: Final = f"http://{ADDRESS}:{PORTS.start}"
"""Where the live page is served at first; the variable ``FERLENS_LIVE_URL`` names another place."""
NAME: Final = "snapshot.jpg"

PROBLEM: Final = "snapshot_problem"
"""What is wrong with the snapshot that was asked for, said until a picture is handed in instead."""
_TOKEN: Final = re.compile(r"[\w-]{16,64}")
_LARGEST_BYTES: Final = 3 * LONGEST_SIDE**2  # no JPEG of a frame is larger than its pixels
_SECONDS: Final = 5.0
_GONE: Final = (
    "The snapshot is no longer held by the live page (it keeps each for ten minutes); take another one there, or name "
    "the live page that took it in FERLENS_LIVE_URL."
)
_SILENT: Final = (
    "Expected the live page to hand over its snapshot, but it does not answer; start it (make webcam), or name its "
    "address in FERLENS_LIVE_URL, and take another one."
)


def arriving() -> NamedPicture | None:
    """Return the snapshot that the address asks for, once; None where it asks for none.

    One that cannot be had is said, until a picture is uploaded instead: a page may be drawn twice on arrival.
    """
    token = st.query_params.get(PARAMETER)
    if token is not None:
        del st.query_params[PARAMETER]  # it is kept from here on: reloading shall not ask for it again
        st.session_state.pop(PROBLEM, None)
        try:
            return NamedPicture(NAME, fetch(token))
        except FerLensError as error:
            st.session_state[PROBLEM] = str(error)
    if PROBLEM in st.session_state:
        st.error(plain(st.session_state[PROBLEM]))
    return None


def fetch(token: str) -> bytes:
    """Return the JPEG of a token, from this process or from the live page's server. Raises FerLensError."""
    if not _TOKEN.fullmatch(token):
        raise FerLensError(_GONE)
    held = SNAPSHOTS.get(token)
    if held is not None:
        return held
    answered = False
    for base in _live_pages():
        try:
            with urllib.request.urlopen(base + ROUTE + token, timeout=_SECONDS) as answer:  # noqa: S310  # http alone
                answered = True
                data: bytes = answer.read(_LARGEST_BYTES + 1)
                if answer.headers.get_content_type() == "image/jpeg" and 0 < len(data) <= _LARGEST_BYTES:
                    return data
        except urllib.error.HTTPError:
            answered = True
        except (urllib.error.URLError, OSError):
            continue
    raise FerLensError(_GONE if answered else _SILENT)


def _live_pages() -> tuple[str, ...]:
    """Return where to ask: the address that the environment names, else every port at which the page serves itself.

    A page that found the first port taken serves at the next. Nobody guesses a token, so only the page that gave it
    has a picture for it.
    """
    named = os.environ.get("FERLENS_LIVE_URL")
    if named is None:
        return tuple(f"http://{ADDRESS}:{port}" for port in PORTS)
    if not named.startswith(("http://", "https://")):
        raise FerLensError("Expected FERLENS_LIVE_URL as the live page's http address, got something else; mend it.")
    return (named.rstrip("/"),)
