"""A page opened in a browser that knows nothing of earlier ones."""

from __future__ import annotations

from playwright.sync_api import Browser, Page


def open_page(browser: Browser, url: str, *, width: int = 1440, height: int = 1000, scheme: str = "light") -> Page:
    """Open ``url`` in a context of its own: a viewport in CSS pixels, and ``light`` or ``dark``."""
    size = {"width": width, "height": height}
    page = browser.new_context(viewport=size, color_scheme=scheme).new_page()  # type: ignore[arg-type]  # any str
    page.goto(url)
    return page
