"""Compare in a real browser: columns that are aligned, a slider that moves, an address that reopens the view."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.opening import open_page
from tests.browser.test_explain import choose

pytestmark = pytest.mark.browser
PATIENCE = 60_000  # milliseconds; the first page imports torch


def wait_for_comparison(page: Page) -> None:
    """Wait until the page is drawn and stays so: on arrival the address is filled in, which draws it a second time."""
    page.get_by_text("All agreement figures").wait_for(timeout=PATIENCE)
    counts = [-1, 0]
    while counts[-1] == 0 or counts[-1] != counts[-2]:
        assert len(counts) < PATIENCE / 400, f"rows came and went: {counts}"
        page.wait_for_timeout(400)
        counts.append(page.locator(".fl-crow").count())


def place(page: Page) -> str:
    """Where the slider's bar stands."""
    return str(page.locator(".stage").evaluate("e => getComputedStyle(e).getPropertyValue('--at')"))


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (800, "dark")])
def test_columns_are_aligned_and_nothing_overflows(dashboard: str, browser: Browser, width: int, scheme: str) -> None:
    page = open_page(browser, f"{dashboard}/Compare?models=baseline,cbam", width=width, scheme=scheme)
    wait_for_comparison(page)
    rows = page.locator(".fl-crow").evaluate_all(
        "rows => rows.filter(r => !r.closest('.fl-tight')).map(r => "
        "[...r.querySelectorAll('.fl-ccell')].map(c => Math.round(c.getBoundingClientRect().left)))"
    )
    assert len(rows) == 1 + 1  # the heading and Grad-CAM: the gates, which cbam alone has, are two strips
    strips = page.locator(".fl-alone .fl-cstrip")
    assert strips.count() == 2
    for number in range(2):
        lines = (
            strips.nth(number)
            .locator(":scope > div")
            .evaluate_all("cells => cells.map(c => Math.round(c.getBoundingClientRect().top))")
        )
        assert len(lines) == 4
        assert len(set(lines)) == 1  # side by side
    assert all(row == rows[0] for row in rows)
    assert rows[0] == sorted(set(rows[0]))
    tops = page.locator(".fl-crow:not(.fl-chead)").evaluate_all(
        "rows => rows.map(r => new Set([...r.querySelectorAll('.fl-ccell')].map(c => "
        "Math.round(c.getBoundingClientRect().top / 12))).size)"
    )
    assert set(tops) <= {1, 2}
    assert page.locator("[data-testid=stMain]").evaluate("e => e.scrollWidth - e.clientWidth") <= 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_slider_moves_by_keyboard_and_mouse(dashboard: str, browser: Browser) -> None:
    page = open_page(browser, f"{dashboard}/Compare?models=baseline,cbam&layer=block1")
    wait_for_comparison(page)
    handle = page.get_by_role("slider", name="How much of baseline is shown over cbam")
    handle.scroll_into_view_if_needed()
    assert place(page) == "50%"
    handle.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert place(page) == "52%"
    page.keyboard.press("Home")
    assert place(page) == "0%"
    right = page.locator(".stage").screenshot()
    page.keyboard.press("End")
    assert place(page) == "100%"
    assert page.locator(".stage").screenshot() != right
    box = page.locator(".stage").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 0.5 * box["height"], steps=6)
    page.mouse.up()
    assert 20 <= int(place(page).removesuffix("%")) <= 30
    assert page.locator(".over").evaluate("e => getComputedStyle(e).clipPath").startswith("inset(")


def test_the_address_reopens_the_view(dashboard: str, browser: Browser) -> None:
    page = open_page(browser, f"{dashboard}/Compare")
    wait_for_comparison(page)
    expect(page).to_have_url(re.compile("models=baseline%2Ccbam"), timeout=PATIENCE)
    for menu, option in (("Class to explain", "fear"), ("Layer", "block2")):
        choose(page, menu, option)
        expect(page.get_by_text("Running...")).to_have_count(0, timeout=PATIENCE)
    expect(page.get_by_text("Explains fear.")).to_be_visible(timeout=PATIENCE)
    page.wait_for_timeout(500)
    expect(page).to_have_url(re.compile("target=fear"), timeout=PATIENCE)
    expect(page).to_have_url(re.compile("layer=block2"), timeout=PATIENCE)
    again = open_page(browser, page.url)
    wait_for_comparison(again)
    expect(again.get_by_text("Explains fear.")).to_be_visible()
    row = page.locator(".fl-crow", has_text="24 × 24 cells")
    same = again.locator(".fl-crow", has_text="24 × 24 cells")
    expect(row).to_have_count(1)
    expect(same).to_have_count(1)
    for figures in (".fl-raw", ".fl-alike"):
        expect(same.locator(figures)).to_have_text(row.locator(figures).all_inner_texts())


def test_other_models_are_taken_from_the_menu_and_the_first_page_may_be_compare(
    dashboard: str, browser: Browser
) -> None:
    page = open_page(browser, f"{dashboard}/Compare?models=cbam")
    page.get_by_text("choose another beside cbam").wait_for(timeout=PATIENCE)
    page.get_by_role("combobox", name="Models, 2 to 4").click()
    page.get_by_role("option", name="baseline").click()
    wait_for_comparison(page)
    expect(page).to_have_url(re.compile("models=cbam%2Cbaseline"), timeout=PATIENCE)
    heads = page.locator(".fl-chead").first.locator(".fl-ccell b").all_inner_texts()
    assert heads == ["cbam", "baseline", "baseline − cbam"]
