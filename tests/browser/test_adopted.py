"""Every page in a real browser with a network of others that is not about faces: it opens, without a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from dashboard.shell.pages import PAGES
from tests.browser.conftest import serve
from tests.made_adopted import write_adopted

pytestmark = pytest.mark.browser

PATIENCE = 120_000
OTHERS = {"Home", "Data", "Evidence"}
"""Pages that take their pictures and models from elsewhere."""


@pytest.fixture(scope="module")
def adopted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("adopted")
    for name in ("mine", "other"):
        write_adopted(folder / name)
    with serve(folder, {"FERLENS_DATA": "nowhere"}) as url:
        yield url


@pytest.mark.parametrize("entry", [page for page in PAGES if page.title not in OTHERS], ids=lambda page: page.address)
def test_it_opens(adopted: str, browser: Browser, entry: object) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.goto(f"{adopted}/{entry.address}?model=mine&models=mine%2Cother")  # type: ignore[attr-defined]
    expect(page.get_by_role("heading", name=entry.title, exact=True)).to_be_visible(timeout=PATIENCE)  # type: ignore[attr-defined]
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=PATIENCE)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    if entry.title in {"Explain", "What if", "Activations"}:  # type: ignore[attr-defined]
        expect(page.get_by_text("not checked against your data").first).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_text("Use the whole picture")).to_have_count(0)
    page.close()
