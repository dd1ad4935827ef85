"""The way through a selection: the picture before and after by button and key, the count, and the way back.

Every page that takes a picture draws it above; the pages that selections are made on link to it with
:func:`selection_address`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from dashboard.report.text import plain
from dashboard.shell import in_address, say, state
from dashboard.shell.handed_in import PICTURE_INDEX
from dashboard.shell.origin import Origin, origin_of, read_origin, window
from dashboard.shell.pages import MISTAKES, PAGES
from dashboard.shell.state import LOOK, Selection
from engine.errors import UsageError

FROM: Final = "from"
WHICH: Final = "which"
KEY: Final = "walk"
_KEPT: Final = "selection_origin"

CSS: Final = f"""<style>
.st-key-{KEY}{{gap:.5rem;align-items:center}}
.st-key-{KEY} button{{padding-left:.5rem;padding-right:.5rem}}
.st-key-{KEY} [data-testid="stPageLink-NavLink"]{{padding:0}}
.fl-count{{font-variant-numeric:tabular-nums;white-space:nowrap}}
</style>"""


def selection_address(
    model: str, dataset: str, split: str, ids: Sequence[str], picture_id: str, words: str
) -> dict[str, str]:
    """Return the query parameters with which Explain opens a picture as one of a selection made on this page.

    Args:
        model: the checkpoint's name. dataset, split: of the pictures.
        ids: the whole selection, in its order; of a large one those about the picture go along.
        picture_id: the one to open, of ``ids``. words: what was chosen, such as "fear answered sad".
    """
    some, at = window(ids, list(ids).index(picture_id))
    address = state.dataset_address(model, dataset, split, ",".join(some))
    if at:
        address[WHICH] = str(at + 1)
    return {**address, FROM: here(words).as_text()}


def here(words: str) -> Origin:
    """Return this page as it stands as an origin; ``words`` say what was chosen on it."""
    page = next((entry.address for entry in PAGES if entry.title == state.page()), PAGES[0].address)
    return origin_of(page, words, {key: st.query_params.get_all(key) for key in st.query_params})


def follow(pictures_of: str) -> Origin | None:
    """Return where the pictures came from, as the address or an earlier page says; None where nobody selected them.

    Args:
        pictures_of: the choice of pictures as text; the origin is that of these alone.
    """
    asked, told = st.query_params.get(FROM), st.session_state.get(state.TOLD + FROM)
    if asked is not None and asked != told:
        try:
            st.session_state[_KEPT] = (read_origin(asked), pictures_of)
        except UsageError as error:
            say.problems([str(error)])
            st.session_state.pop(_KEPT, None)
    elif asked is None and state.went_back():
        st.session_state.pop(_KEPT, None)
    origin, of = st.session_state.get(_KEPT, (None, ""))
    found: Origin | None = origin if of == pictures_of else None
    if found is None:
        in_address.left_out(FROM)
    else:
        in_address.tell(FROM, found.as_text())
    return found


def show(chosen: Selection) -> None:
    """Draw steps and count where there are several pictures, and the way back where they came from a page."""
    total, origin = len(chosen.pictures), chosen.origin
    if total < 2 and (not total or origin is None):
        return
    st.html(CSS)
    with st.container(horizontal=True, key=KEY):
        if total > 1:
            _step("Previous", "arrow_back", "Left", chosen.index - 1, total)
            st.html(f'<span class="fl-count" role="status">{chosen.index + 1:,} of {total:,}</span>')
            _step("Next", "arrow_forward", "Right", chosen.index + 1, total)
        if origin is not None:
            st.page_link(
                origin.file,
                label=plain(f"{origin.title}: {origin.words}" if origin.words else origin.title),
                icon=":material/undo:",
                query_params=_back(origin, chosen),
            )


def _back(origin: Origin, chosen: Selection) -> list[tuple[str, str]]:
    """Return the address to go back to; the gallery of mistakes looks at the picture that was come to meanwhile."""
    if origin.file != MISTAKES or chosen.picture is None:
        return list(origin.query)
    return [*((key, value) for key, value in origin.query if key != LOOK), (LOOK, chosen.picture.name)]


def _step(name: str, icon: str, key: str, to: int, total: int) -> None:
    st.button(
        plain(name), key=f"walk_{name.lower()}", icon=f":material/{icon}:", shortcut=key, on_click=_go, args=(to,),
        disabled=not 0 <= to < total,
    )  # fmt: skip


def _go(to: int) -> None:
    st.session_state[PICTURE_INDEX] = to
