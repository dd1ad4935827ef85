"""The Misclassifications page in a real browser: a cell is clicked, a picture opened, and the way back kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import serve
from tests.browser.opening import open_page
from tests.dashboard.made_analysis import write_analysed

pytestmark = pytest.mark.browser
PATIENCE = 90_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place: Path = tmp_path_factory.mktemp("mistakes-served")
    write_analysed(place)
    return place


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[str]:
    with serve(folder) as url:
        yield url


def opened(browser: Browser, url: str, *, width: int = 1440, scheme: str = "light") -> Page:
    page = open_page(browser, url, width=width, scheme=scheme)
    page.locator(".fl-tile").first.wait_for(timeout=PATIENCE)
    return page


def expect_pictures(page: Page, ids: list[str]) -> None:
    expect(page.locator(".fl-tile")).to_have_count(len(ids), timeout=PATIENCE)
    assert page.locator(".fl-tile").evaluate_all("tiles => tiles.map(tile => tile.dataset.id)") == ids


def test_a_cell_its_pictures_explain_and_the_way_back(folder: Path, served: str, browser: Browser) -> None:
    rows = pq.read_table(folder / "cbam/analysis/synthetic-test/predictions.parquet").to_pylist()
    classes = sorted({row["label"] for row in rows})
    wrong = next(row for row in rows if not row["correct"])
    label, answer = wrong["label"], wrong["predicted"]
    cell = sorted(
        (row for row in rows if (row["label"], row["predicted"]) == (label, answer)), key=lambda row: -row["confidence"]
    )
    ids = [row["id"] for row in cell]
    # Home first: the way back is the one through the site's own navigation.
    page = open_page(browser, served)
    page.get_by_role("link", name="Misclassifications").click(timeout=PATIENCE)
    page.locator(".scatterlayer .point").nth(classes.index(label) * len(classes) + classes.index(answer)).click(
        timeout=PATIENCE, force=True
    )
    expect(page.locator(".fl-shows-what")).to_contain_text(f"of {label} answered as {answer}", timeout=PATIENCE)
    expect_pictures(page, ids)
    page.wait_for_function(f"location.search.includes('true={label}')")
    address = page.url

    page.locator(".st-key-gallery a").first.click()
    page.wait_for_url(re.compile("Explain"), timeout=PATIENCE)
    expect(page.get_by_text(f"{ids[0]} of synthetic, labelled {label}.")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text(f"The answer, {answer}, is wrong by it.")).to_be_visible(timeout=PATIENCE)
    page.get_by_text("How to read this").wait_for(timeout=PATIENCE)

    page.go_back()
    expect(page.locator(".fl-shows-what")).to_contain_text(f"of {label} answered as {answer}", timeout=PATIENCE)
    expect_pictures(page, ids)
    page.context.close()

    again = opened(browser, address)
    expect_pictures(again, ids)
    again.context.close()


def test_nothing_overflows_on_a_narrow_dark_window(served: str, browser: Browser) -> None:
    page = opened(browser, f"{served}/Misclassifications?against=baseline", width=800, scheme="dark")
    assert page.locator("[data-testid=stMain]").evaluate("e => e.scrollWidth - e.clientWidth") <= 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 800
    page.context.close()


def test_a_tile_opens_the_panel_and_keys_walk_on(folder: Path, served: str, browser: Browser) -> None:
    page = opened(browser, f"{served}/Misclassifications")
    ids = page.locator(".fl-tile").evaluate_all("tiles => tiles.map(tile => tile.dataset.id)")
    page.get_by_role("button", name=f"Look at {ids[0]}").click(timeout=PATIENCE)
    expect(page.locator(".fl-panel-id")).to_have_text(ids[0], timeout=PATIENCE)
    page.wait_for_function("location.search.includes('look=')")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".fl-panel-id")).to_have_text(ids[1], timeout=PATIENCE)
    expect(page.locator(".fl-beside tbody tr")).to_have_count(7)
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator(".fl-beside").bounding_box()["x"] >= 0  # type: ignore[index]
    page.keyboard.press("Escape")
    expect(page.locator(".fl-panel-id")).to_have_count(0, timeout=PATIENCE)
    page.context.close()
