"""The way through a selection: the picture before and after by button and key, the count, and the way back.

Every page that takes a picture draws it above; the pages that selections are made on link to it with
:func:`selection_address`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import streamlit as st

from dashboard.report.text import plain
from dashboard.shell import in_address, say, state, study_loaders
from dashboard.shell.handed_in import PICTURE_INDEX
from dashboard.shell.origin import Origin, origin_of, read_origin, window
from dashboard.shell.pages import MISTAKES, PAGES
from dashboard.shell.state import LOOK, NamedPicture, Selection
from dashboard.shell.view_link import address_of, link_html
from engine.data.picked import MOST as MOST_WALKED
from engine.data.picked import unpack
from engine.errors import FerLensError

FROM: Final = "from"
WHICH: Final = "which"
KEY: Final = "walk"
ALL: Final = "all"
"""All pictures of a selection too large for their ids to be in the address, packed."""
_KEPT: Final = "selection."

CSS: Final = f"""<style>
.st-key-{KEY}{{gap:.5rem;align-items:center}}
.st-key-{KEY} button{{padding-left:.5rem;padding-right:.5rem}}
.st-key-{KEY} [data-testid="stPageLink-NavLink"]{{padding:0}}
.fl-count{{font-variant-numeric:tabular-nums;white-space:nowrap}}
</style>"""


def selection_address(
    model: str, dataset: str, split: str, ids: Sequence[str], picture_id: str, words: str, came: Origin | None = None
) -> dict[str, str]:
    """Return the query parameters with which Explain opens a picture as one of a selection made on this page.

    Args:
        model: the checkpoint's name. dataset, split: of the pictures.
        ids: the whole selection, in its order; of a large one those about the picture go along, and all of it packed.
        picture_id: the one to open, of ``ids``. words: what was chosen, such as "fear answered sad".
        came: where it was chosen, None for this page as it stands.
    """
    some, at = window(ids, list(ids).index(picture_id))
    address = state.dataset_address(model, dataset, split, ",".join(some))
    if at:
        address[WHICH] = str(at + 1)
    if len(some) < len(ids):
        whole = window(ids, list(ids).index(picture_id), MOST_WALKED)[0]
        if packed := study_loaders.packed(dataset, whole):
            address[ALL] = packed
    return {**address, FROM: (came or here(words)).as_text()}


def here(words: str) -> Origin:
    """Return this page as it stands as an origin; ``words`` say what was chosen on it."""
    page = next((entry.address for entry in PAGES if entry.title == state.page()), PAGES[0].address)
    return origin_of(page, words, {key: st.query_params.get_all(key) for key in st.query_params})


@dataclass(frozen=True)
class _Kept:
    """What an address said of a selection: the parameter's text, what it was read as, and of which pictures."""

    text: str
    value: Origin | tuple[str, ...]
    of: str


def follow(pictures_of: str) -> Origin | None:
    """Return where the pictures came from, as the address or an earlier page says; None where nobody selected them.

    Args:
        pictures_of: the choice of pictures as text; the origin is that of these alone.
    """
    found = _followed(FROM, pictures_of, read_origin)
    return found if isinstance(found, Origin) else None


def follow_whole(pictures_of: str, pictures: Sequence[NamedPicture]) -> tuple[str, ...]:
    """Return the ids of all pictures of a selection of which the page has those about the one shown, else none.

    Args:
        pictures_of: as for :func:`follow`. pictures: those that the page has.
    """

    def read(text: str) -> tuple[str, ...]:
        return unpack(text, study_loaders.every_id(str(st.session_state.get(state.DATASET, ""))))

    found = _followed(ALL, pictures_of, read)
    if not isinstance(found, tuple) or not {picture.name for picture in pictures} <= set(found):
        in_address.left_out(ALL)
        return ()
    return found


def _followed(
    parameter: str, pictures_of: str, read: Callable[[str], Origin | tuple[str, ...]]
) -> Origin | tuple[str, ...] | None:
    """Return what the address or an earlier page says of these pictures under ``parameter``, and write it there."""
    asked, told, key = st.query_params.get(parameter), st.session_state.get(state.TOLD + parameter), _KEPT + parameter
    if asked is not None and (asked != told or state.went_back()):
        try:
            st.session_state[key] = _Kept(asked, read(asked), pictures_of)
        except FerLensError as error:
            say.problems([str(error)])
            st.session_state.pop(key, None)
    elif asked is None and state.went_back():
        st.session_state.pop(key, None)
    kept: _Kept | None = st.session_state.get(key)
    if kept is None or kept.of != pictures_of:
        in_address.left_out(parameter)
        return None
    in_address.tell(parameter, kept.text)
    return kept.value


def show(chosen: Selection) -> None:
    """Draw steps and count where there are several pictures, and the way back where they came from a page."""
    origin = chosen.origin
    at, total = place_of(chosen)
    if total < 2 and (not total or origin is None):
        return
    st.html(CSS)
    with st.container(horizontal=True, key=KEY):
        if total > 1:
            _step("Previous", "arrow_back", "Left", at - 1, chosen)
            st.html(f'<span class="fl-count" role="status">{at + 1:,} of {total:,}</span>')
            _step("Next", "arrow_forward", "Right", at + 1, chosen)
        if origin is None:
            return
        label = f"{origin.title}: {origin.words}" if origin.words else origin.title
        if origin.title == state.page():
            st.html(link_html(address_of(origin.page, origin.query), f"↶ {label}"))
        else:
            st.page_link(origin.file, label=plain(label), icon=":material/undo:", query_params=_back(origin, chosen))


def _back(origin: Origin, chosen: Selection) -> list[tuple[str, str]]:
    """Return the address to go back to; the gallery of mistakes looks at the picture that was come to meanwhile."""
    if origin.file != MISTAKES or chosen.picture is None:
        return list(origin.query)
    return [*((key, value) for key, value in origin.query if key != LOOK), (LOOK, chosen.picture.name)]


def place_of(chosen: Selection) -> tuple[int, int]:
    """Return which picture of the selection is shown, from 0, and how many the whole selection has."""
    if chosen.whole and chosen.picture is not None:
        return chosen.whole.index(chosen.picture.name), len(chosen.whole)
    return chosen.index, len(chosen.pictures)


def _step(name: str, icon: str, key: str, to: int, chosen: Selection) -> None:
    st.button(
        plain(name), key=f"walk_{name.lower()}", icon=f":material/{icon}:", shortcut=key, on_click=_go,
        args=(to, chosen), disabled=not 0 <= to < place_of(chosen)[1],
    )  # fmt: skip


def _go(to: int, chosen: Selection) -> None:
    """Show another picture of the selection; where the page does not have it, it gets those about it. A callback."""
    if not chosen.whole:
        st.session_state[PICTURE_INDEX] = to
        return
    names = [picture.name for picture in chosen.pictures]
    if chosen.whole[to] in names:
        st.session_state[PICTURE_INDEX] = names.index(chosen.whole[to])
        return
    some, at = window(chosen.whole, to)
    st.session_state[state.ID], st.session_state[PICTURE_INDEX] = ",".join(some), at
    of = state.pictures_of("dataset")
    for key in (_KEPT + FROM, _KEPT + ALL):
        if isinstance(kept := st.session_state.get(key), _Kept):
            st.session_state[key] = replace(kept, of=of)
