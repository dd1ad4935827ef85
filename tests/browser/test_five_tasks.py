"""The five tasks, each in at most three clicks from Home, with the models of a fresh clone and no data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import free_port, run_server
from tests.dashboard.made import SAMPLES
from tests.made import ROOT

pytestmark = pytest.mark.browser
PATIENCE = 120_000
MOST_CLICKS = 3


class Visitor:
    """Somebody at Home who clicks, and whose clicks are counted."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.page: Page = browser.new_context(
            viewport={"width": 1440, "height": 1000}, permissions=["camera"]
        ).new_page()
        self.page.goto(url)
        self.clicks = 0
        expect(self.page.get_by_text("What it must not be used for")).to_be_visible(timeout=PATIENCE)

    def click(self, what: Locator) -> None:
        self.clicks += 1
        assert self.clicks <= MOST_CLICKS
        what.click(timeout=PATIENCE)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Dashboard and live page on one port, over what a clone holds."""
    port = free_port()
    place: Path = tmp_path_factory.mktemp("nothing")
    settings = {"FERLENS_CHECKPOINTS": str(ROOT / "checkpoints"), "FERLENS_DATA": str(place)}
    with run_server(["engine", "serve", "--port", str(port)], port, settings) as url:
        yield url


@pytest.fixture
def visitor(browser: Browser, clone: str) -> Iterator[Visitor]:
    somebody = Visitor(browser, clone)
    yield somebody
    somebody.page.context.close()


def test_explain_a_photo(visitor: Visitor) -> None:
    page = visitor.page
    visitor.click(page.get_by_role("link", name="Explain a photo"))
    with page.expect_file_chooser(timeout=PATIENCE) as chooser:
        visitor.click(page.locator(".st-key-picture-row").get_by_role("button", name="Upload", exact=True))
    chooser.value.set_files(str(SAMPLES / "astronaut.jpg"))
    expect(page.locator(".fl-verdict-name")).to_have_text("happy", timeout=PATIENCE)
    expect(page.locator(".fl-map").first).to_be_visible(timeout=PATIENCE)


def test_compare_baseline_and_attention(visitor: Visitor) -> None:
    page = visitor.page
    visitor.click(page.get_by_role("link", name="Compare models"))
    expect(page.get_by_text("synthetic-cbam − synthetic-baseline on synthetic")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("Spatial attention gates")).to_be_visible(timeout=PATIENCE)
    visitor.click(page.get_by_role("button", name="Show baseline and cbam"))
    expect(page.get_by_text("cbam − baseline on fer2013")).to_be_visible(timeout=PATIENCE)


def test_a_mistake_its_picture_its_maps_and_the_next(visitor: Visitor) -> None:
    page = visitor.page
    visitor.click(page.get_by_role("link", name="Browse mistakes"))
    visitor.click(page.get_by_role("button", name=re.compile("^Look at ")).first)
    expect(page.locator(".fl-panel-maps img").nth(2)).to_be_visible(timeout=PATIENCE)
    first = page.locator(".fl-panel-id").inner_text()
    visitor.click(page.locator(".st-key-panel-steps").get_by_role("button", name="Next"))
    expect(page.locator(".fl-panel-id")).not_to_have_text(first, timeout=PATIENCE)
    expect(page.locator(".fl-panel-maps img").nth(2)).to_be_visible(timeout=PATIENCE)


def test_attention_by_class(visitor: Visitor) -> None:
    page = visitor.page
    visitor.click(page.get_by_test_id("stSidebarNav").get_by_role("link", name="Class attention"))
    expect(page.get_by_role("heading", name="Class attention")).to_be_visible(timeout=PATIENCE)
    cell = page.locator("[data-cell='synthetic-cbam|block3.spatial|fear']")
    visitor.click(cell)
    expect(cell).to_have_attribute("aria-pressed", "true", timeout=PATIENCE)
    expect(page.locator(".fl-tile").first).to_be_visible(timeout=PATIENCE)


def test_webcam(visitor: Visitor) -> None:
    page = visitor.page
    visitor.click(page.get_by_test_id("stSidebarNav").get_by_role("link", name="Webcam"))
    with page.expect_popup(timeout=PATIENCE) as opened:
        visitor.click(page.get_by_role("link", name="Open the live page"))
    live = opened.value
    visitor.click(live.get_by_role("button", name="Start the camera"))
    expect(live.locator("[data-live=stage] img").first).to_be_visible(timeout=PATIENCE)
