"""The entry: ``streamlit run dashboard/Home.py``. Lists the pages, draws the frame and runs the page chosen."""

from __future__ import annotations

import sys
from pathlib import Path

# Streamlit puts this folder on the path, not the project's root, where ``engine`` and ``dashboard`` lie.
if (root := str(Path(__file__).resolve().parents[1])) not in sys.path:
    sys.path.insert(0, root)

import streamlit as st
from streamlit.navigation.page import Page as StreamlitPage

from dashboard.shell import steps, theme
from dashboard.shell.frame import frame
from dashboard.shell.pages import HOME, PAGES

HERE = Path(__file__).resolve().parent


def _home_by_name() -> None:
    """Open Home where the address names it, as it names every other page; Streamlit's own has no name."""
    st.switch_page(HERE / HOME, query_params={key: st.query_params.get_all(key) for key in st.query_params})


def main() -> None:
    """Choose the page, draw the frame around it, run it."""
    sections: dict[str, list[StreamlitPage]] = {}
    for entry in PAGES:
        default = entry.file == HOME
        # The default page has the site's own address, and keeps others from the one that it is given here.
        address = None if default else entry.address
        page = st.Page(HERE / entry.file, title=entry.title, url_path=address, default=default)
        sections.setdefault(entry.section, []).append(page)
    named = st.Page(_home_by_name, title=PAGES[0].title, url_path=PAGES[0].address, visibility="hidden")
    sections[PAGES[0].section].append(named)
    chosen = st.navigation(sections, expanded=True)  # else the last sections hide behind "View more"
    if chosen == named:
        chosen.run()
    theme.apply(chosen.title)
    steps.follow()
    with frame(chosen.title):
        chosen.run()


main()
