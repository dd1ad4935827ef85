"""The entry: ``streamlit run dashboard/Home.py``. Sets the frame, lists the pages, and draws Home."""

from __future__ import annotations

import sys
from pathlib import Path

# Streamlit puts this folder on the path, not the project's root, where ``engine`` and ``dashboard`` lie.
if (root := str(Path(__file__).resolve().parents[1])) not in sys.path:
    sys.path.insert(0, root)

import streamlit as st

from dashboard import theme
from dashboard.components.frame import frame
from dashboard.navigation import pages


def main() -> None:
    """Choose the page, draw the frame around it, run it."""
    page = st.navigation(pages())
    theme.apply(page.title)
    with frame(page.title):
        page.run()


main()
