"""The main job in a real browser: upload a photograph, see answer, gates and Grad-CAM, take them along."""

import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import TimeoutError as Late

from tests.browser.opening import open_page
from tests.dashboard.made import SAMPLES

pytestmark = pytest.mark.browser
PATIENCE = 60_000  # milliseconds; the first page imports torch


def wait_for_explanation(page: Page) -> None:
    """Wait until the page is whole: the map asked for, and whatever is made beside it."""
    page.get_by_text("All numbers").wait_for(timeout=PATIENCE)
    expect(page.get_by_test_id("stProgress")).to_have_count(0, timeout=PATIENCE)


def choose(page: Page, menu: str, option: str) -> None:
    """Choose from a menu; on arrival the page is drawn a second time, which closes a menu: then open it again."""
    wanted = page.get_by_role("option", name=option)
    for _ in range(10):
        page.get_by_role("combobox", name=menu).click()
        try:
            wanted.click(timeout=3_000)
        except Late:
            continue
        return
    raise AssertionError(f"the menu {menu} never showed {option}")


def upload(page: Page, *names_and_data: tuple[str, bytes]) -> None:
    files = [{"name": name, "mimeType": "image/jpeg", "buffer": data} for name, data in names_and_data]
    page.locator(".st-key-picture-row input[type=file]").set_input_files(files)  # type: ignore[arg-type]


def shot(page: Page, selector: str) -> np.ndarray:
    """(H, W, 3) int: what the first element of ``selector`` looks like on the screen."""
    element = page.locator(selector).first
    element.scroll_into_view_if_needed()
    return np.asarray(Image.open(io.BytesIO(element.screenshot())).convert("RGB")).astype(int)


def test_a_photograph_goes_from_upload_to_explanation(dashboard: str, browser: Browser) -> None:
    page = open_page(browser, dashboard)
    page.get_by_text("Explain a photo").click()
    page.get_by_text("No picture yet").wait_for(timeout=PATIENCE)
    portrait = (SAMPLES / "astronaut.jpg").read_bytes()
    upload(page, ("portrait.jpg", portrait), ("broken.jpg", portrait[:3000]))
    wait_for_explanation(page)
    expect(page).to_have_url(re.compile("/Explain"), timeout=PATIENCE)
    expect(page).to_have_url(re.compile("source=upload"), timeout=PATIENCE)
    expect(page.get_by_text("'broken.jpg' is cut short or damaged")).to_be_visible()
    expect(page.locator(".fl-bar")).to_have_count(7)

    # The map on the screen: a face under viridis. Near a gate of .5 that is green and blue over red, everywhere, and
    # light and dark change as they do in the face.
    gate = shot(page, ".fl-map")
    assert min(gate.shape[:2]) > 150
    middle = gate[20:-20, 20:-20]
    assert (middle[..., 1] > middle[..., 0]).mean() > 0.9
    assert middle.mean(axis=2).std() > 10

    # Under the pointer the smooth map gives way to the native cells.
    page.locator(".fl-map").nth(3).hover()
    page.wait_for_timeout(400)
    assert page.locator(".fl-map").nth(3).locator(".fl-smooth").evaluate("e => getComputedStyle(e).opacity") == "0"


def test_downloads_hold_what_the_page_shows(dashboard: str, browser: Browser, tmp_path: Path) -> None:
    page = open_page(browser, f"{dashboard}/Explain?sample=astronaut&layer=block3")
    wait_for_explanation(page)
    files = {}
    for name in ("PNG", "NPZ", "JSON"):
        with page.expect_download() as download:
            page.get_by_role("button", name=name).click()
        files[name] = tmp_path / download.value.suggested_filename
        download.value.save_as(files[name])
    document = json.loads(files["JSON"].read_text(encoding="utf-8"))
    with np.load(files["NPZ"]) as arrays:
        assert {gate["layer"] for gate in document["gates"]} == {
            key.removeprefix("gate/") for key in arrays.files if key.startswith("gate/")
        }
        assert arrays["gate/block4.spatial"].shape == (6, 6)
        label = str(arrays["classes"][arrays["probabilities"].argmax()])
        # Of the class asked for; on a slow machine the others' wait to be asked for.
        assert arrays[f"map/gradcam/block3/{label}"].shape == (12, 12)
    assert document["label"] == label
    expect(page.locator(".fl-verdict-name")).to_have_text(label)
    sheet = np.asarray(Image.open(files["PNG"]).convert("RGB")).astype(int)
    face, tile = sheet[68:308, 24:264], sheet[382:622, 24:264]
    assert np.ptp(face, axis=2).max() == 0  # the grey face as the model saw it
    assert face.std() > 30
    assert (tile[..., 1] > tile[..., 0]).mean() > 0.9  # the first gate over it, in viridis
    assert abs(np.corrcoef(face.mean(axis=2).ravel(), tile.mean(axis=2).ravel())[0, 1]) > 0.8


def test_a_clicked_channel_shows_its_activation(dashboard: str, browser: Browser) -> None:
    page = open_page(browser, f"{dashboard}/Explain")
    wait_for_explanation(page)
    title = page.get_by_text(": activation")
    bar = page.locator(".barlayer .point path").nth(5)
    bar.scroll_into_view_if_needed()
    for number in (5, 9):
        before = title.inner_text()
        box = page.locator(".barlayer .point path").nth(number).bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.6)
        expect(title).not_to_have_text(before, timeout=PATIENCE)


def test_choices_live_in_the_address_and_a_strip_face_opens_explain(dashboard: str, browser: Browser) -> None:
    page = open_page(browser, dashboard)
    page.get_by_role("link", name="happy").click()
    wait_for_explanation(page)
    expect(page).to_have_url(re.compile(r"sample=drawn-happy"), timeout=PATIENCE)
    choose(page, "Layer", "block2")
    expect(page.locator(".fl-reading")).to_contain_text("block 2", timeout=PATIENCE)
    expect(page).to_have_url(re.compile("layer=block2"), timeout=PATIENCE)
    again = open_page(browser, page.url)
    wait_for_explanation(again)
    expect(again.locator(".fl-reading")).to_contain_text("block 2", timeout=PATIENCE)


@pytest.mark.parametrize("path", ["/", "/Explain?sample=two-faces"])
def test_nothing_overflows_and_the_theme_follows_the_system(dashboard: str, browser: Browser, path: str) -> None:
    for width, scheme in ((1440, "light"), (800, "dark")):
        page = open_page(browser, dashboard + path, width=width, scheme=scheme)
        last = "All numbers" if "Explain" in path else "What it must not be used for"
        page.get_by_text(last).wait_for(timeout=PATIENCE)
        page.wait_for_timeout(500)
        for now in (width, 2240 - width):
            page.set_viewport_size({"width": now, "height": 1000})
            page.wait_for_timeout(300)
            main = page.locator("[data-testid=stMain]")
            assert main.evaluate("e => e.scrollWidth - e.clientWidth") <= 0
            assert page.evaluate("document.documentElement.scrollWidth") <= now
        corner = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("L"))[5, 600]
        assert (corner < 60) == (scheme == "dark")


def test_a_camera_shot_is_explained_and_no_face_is_said(dashboard: str, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, permissions=["camera"])
    page = context.new_page()
    page.goto(f"{dashboard}/Explain?source=camera")
    page.get_by_text("No picture yet").wait_for(timeout=PATIENCE)
    # A shot taken before the camera gives pictures is silently dropped by the widget.
    page.wait_for_function(
        "document.querySelector('video')?.readyState >= 3 && document.querySelector('video').currentTime > 0.3"
    )
    page.get_by_test_id("stCameraInputButton").click()
    wait_for_explanation(page)
    expect(page.get_by_text("No face was found, so the whole picture was classified")).to_be_visible()


def test_nothing_is_fetched_from_elsewhere(dashboard: str, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{dashboard}/Explain")
    wait_for_explanation(page)
    assert [url for url in asked if not url.startswith((dashboard, "data:", "blob:"))] == []


def test_trust_is_checked_where_the_maps_are(dashboard: str, browser: Browser) -> None:
    page = open_page(browser, f"{dashboard}/Explain?model=baseline&sample=drawn-happy&methods=layercam")
    wait_for_explanation(page)
    badges = page.locator(".fl-trust")
    expect(badges).to_have_count(2, timeout=PATIENCE)
    expect(badges.first).to_contain_text("not checked")
    page.get_by_role("button", name="Check trust").click()
    expect(page.get_by_text("Trust checked")).to_be_visible(timeout=3 * PATIENCE)
    opened = page.locator("details.fl-trust").first
    expect(opened).to_contain_text("random maps", timeout=PATIENCE)
    expect(opened.locator(".fl-trust-more")).to_be_hidden()
    opened.locator("summary").click()
    expect(opened.locator(".fl-trust-more")).to_contain_text("over a spot in the middle")


def test_a_method_is_added_from_the_menu_and_stays_in_the_address(dashboard: str, browser: Browser) -> None:
    page = open_page(browser, f"{dashboard}/Explain?model=baseline&sample=drawn-happy")
    wait_for_explanation(page)
    page.get_by_role("button", name="Add a method").click()
    page.get_by_text("HiResCAM", exact=True).click()
    expect(page).to_have_url(re.compile("methods=hirescam"), timeout=PATIENCE)
    expect(page.locator(".fl-assumes")).to_have_count(1, timeout=PATIENCE)
    again = open_page(browser, page.url)
    wait_for_explanation(again)
    expect(again.locator(".fl-assumes")).to_have_count(1, timeout=PATIENCE)


def test_maps_are_checked_further_where_that_is_asked_for(dashboard: str, browser: Browser) -> None:
    page = open_page(browser, f"{dashboard}/Explain?model=baseline&sample=drawn-happy&target=happy")
    wait_for_explanation(page)
    page.get_by_text("Further checks of the maps").click()
    page.get_by_role("button", name="Check further").click(timeout=PATIENCE)
    table = page.locator(".fl-sanity")
    expect(table).to_be_visible(timeout=5 * PATIENCE)
    expect(table.locator("tbody th")).to_have_text(["Grad-CAM for happy at block 4"])
    expect(table.locator("tbody td")).to_have_count(5)
    chart = page.locator(".st-key-sanity_chart .scatterlayer .point")
    expect(chart).to_have_count(1 + 6, timeout=PATIENCE)  # the whole model, then six parts of it
    meanings = page.locator(".fl-meanings")
    expect(meanings.locator("ul")).to_be_hidden()
    meanings.locator("summary").click()
    expect(meanings).to_contain_text("by more than 5 of 255, n = 40")
