"""Hostile names in a real browser: they are read letter by letter, and nobody outside is asked for anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, WebSocket, expect

from dashboard.report.measures import MEASURES
from tests.browser.conftest import serve
from tests.dashboard.made_hostile_names import MODEL, NAME, parameters, write_hostile

pytestmark = pytest.mark.browser

PATIENCE = 120_000
PAGES = {
    "": "FERLens",
    "Explain": "Explain",
    "Compare": "Compare",
    "What_if": "What if",
    "Activations": "Activations",
    "Class_attention": "Class attention",
    "Misclassifications": "Misclassifications",
    "Evaluation": "Evaluation",
    "Data": "Data",
    "Evidence": "Evidence",
    "Video": "Video",
}
CHOICES = {"model": MODEL, "models": f"{MODEL},cbam", "source": "sample", "sample": "astronaut"}
PAPERS = [one.link for one in MEASURES.values() if one.link]
"""Where the glossary's own links lead, letter by letter."""
FOREIGN = """papers => [...document.querySelectorAll("a[href],img[src],.katex,[class*=MarkdownColored]")].filter(
  one => !(one.href || one.src || "").startsWith(location.origin) && !/^(data|blob):/.test(one.src || "")
    && !papers.includes(one.getAttribute("href"))
).map(one => one.outerHTML)"""
"""What a name would have become: whatever leads elsewhere, and formulas and colours."""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("hostile")
    write_hostile(folder)
    with serve(folder, {"FERLENS_DATA": "nowhere"}) as url:
        yield url


@pytest.fixture
def asked() -> list[str]:
    """What was asked of somebody else."""
    return []


@pytest.fixture
def page(browser: Browser, hostile: str, asked: list[str]) -> Iterator[Page]:
    own = urlsplit(hostile).netloc

    def noted(made: Request | WebSocket) -> None:
        parts = urlsplit(made.url)
        if parts.scheme not in {"data", "blob"} and parts.netloc != own:
            asked.append(made.url)

    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    opened = context.new_page()
    opened.on("request", noted)
    opened.on("websocket", noted)
    yield opened
    context.close()


SHOWN = """name => [document.body.innerText, ...[...document.querySelectorAll("input")].map(one => one.value)]
  .join("\\n").replaceAll("\\u2060", "").includes(name)"""
"""Whether a name is read letter by letter, in the page's text or in what a menu has chosen."""


def check(page: Page, asked: list[str], *names: str) -> None:
    expect(page.get_by_test_id("stSidebarNav")).to_be_visible(timeout=PATIENCE)
    page.wait_for_function(
        "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'", timeout=PATIENCE
    )
    for name in names:
        page.wait_for_function(SHOWN, arg=name, timeout=PATIENCE)
    assert page.evaluate(FOREIGN, PAPERS) == []
    assert not page.get_by_text("sign in", exact=True).count(), "part of a name became an element of its own"
    assert asked == []


@pytest.mark.parametrize("address", PAGES)
def test_a_hostile_store_is_read_letter_by_letter(page: Page, hostile: str, asked: list[str], address: str) -> None:
    page.goto(f"{hostile}/{address}?{urlencode(CHOICES)}")
    # Data needs no model, and Evidence one of the built-in faces' classes.
    check(page, asked, *(() if address in {"Data", "Evidence"} else (MODEL,)))


@pytest.mark.parametrize("address", ["Explain", "Compare", "Class_attention", "Data", "Video"])
def test_a_hostile_address_is_read_letter_by_letter(page: Page, hostile: str, asked: list[str], address: str) -> None:
    page.goto(f"{hostile}/{address}?{urlencode(dict.fromkeys(parameters(), NAME))}")
    check(page, asked, NAME)


def test_a_hostile_file_name_is_read_letter_by_letter(
    page: Page, hostile: str, asked: list[str], tmp_path: Path
) -> None:
    name = f"{MODEL}.jpg"
    (tmp_path / name).write_bytes(b"no picture")
    page.goto(f"{hostile}/Explain?source=upload")
    page.locator(".st-key-picture-row input[type=file]").set_input_files(str(tmp_path / name))
    expect(page.get_by_test_id("stAlert")).to_contain_text("is not one", timeout=PATIENCE)
    check(page, asked, f"'{name}' is not one")
