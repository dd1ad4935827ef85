"""Which pages there are, and a first visit by a page's own address."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import streamlit as st
from streamlit.navigation.page import Page as StreamlitPage
from streamlit.testing.v1 import AppTest

from dashboard.shell.pages import EXPLAIN, PAGES
from tests.dashboard.made import ROOT, open_page, page_html

SECTIONS = {
    "Look": {
        "": "Home",
        "Explain": "Explain",
        "Compare": "Compare",
        "What_if": "What if",
        "Activations": "Activations",
        "Models": "Models",
        "Home": "Home",
    },
    "Study": {
        "Class_attention": "Class attention",
        "Misclassifications": "Misclassifications",
        "Evaluation": "Evaluation",
        "Data": "Data",
    },
    "Trust": {"Evidence": "Evidence"},
    "Live": {"Webcam": "Webcam", "Video": "Video"},
}
"""Section → address → title; Home is what the site itself opens, and its own name, which is not listed, leads there."""


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, dict[str, str]]]:
    """What the navigation was given, each time."""
    given: list[dict[str, dict[str, str]]] = []
    navigation = st.navigation

    def noted(sections: Mapping[str, list[StreamlitPage]], *, expanded: bool) -> StreamlitPage:
        assert expanded  # else the last sections are not seen until somebody asks for more
        given.append({name: {page.url_path: page.title for page in some} for name, some in sections.items()})
        return navigation(dict(sections), expanded=expanded)

    monkeypatch.setattr(st, "navigation", noted)
    return given


def test_every_page_has_its_section_and_address(home: AppTest, listed: list[dict[str, dict[str, str]]]) -> None:
    assert not home.run().exception
    assert listed == [SECTIONS]


def test_every_page_has_a_folder_of_its_own() -> None:
    assert sorted(entry.file for entry in PAGES) == sorted(
        path.relative_to(ROOT / "dashboard").as_posix() for path in (ROOT / "dashboard" / "views").glob("*/page.py")
    )


def test_a_page_opens_with_what_its_address_says(home: AppTest) -> None:
    app = open_page(home, EXPLAIN, sample="drawn-sad")
    assert not app.exception
    assert app.selectbox(key="sample").value == "drawn-sad"
    assert "What cbam saw" in page_html(app)
