"""A page's own address opened first on a fresh server, before Home has ever run."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import serve

pytestmark = pytest.mark.browser

PATIENCE = 60_000
SECTIONS = {
    "Look": ["Home", "Explain", "Compare", "What if", "Activations", "Models"],
    "Study": ["Class attention", "Misclassifications", "Evaluation", "Data"],
    "Trust": ["Evidence"],
    "Live": ["Webcam", "Video"],
}


def test_explain_opens_by_its_address_on_a_fresh_server(browser: Browser, seeded_store: Path) -> None:
    with serve(seeded_store) as url:
        page = browser.new_page()
        page.goto(f"{url}/Explain?model=baseline&sample=astronaut")
        expect(page.get_by_role("heading", name="Explain", exact=True)).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_text("baseline").first).to_be_visible(timeout=PATIENCE)
        expect(page.locator("[data-testid='stSidebar']")).to_contain_text("Model")
        page.close()


def test_the_first_visit_has_the_navigation_of_every_other(browser: Browser, seeded_store: Path) -> None:
    with serve(seeded_store) as url:
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.goto(f"{url}/Compare?models=cbam%2Cbaseline")
        expect(page.get_by_role("heading", name="Compare", exact=True)).to_be_visible(timeout=PATIENCE)
        navigation = page.get_by_test_id("stSidebarNav")
        expect(navigation.get_by_test_id("stNavSectionHeader")).to_contain_text(list(SECTIONS), timeout=PATIENCE)
        links = navigation.get_by_test_id("stSidebarNavLink")
        expect(links).to_contain_text([name for names in SECTIONS.values() for name in names])
        # The address is kept while the page is started again, and means what it says.
        assert "models=cbam%2Cbaseline" in page.url
        heads = page.locator(".fl-chead").first.locator(".fl-ccell b")
        expect(heads.first).to_have_text("cbam", timeout=PATIENCE)
        links.filter(has_text="Evidence").click()
        expect(page.get_by_role("heading", name="Evidence", exact=True)).to_be_visible(timeout=PATIENCE)
        assert "/Evidence" in page.url
        page.close()
