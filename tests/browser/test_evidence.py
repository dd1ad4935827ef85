"""The Evidence page in a real browser: opened at its own address, league, outline and maps, next face, reload."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from engine.models.checkpoint import read_card
from tests.browser.conftest import serve
from tests.browser.opening import open_page
from tests.dashboard.made import write_seeded
from tests.made_evidence import make_report, write_report

pytestmark = pytest.mark.browser
PATIENCE = 60_000


BOXES = """(over, at) => [over, document.querySelectorAll(".fl-map")[at]].map((e) => {
  const { x, y, width, height } = e.getBoundingClientRect();
  return { x, y, width, height };
})"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard over a seeded model whose results are known by hand, and one without results."""
    folder: Path = tmp_path_factory.mktemp("evidence-served")
    for name in ("baseline", "cbam"):
        write_seeded(folder, name)
    write_report(folder / "cbam", make_report("cbam", weights=read_card(folder / "cbam").weights_sha256))
    with serve(folder) as url:
        yield url


def opened(browser: Browser, url: str, *, width: int = 1440, scheme: str = "light") -> Page:
    page = open_page(browser, url, width=width, scheme=scheme)
    page.get_by_text("One face proves nothing").wait_for(timeout=PATIENCE)
    return page


def asked(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_faces_are_walked_and_the_address_keeps_the_place(served: str, browser: Browser) -> None:
    page = opened(browser, f"{served}/Evidence?model=cbam&face=test/surprise/00006")
    expect(page.get_by_role("heading", name="Evidence", exact=True)).to_be_visible()
    expect(page.locator(".fl-league tbody tr")).to_have_count(4)
    expect(page.locator(".fl-conclude")).to_contain_text("Grad-CAM at block 1 comes first")
    # The outline lies over the picture and over each of four Grad-CAM maps and four gates, as wide as what it is over.
    outlines = page.locator("img.fl-outline")
    expect(outlines).to_have_count(9)
    expect(page.locator(".fl-judged b")).to_have_count(8, timeout=PATIENCE)
    for at in range(9):
        assert outlines.nth(at).evaluate("e => e.complete && e.naturalWidth > 0")
        # Both boxes at one moment: a page that still fills moves everything below it.
        over, under = outlines.nth(at).evaluate(BOXES, at)
        assert over == pytest.approx(under, abs=1)
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_alt_text("built-in face test/angry/00007")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("textbox", name="Face")).to_have_value("test/angry/00007")
    page.wait_for_function("location.search.includes('00007')")
    assert asked(page)["face"] == ["test/angry/00007"]
    page.reload()
    expect(page.get_by_alt_text("built-in face test/angry/00007")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("8 of 3,000 faces chosen")).to_be_visible()
    page.context.close()


def test_a_model_without_results_says_what_that_means_and_shows_faces(served: str, browser: Browser) -> None:
    page = opened(browser, f"{served}/Evidence?model=baseline&variant=spurious")
    expect(page.get_by_text("baseline has no spurious results. Evidence is known on built-in faces")).to_be_visible()
    expect(page.locator("img.fl-outline")).to_have_count(5)
    expect(page.get_by_text("Outlined: the planted mark")).to_be_visible()
    page.context.close()


def test_the_model_travels_to_evidence_and_survives_a_reload(served: str, browser: Browser) -> None:
    page = open_page(browser, served)
    page.get_by_text("What it must not be used for").wait_for(timeout=PATIENCE)
    page.get_by_test_id("stSidebarNavItems").get_by_role("link", name="Evidence").click()
    page.get_by_text("One face proves nothing").wait_for(timeout=PATIENCE)
    expect(page.locator(".fl-league tbody tr")).to_have_count(4, timeout=PATIENCE)
    page.reload()
    expect(page.locator(".fl-league tbody tr")).to_have_count(4, timeout=PATIENCE)
    page.context.close()


def test_nothing_overflows_on_a_narrow_dark_window(served: str, browser: Browser) -> None:
    for width, scheme in ((1440, "light"), (800, "dark")):
        page = opened(browser, f"{served}/Evidence?model=cbam", width=width, scheme=scheme)
        page.wait_for_timeout(500)
        assert page.locator("[data-testid=stMain]").evaluate("e => e.scrollWidth - e.clientWidth") <= 0
        assert page.locator(".fl-league").evaluate("e => e.scrollWidth - e.parentElement.clientWidth") <= 0
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.context.close()
