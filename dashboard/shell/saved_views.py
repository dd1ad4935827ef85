"""Views saved by name: the address of a page is its view, kept with a name in a small file on this machine.

They are in the sidebar of every page: opened in one press, renamed, removed, and taken along as CSV.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlencode

import streamlit as st

from dashboard.report.text import csv_text, escape, plain
from dashboard.shell import say, state
from dashboard.shell.pages import PAGES
from dashboard.shell.view_link import address_of, link_html
from engine.data.saved_views import LONGEST, Views, read_views, remove_view, rename_view, save_view
from engine.errors import FerLensError
from engine.places import CHANGING_VARIABLE, views_file

KEY: Final = "views"
NAME: Final = "view_name"
NEW_NAME: Final = "view_new_name"
_RENAMING: Final = "view_renamed"
_PROBLEM: Final = "views_problem"

CSS: Final = f"""<style>
.st-key-{KEY}-list{{gap:.25rem;max-height:50vh;overflow-y:auto}}
.st-key-{KEY}-list .stHorizontalBlock{{flex-wrap:nowrap}}
.st-key-{KEY}-list [data-testid="stHtml"]{{min-width:0;overflow-wrap:anywhere}}
.st-key-{KEY}-list .fl-quiet{{display:block}}
.st-key-{KEY}-list [data-testid="stButton"] p{{position:absolute;clip-path:inset(50%)}}
</style>"""


def draw() -> None:
    """Draw the list of saved views and what saves this one, where visitors may write on this machine's disk."""
    if os.environ.get(CHANGING_VARIABLE) == "no":
        return
    file = views_file()
    if st.button("Saved views", icon=":material/bookmarks:", key=KEY, width="stretch"):
        _window(file)


@st.dialog("Saved views", width="medium")
def _window(file: Path) -> None:
    """Draw the window; what is pressed in it runs it again, and the page stays as it is."""
    st.html(CSS)
    _save(file)
    try:
        views = read_views(file)
    except FerLensError as error:
        say.problems([str(error)])
        return
    _list(file, views)


def _save(file: Path) -> None:
    with (
        st.form("view_form", border=False, enter_to_submit=True),
        st.container(horizontal=True, gap="small", vertical_alignment="bottom"),
    ):
        st.text_input("Name of this view", key=NAME, max_chars=LONGEST, placeholder="such as fear taken for sad")
        st.form_submit_button("Save", icon=":material/bookmark_add:", on_click=_take_name, args=(file,))
    say.problems(filter(None, [st.session_state.pop(_PROBLEM, None)]))
    if state.SOURCE in st.query_params and st.query_params[state.SOURCE] in ("upload", "camera"):
        st.caption("Pictures that you handed in are not kept with it: they stay in this session.")


def _list(file: Path, views: Views) -> None:
    if not views:
        st.caption("None yet. A view is this page with all that is chosen on it.")
        return
    with st.container(key=f"{KEY}-list"):
        for number, (name, address) in enumerate(views.items()):
            if st.session_state.get(_RENAMING) == name:
                st.text_input(
                    plain(f"New name of {name}"), value=name, key=NEW_NAME, max_chars=LONGEST,
                    on_change=_take_new_name, args=(file, name),
                )  # fmt: skip
                continue
            with st.container(horizontal=True, gap="small", vertical_alignment="center"):
                st.html(view_html(name, address), width="stretch")
                st.button(plain(f"Rename {name}"), key=f"view_rename.{number}", icon=":material/edit:", type="tertiary",
                          on_click=_rename, args=(name,))  # fmt: skip
                st.button(plain(f"Remove {name}"), key=f"view_remove.{number}", icon=":material/delete:",
                          type="tertiary", on_click=_remove, args=(file, name))  # fmt: skip
    st.download_button(
        f"CSV of all {len(views):,}", lambda: csv_of(views), "views.csv", "text/csv", icon=":material/table:",
        on_click="ignore", key="views_csv",
    )  # fmt: skip


def view_html(name: str, address: str) -> str:
    """Return a saved view as a link, with its page below; as text where its address leads to no page of ours."""
    page, _, query = address.partition("?")
    title = next((entry.title for entry in PAGES if entry.address == page), None)
    if title is None:
        return f'{escape(name)}<span class="fl-quiet">leads to no page of this version</span>'
    to = address_of(page, parse_qsl(query, keep_blank_values=True))
    return f'{link_html(to, name)}<span class="fl-quiet">{escape(title)}</span>'


def csv_of(views: Views) -> str:
    """Return a row for each view."""
    return csv_text({"name": name, "address": address} for name, address in views.items())


def here() -> str:
    """Return the address of the page as it stands, as it is kept.

    An address leaves out what is the default; a view that is kept names its model and data all the same, as another
    model or analysis that comes may be the default then.
    """
    page = next((entry.address for entry in PAGES if entry.title == state.page()), PAGES[0].address)
    query = [(key, value) for key in st.query_params for value in st.query_params.get_all(key)]
    usual = [(key, str(st.session_state[key])) for key in (state.MODEL, state.ANALYSIS) if st.session_state.get(key)]
    query += [(key, value) for key, value in usual if key not in st.query_params]
    return f"{page}?{urlencode(query)}" if query else page


def _tried(change: Callable[[], object]) -> bool:
    try:
        change()
    except FerLensError as error:
        st.session_state[_PROBLEM] = str(error)
    except OSError:
        st.session_state[_PROBLEM] = "Views cannot be written on this machine's disk."
    else:
        return True
    return False


def _take_name(file: Path) -> None:
    if _tried(lambda: save_view(file, st.session_state[NAME], here())):
        st.session_state[NAME] = ""


def _rename(name: str) -> None:
    st.session_state[_RENAMING] = name


def _take_new_name(file: Path, name: str) -> None:
    _tried(lambda: rename_view(file, name, st.session_state[NEW_NAME]))
    st.session_state.pop(_RENAMING, None)


def _remove(file: Path, name: str) -> None:
    _tried(lambda: remove_view(file, name))
