"""Behind the login, in a real browser: every page works under what the headers allow, and asks nobody else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, WebSocket, expect

from tests.dashboard.made import SAMPLES
from tests.dashboard.made_server import Server, serving

pytestmark = pytest.mark.browser

PATIENCE = 120_000
PAGES = ("Explain", "Compare", "What_if", "Evidence", "Video")


@pytest.fixture(scope="module")
def server(seeded_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    uploads: Path = tmp_path_factory.mktemp("uploads")
    with serving("serve", seeded_store, uploads, FERLENS_AUTH="ada:secret") as started:
        yield started


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    yield context.new_page()
    context.close()


def sign_in(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_label("User").fill("ada")
    page.get_by_label("Password").fill("secret")
    page.get_by_role("button", name="Sign in").click()


def test_the_login_leads_to_where_one_wanted_to_go(server: Server, page: Page) -> None:
    page.goto(f"{server.url}/Explain?model=baseline")
    page.get_by_label("User").fill("ada")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not fit")
    page.get_by_label("User").fill("ada")
    page.get_by_label("Password").fill("secret")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Explain", exact=True)).to_be_visible(timeout=PATIENCE)
    assert re.fullmatch(rf"{server.url}/Explain\?.*model=baseline.*", page.url)


def test_every_page_works_under_the_headers_and_asks_nobody_else(server: Server, page: Page) -> None:
    refused: list[str] = []
    asked: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or "Permissions-Policy" in message.text:
            refused.append(message.text)

    def noted(made: Request | WebSocket) -> None:
        if not re.match(rf"(http|ws)://{server.url.removeprefix('http://')}/|data:|blob:", made.url):
            asked.append(made.url)

    page.on("console", heard)
    page.on("request", noted)
    page.on("websocket", noted)
    sign_in(page, f"{server.url}/")
    expect(page.get_by_test_id("stSidebarNav")).to_be_visible(timeout=PATIENCE)
    for name in PAGES:
        page.goto(f"{server.url}/{name}")
        expect(page.get_by_role("heading", name=name.replace("_", " "), exact=True)).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_test_id("stStatusWidget")).to_be_hidden(timeout=PATIENCE)
    page.goto(f"{server.url}/Explain?source=upload")
    page.locator(".st-key-picture-row input[type=file]").set_input_files(str(SAMPLES / "two-faces.jpg"))
    expect(page.get_by_text("two-faces.jpg").first).to_be_visible(timeout=PATIENCE)
    page.goto(f"{server.live}/")
    expect(page.get_by_role("heading", name="Live")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_label("Model", exact=True)).to_be_visible(timeout=PATIENCE)
    assert asked == []
    assert refused == []
