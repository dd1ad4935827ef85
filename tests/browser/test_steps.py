"""The way back in a real browser: one step for each that a person made, to the view and the place that it had."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import serve
from tests.browser.opening import open_page
from tests.browser.test_explain import choose, wait_for_explanation
from tests.dashboard.made_analysis import write_analysed

pytestmark = pytest.mark.browser
PATIENCE = 90_000
STEPS = "history.length"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("steps-served")
    write_analysed(folder)
    with serve(folder) as url:
        yield url


def counted(page: Page) -> int:
    """Wait until the browser counts steps and the page has nothing more to say; return how many entries there are."""
    page.wait_for_function("window.ferlensSteps === true", timeout=PATIENCE)
    page.wait_for_function(
        "() => document.querySelector('[data-test-script-state]')?.dataset.testScriptState === 'notRunning'",
        timeout=PATIENCE,
    )
    found: int = page.evaluate(STEPS)
    return found


def test_entering_a_page_is_one_step(served: str, browser: Browser) -> None:
    page = open_page(browser, served)
    page.get_by_role("link", name="happy").wait_for(timeout=PATIENCE)
    before = counted(page)
    links = page.get_by_test_id("stSidebarNavLink")
    for name in ("Compare", "Evidence", "Misclassifications", "Explain"):
        links.filter(has_text=name).click()
        page.get_by_role("heading", name=name, exact=True).wait_for(timeout=PATIENCE)
        before += 1
        assert counted(page) == before, name
    for name in ("Misclassifications", "Evidence", "Compare"):
        page.go_back()
        page.get_by_role("heading", name=name, exact=True).wait_for(timeout=PATIENCE)
        counted(page)
    assert page.evaluate(STEPS) == before
    page.context.close()


def test_a_choice_is_a_step_and_the_way_back_undoes_it(served: str, browser: Browser) -> None:
    page = open_page(browser, f"{served}/Explain?sample=drawn-happy")
    wait_for_explanation(page)
    before = counted(page)
    choose(page, "Layer", "block2")
    expect(page.locator(".fl-reading")).to_contain_text("block 2", timeout=PATIENCE)
    expect(page).to_have_url(re.compile("layer=block2"), timeout=PATIENCE)
    assert counted(page) == before + 1
    page.go_back()
    expect(page.locator(".fl-reading")).to_contain_text("block 4", timeout=PATIENCE)
    assert "layer=" not in page.url
    assert "sample=drawn-happy" in page.url
    page.go_forward()
    expect(page.locator(".fl-reading")).to_contain_text("block 2", timeout=PATIENCE)
    page.context.close()


def test_the_place_on_the_page_comes_back(served: str, browser: Browser) -> None:
    page = open_page(browser, served)
    strip = page.get_by_role("link", name="sad")
    strip.wait_for(timeout=PATIENCE)
    counted(page)
    page.set_viewport_size({"width": 1440, "height": 600})  # the strip is out of sight
    strip.scroll_into_view_if_needed()
    main = page.locator("[data-testid=stMain]")
    # Where the page was when it was left: it may still grow, and a click brings its target into view.
    main.evaluate("e => addEventListener('pointerdown', () => { window.left ??= e.scrollTop; }, true)")
    strip.click()
    wait_for_explanation(page)
    place = page.evaluate("window.left")
    assert place > 50
    assert main.evaluate("e => e.scrollTop") == 0
    page.go_back()
    page.get_by_text("What it must not be used for").wait_for(timeout=PATIENCE)
    page.wait_for_function(
        f"Math.abs(document.querySelector('[data-testid=stMain]').scrollTop - {place}) < 3", timeout=PATIENCE
    )
    page.context.close()


def test_home_has_a_name(served: str, browser: Browser) -> None:
    page = open_page(browser, f"{served}/Home?model=baseline")
    page.get_by_text("What it must not be used for").wait_for(timeout=PATIENCE)
    assert page.get_by_text("Page not found").count() == 0
    expect(page.get_by_role("combobox", name="Model")).to_have_value("baseline", timeout=PATIENCE)
    page.context.close()


def test_a_link_followed_before_the_sidebar_is_drawn_keeps_what_it_names(served: str, browser: Browser) -> None:
    page = open_page(browser, served)
    # As on a busy machine: the browser tells of no widget yet when the link is followed.
    page.wait_for_function("document.querySelector('.st-key-strip a')", timeout=PATIENCE)
    page.evaluate("document.querySelector('.st-key-strip a[href*=drawn-happy], .st-key-strip a').click()")
    wait_for_explanation(page)
    expect(page).to_have_url(re.compile("sample=drawn-"), timeout=PATIENCE)
    page.context.close()
