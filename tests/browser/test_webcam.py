"""The live page in real browsers, whose cameras play films of public-domain portraits."""

from __future__ import annotations

import base64
import csv
import io
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard import webcam
from dashboard.figures.palette import emotion_rgb
from tests.browser.camera import HEIGHT, WIDTH, write_camera_film
from tests.browser.conftest import FLAGS, free_port
from tests.browser.setup import find_browser
from tests.dashboard.made import SAMPLES

pytestmark = pytest.mark.browser
PATIENCE = 180_000  # milliseconds; a frame may take seconds on a busy machine


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the server would leave files: every temporary folder that Python or Gradio takes."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    return folder


@pytest.fixture
def live(seeded_store: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The served page, with ``address``."""
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(seeded_store))
    port = free_port()
    page = webcam.serve(webcam.parse(["--port", str(port)]), wait=False)
    page.address = f"http://127.0.0.1:{port}"
    yield page
    page.close(verbose=False)


@pytest.fixture
def camera(browser: Browser, tmp_path: Path) -> Iterator[Callable[[str], Browser]]:
    """Start a browser whose camera films a sample photograph."""
    started: list[Browser] = []

    def start(sample: str) -> Browser:
        film = write_camera_film(SAMPLES / f"{sample}.jpg", tmp_path / f"{sample}.mjpeg")
        flags = [*FLAGS, f"--use-file-for-fake-video-capture={film}"]
        started.append(browser.browser_type.launch(executable_path=find_browser(), args=flags))
        return started[-1]

    yield start
    for one in started:
        one.close()


def open_page(browser: Browser, address: str) -> Page:
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, permissions=["camera"])
    page = context.new_page()
    page.goto(address)
    page.get_by_role("button", name="Start the camera").click(timeout=PATIENCE)
    page.locator("[data-live=stage] img").first.wait_for(timeout=PATIENCE)
    return page


def shown(page: Page) -> np.ndarray:
    """(H, W, 3) int: the frame that the page shows."""
    address = page.locator("[data-live=stage] img").first.get_attribute("src")
    assert address is not None
    assert address.startswith("data:image/jpeg;base64,")
    bgr = cv2.imdecode(np.frombuffer(base64.b64decode(address.partition(",")[2]), np.uint8), cv2.IMREAD_COLOR)
    assert bgr is not None
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB).astype(int)


def wait_for_frames(page: Page, more: int = 5) -> None:
    count = page.locator("[data-live=count]")
    before = int(count.inner_text())
    page.wait_for_function(
        "least => Number(document.querySelector('[data-live=count]').textContent) >= least",
        arg=before + more,
        timeout=PATIENCE,
    )


def test_a_camera_shows_boxes_labels_and_figures_and_leaves_no_file(
    live: Any, camera: Callable[[str], Browser], scratch: Path
) -> None:
    before = sorted(scratch.rglob("*"))
    page = open_page(camera("two-faces"), live.address)
    expect(page.locator("[data-live=status]")).to_have_text("2 faces", timeout=PATIENCE)
    wait_for_frames(page)
    assert float(page.locator("[data-live=fps]").inner_text()) > 0
    assert int(page.locator("[data-live=latency]").inner_text()) >= int(page.locator("[data-live=server]").inner_text())

    # Each face's tag and box are drawn in its emotion's colour, which the timeline names.
    expect(page.locator(".live-strip")).to_have_count(2, timeout=PATIENCE)
    frame = shown(page)
    assert frame.shape == (HEIGHT, WIDTH, 3)
    for caption in page.locator(".live-strip figcaption").all_inner_texts():
        label = re.search(r": (\w+) ", caption)
        assert label is not None
        assert (np.abs(frame - emotion_rgb(label[1])).max(axis=2) < 40).sum() > 300
    assert page.locator(".live-strip path[stroke]").count() >= 2 * (7 + 3)  # seven lines and three of the grid

    page.get_by_label("attention gate").click()
    caption = page.locator("[data-live=stage] figcaption")
    expect(caption).to_have_text("cbam · attention gate block4.spatial, 0 to 1", timeout=PATIENCE)

    page.get_by_role("button", name="Snapshot").click()
    link = page.locator("[data-live=explain]")
    link.wait_for(timeout=PATIENCE)
    address = link.get_attribute("href") or ""
    assert address.startswith("http://127.0.0.1:8501/Explain?model=cbam&source=upload&snapshot=")
    held = page.request.get(f"{live.address}/snapshot/{address.rpartition('=')[2]}")
    picture = cv2.imdecode(np.frombuffer(held.body(), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (HEIGHT, WIDTH, 3)

    page.get_by_role("button", name="Stop").click()
    expect(page.locator("[data-live=report]")).to_contain_text("Camera to screen", timeout=PATIENCE)
    expect(page.locator("[data-live=report]")).to_contain_text("face 2:")
    with page.expect_download(timeout=PATIENCE) as download:
        page.get_by_role("button", name="Save the table").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8"))))
    assert {row["face"] for row in rows} == {"1", "2"}
    assert all(float(row["latency_ms"]) > 0 for row in rows[:4])
    assert sorted(scratch.rglob("*")) == before


def test_two_browsers_get_their_own_and_closing_one_frees_it(live: Any, camera: Callable[[str], Browser]) -> None:
    faces, none = open_page(camera("two-faces"), live.address), open_page(camera("rocket"), live.address)
    for _ in range(2):
        wait_for_frames(faces, 2)
        wait_for_frames(none, 2)
        expect(faces.locator("[data-live=status]")).to_have_text("2 faces", timeout=PATIENCE)
        expect(none.locator("[data-live=status]")).to_contain_text("No face found", timeout=PATIENCE)
    assert np.abs(shown(faces) - shown(none)).mean() > 20
    assert len(live.viewers) == 2
    faces.context.close()
    deadline = time.monotonic() + PATIENCE / 1000
    while len(live.viewers) > 1 and time.monotonic() < deadline:
        time.sleep(0.5)
    assert len(live.viewers) == 1
    wait_for_frames(none, 2)
