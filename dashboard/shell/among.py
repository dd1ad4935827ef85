"""A selection of an analysis's pictures that pages hand to each other: the embedding, the matrix and the gallery.

It is in the address as ``among``: places among all pictures that were analysed, packed, so that it needs no pictures on
this machine. ``from`` says where it was made, as for every selection; ``look`` which of them is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from dashboard.report.text import plain
from dashboard.shell import say, state, study_loaders
from dashboard.shell.origin import Origin, read_origin
from dashboard.shell.state import ANALYSIS, LOOK, MODEL
from dashboard.shell.walk import FROM, here
from engine.analysis.files.places import AnalysedSplit
from engine.data.picked import pack, unpack
from engine.errors import FerLensError

AMONG: Final = "among"


def address(model: str, split: AnalysedSplit, ids: Sequence[str], words: str, look: str = "") -> dict[str, str]:
    """Return the query parameters with which another page shows a selection of an analysis; none where it is too many.

    Args:
        model: the checkpoint's name. split: what was analysed. ids: the selection, in its order.
        words: what was chosen, such as "fear answered as sad". look: the one of them to look at, empty for none.
    """
    known = study_loaders.analysed_ids(model, split.dataset, split.split)
    packed = pack(ids, {name: at for at, name in enumerate(known)})
    if packed is None:
        return {}
    asked = {MODEL: model, ANALYSIS: split.name, AMONG: packed, FROM: here(words).as_text()}
    return {**asked, LOOK: look} if look else asked


def follow(model: str, split: AnalysedSplit) -> tuple[str, ...]:
    """Return the ids that the address selects, none without; a selection of other pictures is said and left out."""
    asked = st.query_params.get(AMONG)
    if not asked:
        return ()
    try:
        return unpack(asked, study_loaders.analysed_ids(model, split.dataset, split.split))
    except FerLensError as error:
        say.problems([str(error)])
        clear()
        return ()


def clear() -> None:
    """Forget the selection."""
    for key in (AMONG, FROM):
        st.query_params.pop(key, None)


def show(ids: Sequence[str], words: str) -> None:
    """Say what is shown of a selection, with the way back to where it was made and to all pictures; nothing without.

    ``words`` have a place for the number: ``Only the {:,} selected pictures``.
    """
    if not ids:
        return
    origin = _origin()
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="among"):
        st.html(f'<span class="fl-quiet" role="status">{words.format(len(ids))}</span>', width="content")
        if origin is not None and origin.title != state.page():
            label = f"{origin.title}: {origin.words}" if origin.words else origin.title
            st.page_link(origin.file, label=plain(label), icon=":material/undo:", query_params=list(origin.query))
        st.button("All pictures", key="among_clear", icon=":material/close:", type="tertiary", on_click=clear)


def _origin() -> Origin | None:
    try:
        return read_origin(st.query_params.get(FROM, ""))
    except FerLensError:  # an address that was shortened: the selection is whole without it
        return None
