"""What a person hands in, pictures and a camera's shot: one state, whichever place on the page took it.

The sidebar's uploader lists its files, and taking one out of that list takes the picture away. The page's own is
emptied as soon as its files are taken, and so adds to what is there. Neither takes away what the other brought.
"""

from __future__ import annotations

from typing import Final

import streamlit as st

from dashboard.report.text import plain
from dashboard.shell import sources, state
from dashboard.shell.state import NamedPicture
from engine.media.pictures import MAXIMUM_BYTES

PICTURE_INDEX: Final = "picture_index"
"""The widget that says which of several pictures is shown."""
UPLOADED: Final = "uploaded_pictures"
_SHOT: Final = "camera_shot"
_OF_SIDEBAR: Final = "uploaded_in_sidebar"
_ROUND: Final = "uploader_round"
MOST_MEGABYTES: Final = MAXIMUM_BYTES // 2**20


def uploaded() -> tuple[NamedPicture, ...]:
    """Return the pictures that were handed in, the first one first."""
    kept: tuple[NamedPicture, ...] = st.session_state.get(UPLOADED, ())
    return kept


def shot() -> NamedPicture | None:
    """Return the camera's last shot, None without any."""
    kept: NamedPicture | None = st.session_state.get(_SHOT)
    return kept


def hand_over(picture: NamedPicture) -> None:
    """Make another page's picture the only uploaded one, for the pages whose address then says ``source=upload``."""
    _start_anew()
    st.session_state[UPLOADED] = (picture,)


def forget() -> None:
    """Forget what was handed in from where pictures are taken just now."""
    if st.session_state.get(state.SOURCE) == "camera":
        st.session_state[_SHOT] = None
    else:
        _start_anew()
        st.session_state[UPLOADED] = ()
    _show(0)


def take_files(key: str, *, listed: bool) -> None:
    """Take what the uploader ``key`` holds, and show the first picture that is new; a widget's callback.

    Args:
        key: the widget's. listed: whether it goes on listing its files; else it is emptied and the pictures are chosen.
    """
    st.session_state.pop(sources.PROBLEM, None)
    files = tuple(NamedPicture(file.name, file.getvalue()) for file in st.session_state[key])
    before = uploaded()
    if listed:
        former: frozenset[str] = st.session_state.get(_OF_SIDEBAR, frozenset())
        st.session_state[_OF_SIDEBAR] = still = frozenset(file.digest for file in files)
        before = tuple(one for one in before if one.digest not in former - still)
    elif files:
        st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1
        st.session_state[state.SOURCE] = "upload"
    known = {one.digest for one in before}
    new = tuple({file.digest: file for file in files if file.digest not in known}.values())
    st.session_state[UPLOADED] = kept = (*before, *new)
    if files:
        first = (new or files)[0]
        _show([one.digest for one in kept].index(first.digest))


def take_shot(key: str, *, choose: bool) -> None:
    """Take what the camera ``key`` holds; a widget's callback. ``choose``: and have the pages show it."""
    data = st.session_state[key]
    st.session_state[_SHOT] = NamedPicture("camera shot", data.getvalue()) if data is not None else None
    if choose and data is not None:
        st.session_state[state.SOURCE] = "camera"


def page_uploader() -> str:
    """Return the key of the page's own uploader, another one each time that it was emptied."""
    return f"upload_here.{st.session_state.get(_ROUND, 0)}"


def draw_uploader() -> tuple[NamedPicture, ...]:
    """Draw the sidebar's uploader; return all that was handed in, there or in the page."""
    snapshot = sources.arriving()
    if snapshot is not None:
        hand_over(snapshot)
    key = _sidebar_uploader()
    # Any type is let through: what is no picture gets its own sentence instead of the widget's.
    files = st.file_uploader(
        "One or several pictures",
        accept_multiple_files=True,
        key=key,
        on_change=take_files,
        args=(key,),
        kwargs={"listed": True},
        max_upload_size=MOST_MEGABYTES,
        help="They are held in memory for this session and written nowhere.",
        label_visibility="collapsed",
    )
    kept = uploaded()
    if kept and not files:
        names = ", ".join(picture.name for picture in kept)
        st.button(
            "Forget",
            help=plain(f"Kept from before: {names}"),
            icon=":material/close:",
            width="stretch",
            on_click=forget,
        )
    return kept


def draw_camera() -> tuple[NamedPicture, ...]:
    """Draw the sidebar's camera; return the last shot, taken there or in the page."""
    st.camera_input(
        "One shot",
        key="camera",
        label_visibility="collapsed",
        on_change=take_shot,
        args=("camera",),
        kwargs={"choose": False},
    )
    taken = shot()
    return (taken,) if taken is not None else ()


def _show(index: int) -> None:
    st.session_state[PICTURE_INDEX] = index


def _sidebar_uploader() -> str:
    empty = st.session_state.get("uploader_emptied", 0)
    return f"upload.{empty}" if empty else "upload"


def _start_anew() -> None:
    """Empty the sidebar's uploader: one of another key is drawn."""
    if st.session_state.get(_OF_SIDEBAR):
        st.session_state["uploader_emptied"] = st.session_state.get("uploader_emptied", 0) + 1
    st.session_state[_OF_SIDEBAR] = frozenset()
