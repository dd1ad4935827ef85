"""The button that hands out the view: one ZIP with a page that opens anywhere, its pictures, raw arrays and settings.

Nothing is made before the button is pressed. It then runs outside the page's script, so what it needs of the session
(the address, the settings) is taken when the button is drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextvars import copy_context
from typing import Any, Final
from urllib.parse import urlencode

import streamlit as st

from dashboard.report.content import Build, ViewReport, Weights, plain_name
from dashboard.report.subject import is_about_pictures
from dashboard.shell import state
from dashboard.shell.state import NamedPicture
from engine.records import RunCard

BUTTON: Final = "view_report"
HELP: Final = (
    "One ZIP: report.html, which opens anywhere without a network, its pictures as PNG, the raw arrays as NPZ, and "
    "settings, versions and the weights’ sha256 as JSON."
)
RESTRICTED: Final[dict[str, str]] = {"fer2013": "FER2013", "ckplus": "CK+", "samm": "SAMM"}
"""Datasets whose pictures may not be passed on."""


def dataset_notes(dataset: str) -> tuple[str, ...]:
    """Return what to know before pictures of a dataset are passed on."""
    if dataset not in RESTRICTED:
        return ()
    name = RESTRICTED[dataset]
    return (f"Pictures from {name} may not be passed on: keep this report to yourself where it shows any.",)


def picture_notes() -> tuple[str, ...]:
    """Return what to know of the picture that the sidebar says."""
    source = st.session_state.get(state.SOURCE, state.SOURCES[0])
    if source == "dataset":
        return dataset_notes(str(st.session_state.get(state.DATASET, "")))
    if source in {"upload", "camera"}:
        return ("The picture was handed in and is not in the address: hand it in again to see the same.",)
    return ()


def picture_settings(named: NamedPicture, index: int, *, whole: bool) -> dict[str, Any]:
    """Return which face of which picture is shown, as a report's settings say it."""
    which = {} if is_about_pictures() else {"face": index + 1}
    return {"picture": named.name, "picture sha256": named.digest, **which, "whole picture": whole}


def _query() -> dict[str, list[str]]:
    return {key: list(st.query_params.get_all(key)) for key in st.query_params}


def _address(page: str, query: Mapping[str, Sequence[str]]) -> str:
    url = st.context.url or f"/{page.replace(' ', '_')}"
    return f"{url}?{urlencode(query, doseq=True)}" if query else url


def offer(
    page: str,
    title: str,
    cards: Sequence[RunCard],
    build: Build,
    *,
    settings: Mapping[str, Any],
    always: Mapping[str, str],
    notes: Iterable[str] = (),
) -> None:
    """Draw the button; call it after all that changes the address.

    Args:
        page: the page's name. title: of this view; names the file too.
        cards: of the models at work.
        build: makes the content when the button is pressed; it must not use the session.
        settings: what shapes the view, JSON-ready.
        always: parameters that the address names even where they are this machine's default, which Streamlit leaves
            out: another machine, or a later day, may have another.
        notes: see :class:`ViewReport`.
    """
    query = {**{key: [value] for key, value in always.items()}, **_query()}
    address = _address(page, query)
    said = tuple(notes)
    models = tuple(Weights(card.name, card.weights_sha256) for card in cards)

    def made() -> bytes:
        # Brings torch and matplotlib: not before it is needed.
        from dashboard.report.bundle import zip_bytes

        return zip_bytes(ViewReport(page, title, address, query, dict(settings), models, build(), said))

    # What the page is about is known in this run's context alone, and the report is made in a thread of its own.
    context = copy_context()

    def data() -> bytes:
        return context.copy().run(made)

    with st.container(horizontal=True, vertical_alignment="center", key="view-report"):
        st.download_button(
            "Report",
            data,
            f"{plain_name(f'{page} {title}')}.zip",
            "application/zip",
            icon=":material/summarize:",
            on_click="ignore",
            key=BUTTON,
            help=HELP,
        )
        st.caption("This view as it stands, in one ZIP. The address opens it again.")
