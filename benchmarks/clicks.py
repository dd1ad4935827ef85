"""How long a person waits after a click: every control of every page in a real Chromium, one JSON document.

``python -m benchmarks.clicks --data FOLDER`` serves the dashboard over the models of the checkout and opens each page.
Every control that it finds there is used a few times, and timed from the press until the page has settled
(:mod:`benchmarks.page_controls`). What begins work with a price of its own, such as *Check trust*, is left alone:
``benchmarks.promises`` compares those. A control either runs no new pass of a model, or one; which of them run one
stands below (:data:`ONE_PASS`). The bars are a second and two, at the median, of a small net on two cores with nothing
else to do: the load meanwhile is told, too.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.page_controls import Control, pressed, settle, tabs, use, widgets
from dashboard.shell.pages import PAGES
from engine.errors import UsageError
from tests.browser.conftest import serve
from tests.browser.setup import FLAGS, find_browser

ROOT: Final = Path(__file__).resolve().parents[1]
BARS: Final = {False: 1.0, True: 2.0}
"""Whether a control runs a pass → seconds at the median."""
LEFT_OUT: Final = {
    "Model": "another model is loaded, once",
    "Model ": "another model is loaded, once",
    "Data": "another analysis is opened",
    "Dataset": "another data set is opened",
    "Picture from": "the page then waits for a picture",
    "Models": "other models are loaded",
    "Source": "the page then waits for a picture",
}
"""Label → why it is no such control."""
ONE_PASS: Final = {
    "Explain": ("Layer", "Explain", "Target", "Minus", "Class", "Sample", "Next", "Previous", "Use the whole picture"),
    "Compare": ("Layer", "Explain", "Target", "Minus", "Class", "Sample", "Show", "Use the whole picture"),
    "What_if": ("*",),
    "Activations": ("Layer", "Sample", "Use the whole picture"),
    "Class_attention": ("Maps over the pictures",),
    "Misclassifications": ("Show", "Next", "Previous", "Look at a picture"),
    "Data": ("Show",),
    "Evidence": ("Next", "Previous", "Shows", "Answered"),
    "Home": ("Sample",),
}
"""Address → labels of what runs a pass of the model, ``*`` for all: another map, another face, an edited one."""
BUTTONS: Final = {
    "Explain": (("Next", "button:has-text('Next')"), ("Previous", "button:has-text('Previous')")),
    "Misclassifications": (
        ("Look at a picture", "[class*='st-key-look'] button"),
        ("Next", ".st-key-panel-steps button:has-text('Next')"),
        ("Previous", ".st-key-panel-steps button:has-text('Previous')"),
        ("Close", "button:has-text('Close')"),
    ),
    "Class_attention": (("another cell", "[data-cell][aria-pressed='false']"),),
    "Evidence": (("Next", ".st-key-evidence_next button"), ("Previous", ".st-key-evidence_previous button")),
    "Activations": (("next page", "[data-testid='stPagination'] button >> nth=-1"),),
}
"""Address → (name, selector) of what is pressed besides widgets and tabs."""


@dataclass
class Timed:
    """The times of one control: ``seconds`` in the order they were taken, and what was seen at work meanwhile."""

    page: str
    control: str
    runs_pass: bool
    seconds: list[float] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON-ready figures; ``first_seconds`` is that of the first use, before anything was kept."""
        median, high = np.percentile(self.seconds, [50, 95])
        return {
            "page": self.page,
            "control": self.control,
            "one_pass": self.runs_pass,
            "uses": len(self.seconds),
            "first_seconds": round(self.seconds[0], 3),
            "median_seconds": round(float(median), 3),
            "p95_seconds": round(float(high), 3),
            "within_bar": bool(median <= BARS[self.runs_pass]),
            "seen": sorted(self.seen),
        }


def runs_pass(address: str, name: str) -> bool:
    """Say whether a control of a page runs a pass of the model."""
    known = ONE_PASS.get(address, ())
    return "*" in known or name in known


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.clicks", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="where FER2013 lies (default: without it)")
    parser.add_argument("--model", default="cbam", help="default: %(default)s")
    parser.add_argument("--uses", type=int, default=6, help="of each control (default: %(default)s)")
    parser.add_argument("--page", action="append", choices=[one.address for one in PAGES], help="only this one")
    parser.add_argument("--url", help="of a dashboard that is served already (default: one is started)")
    given = parser.parse_args(arguments)
    if given.uses < 2:
        raise UsageError("Expected --uses to be 2 or more: the first use of a control is not like the others.")
    return given


class Clicks:
    """Opens pages, uses their controls, and keeps the times."""

    def __init__(self, browser: Browser, url: str, model: str, uses: int) -> None:
        self._browser, self._url, self._model, self._uses = browser, url, model, uses
        self.times: dict[tuple[str, str], Timed] = {}
        self.openings: list[dict[str, Any]] = []

    def open(self, address: str) -> Page:
        """Open a page in a window of its own, and keep how long that took."""
        page = self._browser.new_context(viewport={"width": 1440, "height": 1000}).new_page()
        began = time.perf_counter()
        page.goto(f"{self._url}/{address}?model={self._model}")
        page.locator("h1").first.wait_for(timeout=120_000)
        seen = settle(page).seen
        seconds = time.perf_counter() - began
        self.openings.append({"page": address, "seconds": round(seconds, 1), "seen": sorted(seen)})
        return page

    def of_page(self, address: str) -> None:
        """Use every control of a page; each tab's after it was opened."""
        page = self.open(address)
        self._use_all(page, address, [*widgets(page), *(pressed(*one) for one in BUTTONS.get(address, ()))])
        known = {name for at, name in self.times if at == address}
        for tab in tabs(page):
            self._use_all(page, address, [tab], uses=1)
            self._use_all(page, address, [one for one in widgets(page) if one.name not in known])
        for _ in range(self._uses - 1):
            self._use_all(page, address, tabs(page), uses=1)
        page.context.close()

    def _use_all(self, page: Page, address: str, controls: Iterator[Control] | list[Control], uses: int = 0) -> None:
        for control in controls:
            if control.name in LEFT_OUT:
                continue
            for _ in range(uses or self._uses):
                try:
                    used = use(page, control)
                except TimeoutError as error:
                    sys.stderr.write(f"{error}\n")
                    break
                if used is None:
                    break
                self.keep(address, control.name, used.seconds, used.seen)

    def keep(self, address: str, name: str, seconds: float, seen: Sequence[str]) -> None:
        """Keep a time."""
        timed = self.times.setdefault((address, name), Timed(address, name, runs_pass(address, name)))
        timed.seconds.append(seconds)
        timed.seen.update(seen)
        sys.stderr.write(f"{address:18} {name:32} {seconds:6.2f} s  {' '.join(sorted(seen))}\n")

    def between_pages(self, addresses: Sequence[str]) -> None:
        """Go from page to page by the list of pages, a few rounds; the first one opens each for the first time."""
        page = self.open(addresses[0])
        for _ in range(self._uses):
            for address in (*addresses[1:], *addresses[:1]):
                title = next(one.title for one in PAGES if one.address == address)
                link = pressed(title, f"[data-testid='stSidebarNavLink']:has-text('{title}')")
                try:
                    used = use(page, link)
                except TimeoutError as error:
                    sys.stderr.write(f"{error}\n")
                    continue
                if used is not None:
                    self.keep("every page", f"page {title}", used.seconds, used.seen)
        page.context.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print one JSON document; status 1 where a control misses its bar."""
    given = parse(arguments)
    settings = {} if given.data is None else {"FERLENS_DATA": str(given.data.resolve())}
    addresses = [one.address for one in PAGES if given.page is None or one.address in given.page]
    loads = [os.getloadavg()[0]]
    with (
        nullcontext(given.url) if given.url else serve(ROOT / "checkpoints", settings) as url,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        clicks = Clicks(browser, url.rstrip("/"), given.model, given.uses)
        for address in addresses:
            clicks.of_page(address)
            loads.append(os.getloadavg()[0])
            sys.stderr.write(f"{address}: load {loads[-1]:.1f}\n")
        if len(addresses) > 1:
            clicks.between_pages(addresses)
        browser.close()
    rows = sorted((one.as_dict() for one in clicks.times.values()), key=lambda row: -row["median_seconds"])
    document = {
        "model": given.model,
        "with_data": given.data is not None,
        "cores": os.cpu_count(),
        "load": [round(load, 2) for load in (min(loads), max(loads))],
        "bars_seconds": {"no pass": BARS[False], "one pass": BARS[True]},
        "controls": len(rows),
        "missed": sum(not row["within_bar"] for row in rows),
        "openings": clicks.openings,
        "rows": rows,
    }
    sys.stdout.write(json.dumps(document, indent=1) + "\n")
    return int(any(not row["within_bar"] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
