"""The Data page in a real browser: the built-in faces' balance and augmentation, and planted groups of copies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from engine.data.drawn import SPLIT_COUNTS
from engine.labels import EMOTIONS
from tests.browser.conftest import serve
from tests.browser.opening import open_page
from tests.made_audit import write_planted

pytestmark = pytest.mark.browser
PATIENCE = 180_000  # milliseconds; the built-in test split is drawn first, three thousand faces

A = {"train/angry/Training_1.png", "train/sad/Training_2.png", "test/angry/PrivateTest_1.png"}
"""The planted group with two labels; see :func:`tests.made_audit.planted`."""


@pytest.fixture(scope="module")
def served(seeded_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard that finds the planted pictures as FER2013."""
    place: Path = tmp_path_factory.mktemp("data-served")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FERLENS_DATA", str(write_planted(place / "set")))
        with serve(seeded_store) as url:
            yield url


def opened(browser: Browser, address: str, *, width: int = 1440, scheme: str = "light") -> Page:
    page = open_page(browser, address, width=width, height=1100, scheme=scheme)
    page.locator(".fl-balance").wait_for(timeout=PATIENCE)
    return page


def sheet(page: Page) -> list[str]:
    """The pictures of the augmentation sheet, row by row: the originals and their variants."""
    rows = page.locator(".fl-sheet", has=page.locator(".fl-original"))
    rows.first.wait_for(timeout=PATIENCE)
    return list(rows.first.locator("img").evaluate_all("pictures => pictures.map(picture => picture.src)"))


def test_balance_and_augmentation_of_the_built_in_faces(served: str, browser: Browser) -> None:
    page = opened(browser, f"{served}/Data?dataset=synthetic")
    count = SPLIT_COUNTS["test"]
    expect(page.locator(".fl-balance thead")).to_contain_text(f"n = {count:,}", timeout=PATIENCE)
    names = page.locator(".fl-balance tbody th").all_inner_texts()
    assert [name.strip() for name in names] == list(EMOTIONS)
    cells = page.locator(".fl-balance tbody td:nth-child(2)")
    counts = [int(text.replace(",", "")) for text in cells.evaluate_all("all => all.map(one => one.firstChild.data)")]
    assert sum(counts) == count
    assert max(counts) - min(counts) <= 1
    expect(page.get_by_text("There is none in this dataset.")).to_be_visible(timeout=PATIENCE)

    before = sheet(page)
    assert len(before) % 8 == 0
    assert len(set(before)) == len(before), "no variant looks like another, nor like its original"
    page.get_by_role("button", name="Vary again").click()
    expect(page).to_have_url(re.compile("variation=1"), timeout=PATIENCE)
    last = page.locator(".fl-sheet", has=page.locator(".fl-original")).first.locator("img").last
    expect(last).not_to_have_attribute("src", before[-1], timeout=PATIENCE)
    address, after = page.url, sheet(page)
    page.context.close()
    again = opened(browser, address)
    assert sheet(again) == after, "the address opens the same draw"
    again.context.close()


def test_a_group_of_copies_is_shown_with_exactly_its_pictures(served: str, browser: Browser) -> None:
    page = opened(browser, f"{served}/Data?dataset=fer2013")
    groups = page.locator(".st-key-data-groups .fl-group")
    expect(groups).to_have_count(1, timeout=PATIENCE)
    assert set(groups.first.locator("figure").evaluate_all("all => all.map(one => one.dataset.id)")) == A
    expect(page.locator(".fl-group-head").first).to_contain_text("labelled angry and sad")
    page.get_by_test_id("stButtonGroup").get_by_text("exact copies", exact=True).click()
    expect(groups).to_have_count(4, timeout=PATIENCE)
    expect(page).to_have_url(re.compile("gallery=exact"), timeout=PATIENCE)
    again = opened(browser, page.url)
    expect(again.locator(".st-key-data-groups .fl-group")).to_have_count(4, timeout=PATIENCE)
    again.context.close()
    page.context.close()


def test_nothing_overflows_on_a_narrow_dark_window(served: str, browser: Browser) -> None:
    page = opened(browser, f"{served}/Data?dataset=fer2013", width=800, scheme="dark")
    page.locator(".st-key-data-groups .fl-group").first.wait_for(timeout=PATIENCE)
    assert page.locator("[data-testid=stMain]").evaluate("e => e.scrollWidth - e.clientWidth") <= 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 800
    page.context.close()
