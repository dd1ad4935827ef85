"""The Evaluation page in a real browser: points are caught with the lasso, and one of their pictures is explained."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import serve
from tests.dashboard.made_analysis import FACES, write_analysed

pytestmark = pytest.mark.browser
PATIENCE = 90_000


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    place: Path = tmp_path_factory.mktemp("evaluation-served")
    write_analysed(place)
    with serve(place) as url:
        yield url


def test_the_lasso_shows_its_pictures_and_leads_to_explain(browser: Browser, served: str) -> None:
    page = browser.new_context(viewport={"width": 1440, "height": 1200}).new_page()
    page.goto(f"{served}/Evaluation?analysis=synthetic-test&tab=Embedding")
    page.locator(".scatterlayer .point").first.wait_for(timeout=PATIENCE)
    expect(page.locator(".scatterlayer .point")).to_have_count(FACES)
    field = page.locator(".nsewdrag").first.bounding_box()
    assert field is not None
    left, top, width, height = (field[key] for key in ("x", "y", "width", "height"))
    # Around everything: along the plot's edge and back to the start.
    page.mouse.move(left + 3, top + 3)
    page.mouse.down()
    for x, y in ((width - 3, 3), (width - 3, height - 3), (3, height - 3), (3, 6)):
        page.mouse.move(left + x, top + y, steps=8)
    page.mouse.up()
    expect(page.get_by_text(f"{FACES} selected")).to_be_visible(timeout=PATIENCE)
    expect(page.locator(".fl-tile")).to_have_count(24)
    picture = page.locator(".fl-tile").first.get_attribute("data-id") or ""
    page.locator(".st-key-gallery").get_by_role("link", name="Explain").first.click()
    expect(page).to_have_url(re.compile(r"/Explain\?.*id=" + re.escape(picture).replace("/", "(/|%2F)")))
    expect(page.get_by_role("heading", name="Explain")).to_be_visible(timeout=PATIENCE)
