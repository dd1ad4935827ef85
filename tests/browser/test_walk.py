"""A selection in a real browser: from a cell of the matrix through its pictures on Explain, by key, and back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import serve
from tests.browser.opening import open_page
from tests.dashboard.made_analysis import write_analysed

pytestmark = pytest.mark.browser
PATIENCE = 90_000


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("walked")
    write_analysed(folder)
    with serve(folder) as url:
        yield url


def settled(page: Page) -> None:
    page.get_by_text("All numbers").wait_for(timeout=PATIENCE)
    expect(page.get_by_test_id("stStatusWidget")).to_be_hidden(timeout=PATIENCE)


def test_a_gallery_is_walked_through_on_explain_and_led_back_to(served: str, browser: Browser) -> None:
    page = open_page(browser, f"{served}/Misclassifications?analysis=synthetic-test&shown=all")
    page.locator(".fl-tile").first.wait_for(timeout=PATIENCE)
    ids = page.locator(".fl-tile").evaluate_all("tiles => tiles.map(tile => tile.dataset.id)")
    page.get_by_role("button", name=f"Look at {ids[1]}").click()
    page.get_by_role("link", name="Open in Explain").click(timeout=PATIENCE)
    settled(page)
    count = page.locator(".fl-count")
    expect(count).to_contain_text("2 of ", timeout=PATIENCE)
    expect(page.get_by_text(f"{ids[1]} of synthetic").first).to_be_visible(timeout=PATIENCE)
    page.keyboard.press("ArrowRight")
    expect(count).to_contain_text("3 of ", timeout=PATIENCE)
    expect(page.get_by_text(f"{ids[2]} of synthetic").first).to_be_visible(timeout=PATIENCE)
    expect(page).to_have_url(re.compile("which=3"), timeout=PATIENCE)
    # The browser's way back undoes one step, and the page's own leads to the gallery, at the picture come to.
    page.go_back()
    expect(count).to_contain_text("2 of ", timeout=PATIENCE)
    page.get_by_role("button", name="Next").click()
    expect(count).to_contain_text("3 of ", timeout=PATIENCE)
    page.get_by_role("link", name=re.compile("^undo Misclassifications: |^Misclassifications: ")).click()
    expect(page.locator(".fl-panel-id")).to_have_text(ids[2], timeout=PATIENCE)
    expect(page).to_have_url(re.compile("shown=all"), timeout=PATIENCE)


def test_keys_that_a_slider_takes_are_no_steps(served: str, browser: Browser) -> None:
    ids = "test/happy/00003,test/sad/00005,test/fear/00002"
    page = open_page(browser, f"{served}/Explain?source=dataset&dataset=synthetic&id={ids}")
    settled(page)
    page.wait_for_function("window.ferlensDrop", timeout=PATIENCE)
    opacity = page.get_by_role("slider").first
    opacity.focus()
    before = opacity.get_attribute("aria-valuetext") or opacity.input_value()
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile("opacity="), timeout=PATIENCE)
    settled(page)
    expect(page.locator(".fl-count")).to_have_text("1 of 3")
    assert (opacity.get_attribute("aria-valuetext") or opacity.input_value()) != before
