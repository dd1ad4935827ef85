"""The Evaluation page in a real browser: points are caught with the lasso, and exactly their pictures are shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import serve
from tests.dashboard.made_analysis import FACES, write_analysed

pytestmark = pytest.mark.browser
PATIENCE = 90_000

POINTS = """() => [...document.querySelectorAll('.scatterlayer .trace')].flatMap(trace => {
  const chosen = trace.__data__[0].trace.customdata;
  return [...trace.querySelectorAll('.point')].map(point => {
    const box = point.getBoundingClientRect();
    return {at: chosen[point.__data__.i], x: box.x + box.width / 2, y: box.y + box.height / 2};
  });
})"""
"""Where on the screen the point of each picture lies, by the picture's place in the analysis."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place: Path = tmp_path_factory.mktemp("evaluated-served")
    write_analysed(place)
    return place


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[str]:
    with serve(folder) as url:
        yield url


def shown(page: Page) -> list[str]:
    return list(page.locator(".fl-tile").evaluate_all("tiles => tiles.map(tile => tile.dataset.id)"))


def drawn_points(page: Page) -> list[dict[str, Any]]:
    """Wait until the chart is drawn and stays where it is, and return its points from left to right."""
    page.locator(".scatterlayer .point").first.wait_for(timeout=PATIENCE)
    page.locator(".js-plotly-plot").first.scroll_into_view_if_needed()
    before: list[dict[str, Any]] = []
    for _ in range(PATIENCE // 500):
        page.wait_for_timeout(500)
        points = sorted(page.evaluate(POINTS), key=lambda point: float(point["x"]))
        if len(points) == FACES and points == before:
            return points
        before = points
    raise AssertionError(f"expected {FACES} points that stay, got {len(before)}")


def left_of_a_gap(points: list[dict[str, Any]]) -> tuple[list[int], float]:
    """Return the leftmost points, as many as leave the widest gap to the next, and the middle of that gap."""
    gaps = {count: points[count]["x"] - points[count - 1]["x"] for count in range(3, 15)}
    count = max(gaps, key=lambda number: gaps[number])
    return [point["at"] for point in points[:count]], (points[count]["x"] + points[count - 1]["x"]) / 2


def test_the_lasso_shows_exactly_the_pictures_it_caught(folder: Path, served: str, browser: Browser) -> None:
    rows = pq.read_table(folder / "cbam/analysis/synthetic-test/predictions.parquet").to_pylist()
    page = browser.new_context(viewport={"width": 1440, "height": 1200}).new_page()
    page.goto(f"{served}/Evaluation?model=cbam&analysis=synthetic-test&tab=Embedding")
    page.get_by_text("Draw around points with the lasso").wait_for(timeout=PATIENCE)
    assert shown(page) == []
    points = drawn_points(page)
    caught, edge = left_of_a_gap(points)
    plot = page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
    assert plot is not None
    left, top, bottom = plot["x"] + 2, plot["y"] + 2, plot["y"] + plot["height"] - 2
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((edge, top), (edge, (top + bottom) / 2), (edge, bottom), (left, bottom), (left, top + 8)):
        page.mouse.move(x, y, steps=8)
    page.mouse.up()
    wrong = sum(not rows[at]["correct"] for at in caught)
    expect(page.get_by_text(f"{len(caught)} selected, {wrong} answered wrongly")).to_be_visible(timeout=PATIENCE)
    expect(page.locator(".fl-tile")).to_have_count(len(caught), timeout=PATIENCE)
    ids = shown(page)
    assert sorted(ids) == sorted(rows[at]["id"] for at in caught)
    right = {row["id"] for row in rows if row["correct"]}
    assert [name in right for name in ids] == sorted(name in right for name in ids), "the mistakes come first"

    label = next(row["label"] for row in rows if row["id"] == ids[0])
    page.locator(".st-key-gallery a").first.click()
    page.wait_for_url(re.compile("Explain"), timeout=PATIENCE)
    expect(page.get_by_text(f"{ids[0]} of synthetic, labelled {label}.")).to_be_visible(timeout=PATIENCE)
    page.context.close()


def test_nothing_overflows_on_a_narrow_dark_window(served: str, browser: Browser) -> None:
    page = browser.new_context(viewport={"width": 800, "height": 1000}, color_scheme="dark").new_page()
    page.goto(f"{served}/Evaluation?model=cbam&analysis=synthetic-test&tab=Embedding")
    drawn_points(page)
    assert page.locator("[data-testid=stMain]").evaluate("e => e.scrollWidth - e.clientWidth") <= 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 800
    page.context.close()
