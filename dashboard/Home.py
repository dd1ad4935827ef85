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
from dashboard.components.home import home


def main() -> None:
    """Choose the page, draw the frame around it, run it."""
    page = st.navigation(
        {
            "Look": [
                st.Page(home, title="Home", url_path="Home", default=True),
                st.Page("pages/1_Explain.py", title="Explain", url_path="Explain"),
                st.Page("pages/2_Compare.py", title="Compare", url_path="Compare"),
                st.Page("pages/3_What_if.py", title="What if", url_path="What_if"),
                st.Page("pages/4_Activations.py", title="Activations", url_path="Activations"),
            ],
            "Study": [
                st.Page("pages/5_Class_attention.py", title="Class attention", url_path="Class_attention"),
                st.Page("pages/6_Misclassifications.py", title="Misclassifications", url_path="Misclassifications"),
                st.Page("pages/7_Evaluation.py", title="Evaluation", url_path="Evaluation"),
                st.Page("pages/8_Data.py", title="Data", url_path="Data"),
            ],
            "Trust": [st.Page("pages/9_Evidence.py", title="Evidence", url_path="Evidence")],
            "Live": [
                st.Page("pages/11_Webcam.py", title="Webcam", url_path="Webcam"),
                st.Page("pages/10_Video.py", title="Video", url_path="Video"),
            ],
        }
    )
    theme.apply(page.title)
    with frame(page.title):
        page.run()


main()
