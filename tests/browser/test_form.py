"""Every page by axe-core, closed and with all folds open; at three widths nothing sideways, no text under 11 pixels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, expect

from dashboard import webcam
from dashboard.shell.pages import PAGES
from tests.browser.conftest import free_port, serve
from tests.browser.opening import open_page
from tests.made import ROOT

pytestmark = pytest.mark.browser
PATIENCE: Final = 180_000
SMALLEST: Final = 11
"""CSS pixels of text."""
WIDTHS: Final = (1440, 800, 390)

NOT_OURS: Final = {
    # Streamlit's page list puts its sections between the list and its items.
    "list": '[data-testid="stSidebarNavItems"]',
    "listitem": '[data-testid="stSidebarNavItems"]',
    # What is switched off is faint on purpose, which WCAG 1.4.3 leaves free.
    "color-contrast": '[data-testid="stButtonGroup"]:has([disabled])',
}
"""Rule → selector of the widgets of Streamlit for which it is not asked."""

UNFOLD: Final = """() => {
  document.querySelectorAll('[data-testid="stMain"] details:not([open]) > summary').forEach(e => e.click());
}"""
INFORMS: Final = "Of the gate or of Grad-CAM"
"""What the live page says under a control."""
IS_WITHIN: Final = "([target, around]) => document.querySelector(target)?.closest(around) != null"
SIDEWAYS: Final = """() => {
  const wide = [document.documentElement, document.querySelector('[data-testid="stMain"]')]
    .filter(e => e.scrollWidth > e.clientWidth + 1);
  if (!wide.length) return [];
  const edge = document.documentElement.clientWidth + 1;
  return [...document.querySelectorAll('[data-testid="stMain"] *')]
    .filter(e => e.getBoundingClientRect().right > edge)
    .map(e => `${e.tagName}.${e.getAttribute('class')} ${Math.round(e.getBoundingClientRect().right)}`).slice(0, 5);
}"""
SMALL: Final = """smallest => {
  const found = {}, walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode.textContent.trim(), e = walk.currentNode.parentElement;
    if (!text || !e || ['SCRIPT', 'STYLE', 'NOSCRIPT'].includes(e.tagName)) continue;
    const box = e.getBoundingClientRect(), style = getComputedStyle(e);
    if (box.width < 2 || box.height < 2 || style.visibility === 'hidden') continue;
    let size = parseFloat(style.fontSize);
    const drawn = e.ownerSVGElement ? e.getScreenCTM() : null;  // turned or scaled, too
    if (drawn) size *= Math.sqrt(Math.abs(drawn.a * drawn.d - drawn.b * drawn.c));
    if (size > 0 && size < smallest - 0.01) found[`${size.toFixed(1)} ${e.tagName}.${e.getAttribute('class')}`] = text;
  }
  return found;
}"""

FAINT: Final = """() => {  // axe-core does not judge text of an SVG
  const parts = color => color.match(/[\\d.]+/g).map(Number);
  const light = rgb => rgb.slice(0, 3).map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const ground = parts(getComputedStyle(document.querySelector('[data-testid="stApp"]')).backgroundColor);
  const found = new Set();
  for (const e of document.querySelectorAll('.stPlotlyChart :is([class$="tick"], [class$="title"], .legend) text')) {
    const style = getComputedStyle(e), fill = parts(style.fill), seen = (fill[3] ?? 1) * parseFloat(style.opacity);
    const [a, b] = [light(fill.map((v, i) => v * seen + ground[i] * (1 - seen))), light(ground)].sort((x, y) => y - x);
    if ((a + .05) / (b + .05) < 4.5) found.add(`${e.textContent} ${style.fill}`);
  }
  return [...found];
}"""


OUT_OF_SIGHT: Final = """() => {  // beside the window
  const named = e => `${e.tagName} ${e.getAttribute('aria-label') || e.innerText || ''}`.trim().slice(0, 80);
  return [...document.querySelectorAll('[data-testid="stSidebar"] :is(a[href],button,input,textarea,summary)')]
    .filter(e => e.tabIndex >= 0 && !e.disabled && e.checkVisibility({ visibilityProperty: true }))
    .filter(e => { const box = e.getBoundingClientRect(); return box.right <= 0 || box.left >= innerWidth; })
    .map(named).slice(0, 5);
}"""
"""What a key would come to and nobody sees: all of a closed sidebar."""


@pytest.fixture(scope="module")
def shipped() -> Iterator[str]:
    """A dashboard with the models that ship, without FER2013."""
    with serve(ROOT / "checkpoints") as url:
        yield url


def settled(page: Page) -> Page:
    """Wait until nothing of the page is at work."""
    expect(page.locator("h1").first).to_be_visible(timeout=PATIENCE)
    app = page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')
    for _ in range(2):  # a rerun may follow at once
        expect(app).to_have_count(1, timeout=PATIENCE)
        page.wait_for_timeout(1000)
    for busy in ("stSkeleton", "stSpinner", "stProgress"):
        expect(page.get_by_test_id(busy)).to_have_count(0, timeout=PATIENCE)
    return page


def serious(page: Page) -> list[str]:
    """Return what axe-core finds serious or critical, one line each."""
    found: list[dict[str, Any]] = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    lines = []
    for rule in found:
        if rule["impact"] not in ("serious", "critical"):
            continue
        for node in rule["nodes"]:
            around = NOT_OURS.get(rule["id"])
            if around is None or not page.evaluate(IS_WITHIN, [node["target"][-1], around]):
                why = (node["any"] or node["all"] or node["none"])[0]["message"]
                lines.append(f"{rule['id']}: {node['html'][:200]} ({why[:160]})")
    return lines


def opened(page: Page) -> Iterator[str]:
    """Open all that folds at once, then each popover by itself, then the meaning of a word; say what is open."""
    page.evaluate(UNFOLD)
    settled(page)
    yield "all that folds"
    popovers = page.locator('[data-testid="stMain"] [data-testid="stPopover"] button')
    inside = page.locator('[data-testid="stPopoverBody"]')
    for number in range(popovers.count()):
        if not popovers.nth(number).is_visible() or popovers.nth(number).is_disabled():
            continue
        said = popovers.nth(number).inner_text()
        popovers.nth(number).click()
        expect(inside).to_be_visible(timeout=PATIENCE)
        settled(page)  # one whose content is made when it opens runs the page again, which fades meanwhile
        yield said
        page.keyboard.press("Escape")
        expect(inside).to_have_count(0, timeout=PATIENCE)
        settled(page)
    page.locator(".fl-glossary .fl-term").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".fl-meaning:popover-open")).to_have_count(1, timeout=PATIENCE)
    yield "the meaning of a word"
    page.keyboard.press("Escape")
    expect(page.locator(".fl-meaning:popover-open")).to_have_count(0, timeout=PATIENCE)


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
@pytest.mark.parametrize("address", [entry.address for entry in PAGES])
def test_a_page_can_be_read_by_everybody(browser: Browser, shipped: str, address: str, scheme: str) -> None:
    page = settled(open_page(browser, f"{shipped}/{address}", scheme=scheme))
    try:
        assert serious(page) == []
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 1000})
            page.wait_for_timeout(600)  # figures follow the width
            assert page.evaluate(SIDEWAYS) == [], width
            assert page.evaluate(SMALL, SMALLEST) == {}, width
            assert page.evaluate(OUT_OF_SIGHT) == [], width
        assert page.evaluate(FAINT) == []
        assert serious(page) == []
        for what in opened(page):
            assert serious(page) == [], what
    finally:
        page.context.close()


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_the_live_page_can_be_read_by_everybody(browser: Browser, scheme: str) -> None:
    running = webcam.begin(webcam.parse(["--port", str(free_port())]))
    try:
        page = open_page(browser, running.address, scheme=scheme)
        expect(page.get_by_text(INFORMS, exact=False).first).to_be_visible(timeout=PATIENCE)
        for width in (WIDTHS[0], WIDTHS[-1]):
            page.set_viewport_size({"width": width, "height": 1000})
            assert serious(page) == [], width
        page.context.close()
    finally:
        running.close()
