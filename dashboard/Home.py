"""The entry: ``streamlit run dashboard/Home.py``. Lists the pages, draws the frame and runs the page chosen."""

from __future__ import annotations

import sys
from pathlib import Path

# Streamlit puts this folder on the path, not the project's root, where ``engine`` and ``dashboard`` lie.
if (root := str(Path(__file__).resolve().parents[1])) not in sys.path:
    sys.path.insert(0, root)

import streamlit as st
from streamlit.navigation.page import Page as StreamlitPage

from dashboard.shell import theme
from dashboard.shell.frame import frame
from dashboard.shell.pages import HOME, PAGES

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Choose the page, draw the frame around it, run it."""
    sections: dict[str, list[StreamlitPage]] = {}
    for entry in PAGES:
        page = st.Page(HERE / entry.file, title=entry.title, url_path=entry.address, default=entry.file == HOME)
        sections.setdefault(entry.section, []).append(page)
    chosen = st.navigation(sections)
    theme.apply(chosen.title)
    with frame(chosen.title):
        chosen.run()


main()
