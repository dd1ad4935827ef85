"""What if in a real browser: strokes by mouse and keyboard reach the model, and the address brings them back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.opening import open_page
from tests.browser.test_explain import shot

pytestmark = pytest.mark.browser
PATIENCE = 60_000  # milliseconds; the first page imports torch
START = "/What_if?sample=drawn-happy"


def opened(browser: Browser, url: str, *, width: int = 1440, scheme: str = "light") -> Page:
    page = open_page(browser, url, width=width, scheme=scheme)
    page.get_by_text("How edits are made").wait_for(timeout=PATIENCE)
    expect(page.locator(".fl-weffects")).to_be_visible(timeout=PATIENCE)
    page.wait_for_timeout(1500)  # on arrival the address is filled in, which draws the page a second time
    return page


def canvas(page: Page) -> Locator:
    return page.get_by_role("application", name="Brush")


def draw(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag the brush between two places, as shares of the face."""
    canvas(page).scroll_into_view_if_needed()
    box = canvas(page).bounding_box()
    assert box is not None
    (x, y), (to_x, to_y) = ((box["x"] + u * box["width"], box["y"] + v * box["height"]) for u, v in (start, end))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(to_x, to_y, steps=8)
    page.mouse.up()


def strokes(page: Page) -> int:
    return page.url.count("brush-")


def figures(page: Page) -> list[str]:
    return page.locator(".fl-wbar[role=img]").evaluate_all("rows => rows.map(r => r.title)")


def test_strokes_by_mouse_are_taken_undone_and_restored_by_the_address(dashboard: str, browser: Browser) -> None:
    page = opened(browser, dashboard + START)
    first, face = figures(page), shot(page, ".stage")
    assert len(first) == 7
    draw(page, (0.25, 0.7), (0.75, 0.75))
    draw(page, (0.3, 0.4), (0.7, 0.4))  # before the first one is answered
    expect(page).to_have_url(re.compile(r"edit=brush-[\w-]+\.brush-[\w-]+$"), timeout=PATIENCE)
    expect(page.locator(".fl-reading").first).to_contain_text("The answer", timeout=PATIENCE)
    page.wait_for_timeout(1500)
    page.mouse.move(5, 5)
    page.wait_for_timeout(300)
    edited = figures(page)
    assert edited != first
    assert abs(shot(page, ".stage") - face).mean() > 1
    again = opened(browser, page.url)
    assert figures(again) == edited
    page.get_by_role("button", name="Undo").click()
    expect(page).to_have_url(re.compile(r"edit=brush-[\w-]+$"), timeout=PATIENCE)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Nothing is changed yet")).to_be_visible(timeout=PATIENCE)
    expect(page).not_to_have_url(re.compile("edit="), timeout=PATIENCE)
    assert figures(page) == first


def test_keyboard_alone_covers_hides_and_resets(dashboard: str, browser: Browser) -> None:
    page = opened(browser, dashboard + START)
    canvas(page).focus()
    for key in ("ArrowDown", "ArrowDown", "Shift+ArrowRight", " "):
        page.keyboard.press(key)
    # From the middle .04 down and .08 right: steps 138 and 148 of 256, under a brush of 32.
    expect(page).to_have_url(re.compile(r"edit=brush-IJSK$"), timeout=PATIENCE)
    page.get_by_role("button", name="mouth", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"hide-mouth$"), timeout=PATIENCE)
    expect(page.locator(".fl-weffects .fl-tag")).to_have_text("hidden above", timeout=PATIENCE)
    page.get_by_role("button", name="Reset").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing is changed yet")).to_be_visible(timeout=PATIENCE)


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (800, "dark")])
def test_nothing_overflows(dashboard: str, browser: Browser, width: int, scheme: str) -> None:
    page = opened(browser, f"{dashboard}{START}&edit=hide-mouth.turn-10", width=width, scheme=scheme)
    assert page.locator("[data-testid=stMain]").evaluate("e => e.scrollWidth - e.clientWidth") <= 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".fl-wmaps").evaluate("e => e.scrollWidth - e.clientWidth") <= 0
    assert page.locator(".fl-wcolumn").count() == 5
