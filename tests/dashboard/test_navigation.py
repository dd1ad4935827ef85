"""Which pages there are, and a first visit by a page's own address."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import navigation
from dashboard.navigation import FILES, pages
from tests.dashboard.made import page_html

SECTIONS = {
    "Look": {
        "": "Home",
        "Explain": "Explain",
        "Compare": "Compare",
        "What_if": "What if",
        "Activations": "Activations",
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
"""Section → address → title; Home is what the site itself opens."""


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, dict[str, str]]]:
    """What the navigation was given, each time."""
    given: list[dict[str, dict[str, str]]] = []

    def noted() -> Mapping[str, object]:
        found = pages()
        given.append({section: {page.url_path: page.title for page in some} for section, some in found.items()})
        return found

    monkeypatch.setattr(navigation, "pages", noted)
    return given


def test_every_page_has_its_section_and_address(home: AppTest, listed: list[dict[str, dict[str, str]]]) -> None:
    assert not home.run().exception
    assert listed == [SECTIONS]
    # A page's file opens at the same address where Streamlit finds it by itself.
    addresses = {address for some in SECTIONS.values() for address in some}
    assert {"", *(file.stem.split("_", 1)[1] for file in FILES.glob("*.py"))} == addresses


def test_a_first_visit_by_a_pages_address_is_started_again_with_the_navigation(
    home: AppTest, listed: list[dict[str, dict[str, str]]]
) -> None:
    home.query_params["sample"] = "drawn-sad"
    app = home.switch_page("pages/1_Explain.py").run()
    assert not app.exception
    assert listed == [SECTIONS, SECTIONS]  # the page's own call, and Home's that followed
    assert app.selectbox(key="sample").value == "drawn-sad"
    assert "What cbam saw" in page_html(app)
