"""The pages by section, each at its own address: what ``st.navigation`` is given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard.components.home import home

if TYPE_CHECKING:
    from streamlit.navigation.page import Page

FILES: Final = Path(__file__).resolve().parent / "pages"
"""Where the pages lie; named in full, so that it does not matter which file Streamlit was started with."""


def _page(file: str, title: str, address: str) -> Page:
    return st.Page(FILES / file, title=title, url_path=address)


def pages() -> dict[str, list[Page]]:
    """Return section → its pages, in the order in which they are listed."""
    return {
        "Look": [
            st.Page(home, title="Home", url_path="Home", default=True),
            _page("1_Explain.py", "Explain", "Explain"),
            _page("2_Compare.py", "Compare", "Compare"),
            _page("3_What_if.py", "What if", "What_if"),
            _page("4_Activations.py", "Activations", "Activations"),
        ],
        "Study": [
            _page("5_Class_attention.py", "Class attention", "Class_attention"),
            _page("6_Misclassifications.py", "Misclassifications", "Misclassifications"),
            _page("7_Evaluation.py", "Evaluation", "Evaluation"),
            _page("8_Data.py", "Data", "Data"),
        ],
        "Trust": [_page("9_Evidence.py", "Evidence", "Evidence")],
        "Live": [_page("11_Webcam.py", "Webcam", "Webcam"), _page("10_Video.py", "Video", "Video")],
    }
