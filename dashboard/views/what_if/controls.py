"""The controls of an edit beside the brush: regions to hide, the fill, the sliders, a second face, undo and reset.

The edit of the What if page: what it is now, what it was before, and the address that restores it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

import streamlit as st

from dashboard.report.subject import face, is_about_pictures
from dashboard.report.text import plain
from dashboard.shell import loaders, say, state
from dashboard.shell.state import NamedPicture
from dashboard.views.what_if import loaders as what_if_loaders
from dashboard.views.what_if.figures.answers import region_title
from dashboard.views.what_if.loaders import Staged
from engine.edit.edit import SPANS, Edit
from engine.edit.fills import FILLS
from engine.edit.regions import FaceRegions, parts_for, template_parts
from engine.edit.text import from_text, shortened, to_text
from engine.errors import FerLensError, UsageError
from engine.media.pictures import MAXIMUM_BYTES
from engine.records import RunCard

EDIT: Final = "edit"
"""The key in the address."""
STEPS_KEPT: Final = 100
"""How many steps can be undone."""

_NOW: Final = "what_if.edit"
_PAST: Final = "what_if.past"
_TOLD: Final = "what_if.told"
_SAID: Final = "what_if.said"


def current() -> Edit:
    """Return the edit as it is."""
    edit: Edit = st.session_state.get(_NOW, Edit())
    return edit


def past() -> tuple[Edit, ...]:
    """Return what it was before, the last step last."""
    steps: tuple[Edit, ...] = st.session_state.get(_PAST, ())
    return steps


def change(edit: Edit) -> None:
    """Take ``edit`` for the present one; the one before can be brought back by :func:`undo`.

    Strokes are kept as simply as the address needs them, so that what is seen is what the address restores.
    """
    with suppress(UsageError):  # too long for an address it stays usable; :func:`tell` says so
        edit = shortened(edit)
    st.session_state.pop(_SAID, None)
    if edit != current():
        st.session_state[_PAST] = (*past(), current())[-STEPS_KEPT:]
        st.session_state[_NOW] = edit


def undo() -> None:
    """Go one step back, if there is one."""
    if past():
        st.session_state[_NOW] = past()[-1]
        st.session_state[_PAST] = past()[:-1]


def reset() -> None:
    """Undo everything at once; that can be undone too. The fill is a choice and stays."""
    change(Edit(fill=current().fill))


def follow(regions: Sequence[str]) -> str | None:
    """Take over the edit that the address asks for, if it is another than what was written there.

    Returns:
        The sentence that says why it cannot be read, or None.
    """
    asked = st.query_params.get(EDIT, "")
    if asked and asked != st.session_state.get(_TOLD):
        st.session_state[_TOLD] = asked
        try:
            change(from_text(asked, regions))
        except UsageError as error:  # said until something is changed: the page is drawn again on arrival
            st.session_state[_SAID] = f"The edit in the address cannot be read. {error}"
    elif not asked and state.went_back() and st.session_state.get(_TOLD):
        reset()
        st.session_state[_TOLD] = ""
    said: str | None = st.session_state.get(_SAID)
    return said


def tell() -> str | None:
    """Write the edit into the address.

    Returns:
        The sentence that says why it does not fit there, or None; the address then holds no edit.
    """
    try:
        text = to_text(shortened(current()))
        said = None
    except UsageError as error:
        text, said = "", f"The address does not restore this edit. {error}"
    if text:
        if st.query_params.get(EDIT) != text:
            st.query_params[EDIT] = text
    elif EDIT in st.query_params:
        del st.query_params[EDIT]
    st.session_state[_TOLD] = text
    return said


SECOND: Final = "second"
"""The key of the second face, in the address."""
NO_SECOND: Final = "none"
UPLOAD: Final = "upload"

FILL_TITLES: Final[dict[str, str]] = {"blur": "blur", "grey": "grey", "neighbour": "neighbours"}
EXACT_HINT: Final = "Known exactly, as this face was drawn."
PARTS_HINT: Final = "Nine equal fields: the model is not about faces, whose parts would be known."
TEMPLATE_HINT: Final = (
    "From the template of aligned crops, right on average only: a turned or tilted head is not followed."
)
FILL_HELP: Final = (
    "**blur**: the picture blurred by an eighth of its side. **grey**: one grey patch, which the model may answer to "
    "itself. **neighbours**: every hidden pixel is a weighted mean of those around it (ROAD’s linear system, with a "
    "little noise)."
)
_KEYS: Final[dict[str, str]] = {
    **{name: f"what_if_{name}" for name in SPANS},
    "hidden": "what_if_hidden",
    "swapped": "what_if_swapped",
    "fill": "what_if_fill",
}


def _take(field: str) -> None:
    """Put what a widget says into the edit."""
    value = st.session_state[_KEYS[field]]
    if field == "blur_tenths":
        value = round(10 * value)
    elif field in {"hidden", "swapped"}:
        value = tuple(value)
    elif value is None:
        return
    change(replace(current(), **{field: value}))


def _show(field: str) -> None:
    """Let a widget show what the edit says; to be called before it is drawn."""
    value = getattr(current(), field)
    if field == "blur_tenths":
        value = value / 10
    elif field in {"hidden", "swapped"}:
        value = list(value)
    st.session_state[_KEYS[field]] = value


def buttons() -> None:
    """Draw undo and reset."""
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Undo",
            icon=":material/undo:",
            key="what_if_undo",
            disabled=not past(),
            on_click=undo,
        )
        st.button(
            "Reset",
            icon=":material/restart_alt:",
            key="what_if_reset",
            disabled=current().is_identity,
            on_click=reset,
        )


def _pills(label: str, field: str, regions: FaceRegions, *, hint: str) -> None:
    _show(field)
    chosen = getattr(current(), field)
    # A region of the edit that this face lacks stays among the options, so that it can be taken out again.
    options = [name for name in regions.names if name in regions.present or name in chosen]
    st.pills(
        plain(label),
        options,
        selection_mode="multi",
        wrap=True,
        format_func=lambda name: plain(region_title(name)),
        key=_KEYS[field],
        on_change=_take,
        args=(field,),
        help=hint,
    )


def hiding(regions: FaceRegions) -> None:
    """Draw the regions to hide and what stands in for them."""
    hint = PARTS_HINT if is_about_pictures() else EXACT_HINT if regions.exact else TEMPLATE_HINT
    _pills("Hide a region", "hidden", regions, hint=hint)
    _show("fill")
    st.segmented_control(
        "Filled with",
        tuple(FILLS),
        format_func=FILL_TITLES.__getitem__,
        required=True,
        key=_KEYS["fill"],
        on_change=_take,
        args=("fill",),
        help=FILL_HELP,
    )


def sliders() -> None:
    """Draw brightness, contrast, rotation and blur."""
    titles = {"brightness": "Brightness", "contrast": "Contrast", "rotation": "Rotation", "blur_tenths": "Blur"}
    formats = {"brightness": "%+d %%", "contrast": "%d %%", "rotation": "%+d°", "blur_tenths": "%.1f pixels"}
    with st.container(key="what-if-sliders"):
        for pair in (("brightness", "contrast"), ("rotation", "blur_tenths")):
            for column, field in zip(st.columns(2, gap="medium"), pair, strict=True):
                _show(field)
                span = SPANS[field]
                low, high, step = (
                    (span.low / 10, span.high / 10, 0.1) if field == "blur_tenths" else (span.low, span.high, 1)
                )
                column.slider(
                    plain(titles[field]),
                    low,
                    high,
                    step=step,
                    format=formats[field],
                    key=_KEYS[field],
                    on_change=_take,
                    args=(field,),
                )


def _second_picture(choice: str) -> tuple[NamedPicture | None, str]:
    """Return the second picture, and its sample's key or an empty text."""
    if choice == UPLOAD:
        file = st.file_uploader(
            f"Picture with the second {face()}",
            key="what_if_upload",
            max_upload_size=MAXIMUM_BYTES // 2**20,
            label_visibility="collapsed",
            help="It is held in memory for this session and written nowhere; the address cannot restore it.",
        )
        return (NamedPicture(file.name, file.getvalue()) if file is not None else None), ""
    sample = next(one for one in loaders.samples() if one.key == choice)
    cut = sample.expression is not None
    return NamedPicture(sample.title, loaders.sample_bytes(sample), sample.credit, cut=cut), sample.key


def second_name() -> str:
    """Return which second face is chosen, as the address says it."""
    return str(st.session_state.get(SECOND, NO_SECOND))


def second_notes() -> tuple[str, ...]:
    """Return what a report says of a second face that the address cannot restore."""
    if second_name() != UPLOAD:
        return ()
    return (f"The second {face()} was handed in and is not in the address: hand it in again to see the same.",)


def second_face(card: RunCard, regions: FaceRegions) -> Staged | None:
    """Draw the choice of a second face and of the regions to take from it; return the face, or None without one."""
    choices = (NO_SECOND, *(sample.key for sample in loaders.samples()), UPLOAD)
    unknown = state.asked_for(SECOND, choices)
    choice: str = st.selectbox(
        f"Second {face()}, to swap regions from",
        choices,
        key=SECOND,
        bind="query-params",
        help="Taken whole." if is_about_pictures() else "The largest face in it.",
    )
    if unknown is not None:
        st.error(plain(f"Unknown second {face()} '{unknown}'; valid: {', '.join(choices)}."))
    found = None
    if choice != NO_SECOND:
        named, sample = _second_picture(choice)
        if named is not None:
            try:
                pixels, box = what_if_loaders.second_face(card, named)
                size = card.input.size
                parts = what_if_loaders.sample_parts(sample, box, size) if sample else template_parts(size)
                found = Staged(pixels, parts_for(parts, card.input, card.domain))
            except FerLensError as error:
                say.problems([str(error)])
    if found is not None or current().swapped:
        _pills(
            "Swap a region",
            "swapped",
            regions,
            hint=f"Taken from the second {face()} at the same place, wherever the region lies in either {face()}; its "
            "edge is softened over about a 48th of the side.",
        )
    return found
