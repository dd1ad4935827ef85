"""The five tasks, each in at most three clicks from Home, with the models of a fresh clone and no data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import free_port, run_server
from tests.browser.test_form import SIDEWAYS, serious, settled
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


def test_the_tour_comes_once_and_moves_nothing(browser: Browser, clone: str) -> None:
    page = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    page.goto(clone)
    tour, again = page.get_by_role("region", name="A picture and its answer"), page.get_by_text("A tour in three steps")
    expect(tour).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("See all of it")).to_be_visible(timeout=PATIENCE)  # the last that Home draws
    assert page.evaluate("document.activeElement === document.body")  # it takes no focus
    expect(tour).to_be_in_viewport(ratio=1)
    assert page.evaluate(SIDEWAYS) == []
    assert serious(page) == []
    before = again.bounding_box()
    tour.get_by_role("button", name="Next").press("Enter")
    second = page.get_by_role("region", name="Whether to believe a map")
    expect(second).to_contain_text("2 of 3")
    second.get_by_role("button", name="Skip").click()
    expect(second).to_have_count(0)
    expect(again).to_be_focused()
    assert again.bounding_box() == before
    page.reload()
    expect(page.get_by_text("See all of it")).to_be_visible(timeout=PATIENCE)
    again.press("Enter")
    expect(tour.get_by_role("heading")).to_be_focused()
    for _ in range(2):
        page.get_by_role("button", name="Next").click()
    third = page.get_by_role("region", name="Its mistakes, and other models")
    page.wait_for_function("window.ferlensSteps === true", timeout=PATIENCE)  # from then on a page is one step
    page.evaluate("window.stayed = true")
    third.get_by_role("link", name="Open Compare").click()
    expect(page.get_by_role("heading", name="Compare", exact=True)).to_be_visible(timeout=PATIENCE)
    assert page.evaluate("window.stayed")  # the site was not loaded again
    settled(page)
    page.go_back()
    expect(page.get_by_text("What it must not be used for")).to_be_visible(timeout=PATIENCE)
    expect(third).to_have_count(0)
    page.context.close()


@pytest.mark.parametrize("address", ["/?model=cbam", "/Home"])
def test_who_comes_by_a_link_is_shown_no_tour(browser: Browser, clone: str, address: str) -> None:
    page = browser.new_context().new_page()
    page.goto(f"{clone}{address}")
    expect(page.get_by_text("A tour in three steps")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("What it must not be used for")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("region", name="A picture and its answer")).to_have_count(0)
    page.context.close()
