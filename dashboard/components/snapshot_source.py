"""A snapshot from the live page, opened in Explain: fetched by its token, kept like an upload."""

from __future__ import annotations

import os
import re
import urllib.error
import urllib.request
from typing import Final

import streamlit as st

from dashboard.live.exchange import LONGEST_SIDE
from dashboard.live.serving import ADDRESS, PORTS
from dashboard.live.snapshots import ROUTE, SNAPSHOTS
from dashboard.shell.state import NamedPicture
from engine.errors import FerLensError

PARAMETER: Final = "snapshot"
"""Of the address; holds the token."""
LIVE: Final = f"http://{ADDRESS}:{PORTS.start}"
"""Where the live page is served at first; the variable ``FERLENS_LIVE_URL`` names another place."""
NAME: Final = "snapshot.jpg"

_PROBLEM: Final = "snapshot_problem"
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
        st.session_state.pop(_PROBLEM, None)
        try:
            return NamedPicture(NAME, fetch(token))
        except FerLensError as error:
            st.session_state[_PROBLEM] = str(error)
    if _PROBLEM in st.session_state:
        if st.session_state.get("upload"):
            del st.session_state[_PROBLEM]
        else:
            st.error(st.session_state[_PROBLEM])
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
