"""Pictures handed in on the page itself: dropped anywhere on it, shot by the camera, or taken from the samples."""

import base64
import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.opening import open_page
from tests.dashboard.made import SAMPLES

pytestmark = pytest.mark.browser
PATIENCE = 60_000  # milliseconds; the first page imports torch
DROP = """([target, files]) => {
  const carried = new DataTransfer();
  for (const [name, text] of files) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    carried.items.add(new File([bytes], name, { type: "image/jpeg" }));
  }
  for (const kind of ["dragenter", "dragover", "drop"])
    document.querySelector(target).dispatchEvent(
      new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: carried }));
}"""


def drop(page: Page, target: str, *names: str) -> None:
    """Drop sample pictures on an element."""
    files = [(name, base64.b64encode((SAMPLES / name).read_bytes()).decode("ascii")) for name in names]
    page.evaluate(DROP, [target, files])


def settled(page: Page) -> None:
    page.get_by_text("All numbers").wait_for(timeout=PATIENCE)
    page.wait_for_function("window.ferlensDrop", timeout=PATIENCE)  # the browser follows what is dragged
    expect(page.get_by_test_id("stStatusWidget")).to_be_hidden(timeout=PATIENCE)


def opened(browser: Browser, url: str, *, width: int = 1440, height: int = 1000) -> Page:
    page = open_page(browser, url, width=width, height=height)
    settled(page)
    return page


def test_what_is_dropped_anywhere_on_the_page_is_explained(dashboard: str, browser: Browser) -> None:
    page = opened(browser, f"{dashboard}/Explain?sample=drawn-happy")
    drop(page, ".fl-section", "two-faces.jpg")  # a heading, far from any field
    expect(page).to_have_url(re.compile("source=upload"), timeout=PATIENCE)
    expect(page.get_by_text("2 faces, largest first")).to_be_visible(timeout=PATIENCE)
    expect(page.locator(".fl-dropping")).to_have_count(0, timeout=PATIENCE)
    # The sidebar tells of the same pictures, and what is dropped on its own field is its own.
    expect(page.get_by_test_id("stSidebar").get_by_role("button", name="Forget")).to_be_visible(timeout=PATIENCE)
    drop(page, "[data-testid=stSidebar] [data-testid=stFileUploaderDropzone]", "grace-hopper.jpg")
    strip = page.locator(".st-key-picture-strip img")
    expect(strip).to_have_count(2, timeout=PATIENCE)
    expect(page.get_by_test_id("stSidebar").get_by_text("grace-hopper.jpg").first).to_be_visible(timeout=PATIENCE)


def test_several_are_a_strip_and_a_thumbnail_shows_its_picture(dashboard: str, browser: Browser) -> None:
    page = opened(browser, f"{dashboard}/Explain?sample=drawn-happy")
    drop(page, "[data-testid=stMain]", "two-faces.jpg", "grace-hopper.jpg")
    strip = page.locator(".st-key-picture-strip img")
    expect(strip).to_have_count(2, timeout=PATIENCE)
    expect(page.get_by_text("2 faces, largest first")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Show 2. grace-hopper.jpg").click()
    expect(page.get_by_alt_text("grace-hopper.jpg with 1 face marked")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("2 faces, largest first")).to_be_hidden(timeout=PATIENCE)
    expect(page).to_have_url(re.compile("which=2"), timeout=PATIENCE)
    # They go along to the next page.
    page.get_by_role("link", name="Activations").click()
    expect(page.get_by_role("heading", name="Activations")).to_be_visible(timeout=PATIENCE)
    expect(page.locator(".st-key-picture-strip img")).to_have_count(2, timeout=PATIENCE)
    expect(page.get_by_text(re.compile(r"^grace-hopper\.jpg: cbam answers"))).to_be_visible(timeout=PATIENCE)


def test_a_sample_and_a_shot_are_taken_on_the_page(dashboard: str, browser: Browser) -> None:
    page = browser.new_context(viewport={"width": 1440, "height": 1000}, permissions=["camera"]).new_page()
    page.goto(f"{dashboard}/Explain")
    settled(page)
    row = page.locator(".st-key-picture-row")
    row.get_by_role("button", name="Samples").click()
    page.get_by_role("button", name="Show Drawn face: fear").click()
    expect(page).to_have_url(re.compile("sample=drawn-fear"), timeout=PATIENCE)
    expect(page.get_by_role("button", name="Show Drawn face: fear")).to_be_hidden(timeout=PATIENCE)  # the menu closed
    row.get_by_role("button", name="Camera").click()
    # A shot taken before the camera gives pictures is silently dropped by the widget.
    page.wait_for_function(
        "document.querySelector('video')?.readyState >= 3 && document.querySelector('video').currentTime > 0.3",
        timeout=PATIENCE,
    )
    page.get_by_test_id("stCameraInputButton").click()
    expect(page).to_have_url(re.compile("source=camera"), timeout=PATIENCE)
    expect(page.get_by_text("No face was found, so the whole picture was classified")).to_be_visible(timeout=PATIENCE)


def test_on_a_telephone_the_answer_stays_on_the_first_screen(dashboard: str, browser: Browser) -> None:
    page = opened(browser, f"{dashboard}/Explain", width=390, height=844)
    drop(page, "[data-testid=stMain]", "two-faces.jpg", "grace-hopper.jpg", "rocket.jpg")
    expect(page.locator(".st-key-picture-strip img")).to_have_count(3, timeout=PATIENCE)
    expect(page.get_by_text("2 faces, largest first")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("stStatusWidget")).to_be_hidden(timeout=PATIENCE)
    expect(page.locator(".fl-verdict")).to_have_count(1, timeout=PATIENCE)
    verdict = page.locator(".fl-verdict").bounding_box()
    assert verdict is not None
    assert verdict["y"] + verdict["height"] < 844
    tops = {round(page.locator(".st-key-picture-row button").nth(at).bounding_box()["y"]) for at in range(3)}  # type: ignore[index]
    assert len(tops) == 1  # one row
    assert page.get_by_test_id("stMain").evaluate("e => e.scrollWidth - e.clientWidth") <= 0
