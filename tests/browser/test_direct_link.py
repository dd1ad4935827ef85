"""A page's own address opened first on a fresh server, before Home has ever run."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import serve

pytestmark = pytest.mark.browser


def test_explain_opens_by_its_address_on_a_fresh_server(browser: Browser, seeded_store: Path) -> None:
    with serve(seeded_store) as url:
        page = browser.new_page()
        page.goto(f"{url}/Explain?model=baseline&sample=astronaut")
        expect(page.get_by_role("heading", name="Explain", exact=True)).to_be_visible(timeout=60_000)
        expect(page.get_by_text("baseline").first).to_be_visible(timeout=60_000)
        expect(page.locator("[data-testid='stSidebar']")).to_contain_text("Model")
        page.close()
