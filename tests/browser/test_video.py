"""A film through the Video page: upload, progress, player, a click on a moment, and that frame in Explain."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from engine.benchmarks.scripted_film import Actor, Place, Script, ScriptedFilm
from engine.media.film import frame_at
from engine.media.film_writer import FilmWriter

pytestmark = pytest.mark.browser
PATIENCE = 300_000  # milliseconds; a film takes as long as the machine is busy
NAME = "walk.webm"
WALK = Script(
    "walk",
    (Actor(3, (Place(0, 120, 180, 180), Place(3, 350, 185, 190)), ((0.0, "neutral"), (1.5, "happy"))),),
    3.0,
    width=480,
    height=360,
    frames_per_second=10.0,
)
"""One built-in face that walks to the right, so that no frame looks like another."""


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("film") / NAME
    with FilmWriter(path, WALK.width, WALK.height, WALK.frames_per_second) as writer:
        for seconds, picture, _ in ScriptedFilm(WALK).frames():
            writer.write(picture, seconds)
    return path


def read_film(page: Page, path: Path) -> list[str]:
    """Hand the film in and have it read; return what the progress bar said meanwhile."""
    page.locator("[data-testid='stFileUploader'] input[type=file]").set_input_files(path)
    page.get_by_text(re.compile(rf"^{NAME}, \d\.\d MB$")).wait_for(timeout=PATIENCE)
    page.evaluate(
        """() => {
            window.said = [];
            new MutationObserver(() => {
                const bar = document.querySelector("[data-testid='stProgress']");
                if (bar) window.said.push(bar.innerText.trim());
            }).observe(document.body, { childList: true, subtree: true, characterData: true });
        }"""
    )
    page.get_by_role("button", name="Read the film").click()
    page.get_by_text("30 frames, 2.9 s, 480 × 360 pixels, read by cbam").wait_for(timeout=PATIENCE)
    said: list[str] = page.evaluate("() => window.said")
    return said


def click_on_the_chart(page: Page, share: float) -> float:
    """Click so far along the timeline; return the time that the page then says."""
    area = page.locator("[data-testid='stPlotlyChart'] .nsewdrag").first
    area.wait_for(timeout=PATIENCE)
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    assert box is not None
    said = page.locator(".fl-quiet", has_text="label shown")
    expect(said).to_contain_text("0.00 s, face #1", timeout=PATIENCE)
    moment = re.compile(r"^(?!0\.00)(\d\.\d\d) s, face #1, label shown")
    for _ in range(10):  # a chart that is still being drawn takes no click
        page.mouse.move(box["x"] + share * box["width"] - 8, box["y"] + 0.4 * box["height"])
        page.mouse.move(box["x"] + share * box["width"], box["y"] + 0.4 * box["height"], steps=4)
        page.wait_for_timeout(500)
        page.mouse.down()
        page.mouse.up()
        try:
            expect(said).to_contain_text(moment, timeout=PATIENCE / 10)
        except AssertionError:
            continue
        break
    found = moment.match(said.inner_text())
    assert found is not None
    return float(found[1])


def picture_of(page: Page, selector: str) -> np.ndarray:
    """(H, W, 3) int: the picture itself, not a photograph of the screen."""
    image = page.locator(selector)
    image.wait_for(timeout=PATIENCE)
    data = page.request.get(image.evaluate("image => image.src")).body()
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert bgr is not None
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB).astype(int)


def test_from_upload_to_the_explanation_of_a_moment(dashboard: str, browser: Browser, walk: Path) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 1400})
    page = context.new_page()
    page.goto(f"{dashboard}/Video?model=cbam")
    page.get_by_role("heading", name="Video", exact=True).wait_for(timeout=PATIENCE)

    said = read_film(page, walk)
    assert any(re.search(r"Reading walk\.webm with cbam: \d+ of \d+ frames", words) for words in said), said
    page.wait_for_function(
        "() => { const film = document.querySelector('video'); return film && film.readyState >= 1; }", timeout=PATIENCE
    )
    film = page.locator("video")
    assert film.evaluate("film => [film.videoWidth, film.videoHeight]") == [480, 360]
    assert abs(film.evaluate("film => film.duration") - 3.0) < 0.3

    seconds = click_on_the_chart(page, 0.6)
    assert abs(seconds - 0.6 * 2.9) <= 0.11  # the nearest of ten frames a second
    frames = {at: frame_at(walk, at).pixels.astype(int) for at in (0.0, seconds)}
    beside = picture_of(page, f"[data-testid='stImage'] img[alt='frame at {seconds:.2f} s with face #1 marked']")
    away = {at: np.abs(beside - frame).mean() for at, frame in frames.items()}
    assert away[seconds] < 6 < away[0.0]

    page.get_by_role("button", name="Explain this frame").click()
    page.wait_for_url(re.compile(r"/Explain\?.*source=upload"), timeout=PATIENCE)
    there = picture_of(page, f".st-key-picture img[alt^='walk at {seconds:.2f} s.png with']")
    page.get_by_text("All numbers").wait_for(timeout=PATIENCE)
    expect(page.locator(".fl-bar")).to_have_count(7)
    assert there.shape == frames[seconds].shape
    assert np.abs(there - frames[seconds]).mean() < 6 < np.abs(there - frames[0.0]).mean()
    context.close()
