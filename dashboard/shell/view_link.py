"""Links to a view by its address, also to another view of the page that is open.

Streamlit's own links to the page that is open leave its bound widgets as they are. The browser's history does not: what
an entry's address says is all that is shown. So a press on one of these links makes an entry, and goes to it. They are
links like any other beside that: they can be opened in a tab of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlencode

import streamlit as st

from dashboard.report.text import escape
from dashboard.shell.pages import HOME, PAGES

CLASS: Final = "fl-view"
KEY: Final = "fl-view-links"
JS: Final = f"""
const DONE = "ferlensViewLinks";
function pressed(event) {{
  const link = event.target.closest && event.target.closest("a.{CLASS}");
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (new URL(link.href).origin !== location.origin) return;
  event.preventDefault();
  event.stopPropagation();
  history.pushState({{}}, "", link.href);
  window.dispatchEvent(new PopStateEvent("popstate", {{ state: history.state }}));
}}

export default function () {{
  if (window[DONE]) return;
  window[DONE] = true;
  window.addEventListener("click", pressed, true);
}}
"""

_links = st.components.v2.component("ferlens_view_links", html="<i></i>", js=JS, isolate_styles=False)


def follow() -> None:
    """Have the browser go where these links lead; call it once a run."""
    with st.container(key=KEY):
        _links(key="view_links")


def address_of(page: str, query: Mapping[str, str] | Sequence[tuple[str, str]]) -> str:
    """Return a page's address relative to any other page's; ``page`` is its own, such as ``Explain``."""
    home = any(entry.address == page and entry.file == HOME for entry in PAGES)
    place = "./" if home else page
    return f"{place}?{urlencode(query)}" if query else place


def link_html(address: str, label: str) -> str:
    """Return a link as HTML; both may hold anything.

    Args:
        address: of :func:`address_of`. label: what it says.
    """
    return f'<a class="{CLASS}" href="{escape(address)}" target="_self">{escape(label)}</a>'


def picture_link(address: str, field: str, name: str) -> str:
    """Return a picture as a link, as HTML.

    Args:
        address: of :func:`address_of`. field: the picture as HTML. name: what the link is called.
    """
    said = escape(name)
    return f'<a class="{CLASS}" href="{escape(address)}" target="_self" title="{said}" aria-label="{said}">{field}</a>'
