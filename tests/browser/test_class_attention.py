"""The Class attention page in a real browser: a cell is clicked, a picture opened, the way back and address kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import serve
from tests.browser.opening import open_page
from tests.dashboard.made_analysis import write_analysed

pytestmark = pytest.mark.browser
PATIENCE = 90_000


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("attention-served")
    write_analysed(folder)
    with serve(folder) as url:
        yield url


def cell(layer: str, label: str, model: str = "cbam") -> str:
    return f"[data-cell='{model}|{layer}|{label}']"


def test_a_cell_its_pictures_explain_and_the_way_back(served: str, browser: Browser) -> None:
    page = open_page(browser, served)
    page.get_by_role("link", name="Class attention").click(timeout=PATIENCE)
    wanted = cell("block3.spatial", "fear")
    page.locator(wanted).click(timeout=PATIENCE)
    expect(page.locator(wanted)).to_have_attribute("aria-pressed", "true", timeout=PATIENCE)
    expect(page.get_by_text("fear, mean")).to_be_visible(timeout=PATIENCE)
    expect(page.locator(".fl-tile")).to_have_count(5, timeout=PATIENCE)
    page.wait_for_function("location.search.includes('gate=block3.spatial') && location.search.includes('class=fear')")
    address = page.url
    # The heading is drawn before the pictures: until then those of the cell before, as many, are still there.
    expect(page.locator(".fl-tile[data-id*=fear]")).to_have_count(5, timeout=PATIENCE)
    ids = page.locator(".fl-tile").evaluate_all("tiles => tiles.map(tile => tile.dataset.id)")
    assert all("fear" in name for name in ids)

    page.locator("[class*=st-key-typical-near] a").first.click()
    page.wait_for_url(re.compile("Explain"), timeout=PATIENCE)
    expect(page.get_by_text(f"{ids[0]} of synthetic, labelled fear.")).to_be_visible(timeout=PATIENCE)
    page.get_by_text("How to read this").first.wait_for(timeout=PATIENCE)

    page.go_back()
    expect(page.locator(wanted)).to_have_attribute("aria-pressed", "true", timeout=PATIENCE)
    expect(page.get_by_text("fear, mean")).to_be_visible(timeout=PATIENCE)
    page.context.close()

    again = open_page(browser, address)
    expect(again.locator(wanted)).to_have_attribute("aria-pressed", "true", timeout=PATIENCE)
    # By keyboard too, and a choice made in one tab is still there after a look at another.
    other = cell("block1.spatial", "sad")
    again.locator(other).focus()
    again.keyboard.press("Enter")
    expect(again.get_by_text("sad, mean")).to_be_visible(timeout=PATIENCE)
    again.get_by_role("tab", name="Regions").click()
    expect(again.get_by_text("Every figure as CSV")).to_be_visible(timeout=PATIENCE)
    again.get_by_role("tab", name="Maps").click()
    expect(again.locator(other)).to_have_attribute("aria-pressed", "true", timeout=PATIENCE)
    again.context.close()


def test_nothing_overflows_on_a_narrow_dark_window(served: str, browser: Browser) -> None:
    page = open_page(browser, f"{served}/Class_attention?against=baseline", width=800, scheme="dark")
    page.locator(".fl-tile").first.wait_for(timeout=PATIENCE)
    assert page.locator("[data-testid=stMain]").evaluate("e => e.scrollWidth - e.clientWidth") <= 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 800
    page.context.close()
