"""The live page in real browsers, whose cameras play films of public-domain portraits."""

from __future__ import annotations

import base64
import csv
import io
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import pytest
import torch
from playwright.sync_api import Browser, Page, expect

from dashboard import webcam
from dashboard.shared.figures.colours import emotion_rgb
from tests.browser.camera import HEIGHT, WIDTH, write_camera_film
from tests.browser.conftest import free_port, run_server, serve
from tests.browser.setup import FLAGS, find_browser
from tests.dashboard.made import SAMPLES

pytestmark = pytest.mark.browser
PATIENCE = 300_000  # milliseconds; a frame may take seconds on a busy machine


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the server would leave files: every temporary folder that Python or Gradio takes."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    return folder


class Live(NamedTuple):
    """A served page: its address, its viewers, and what ends it."""

    address: str
    viewers: Any
    close: Callable[[], None]


@contextmanager
def served(port: int, *words: str) -> Iterator[Live]:
    """Serve the live page in this process."""
    threads = torch.get_num_threads()
    running = webcam.begin(webcam.parse(["--port", str(port), *words]))
    try:
        yield Live(running.address.rstrip("/"), running.page.viewers, running.close)
    finally:
        running.close()
        torch.set_num_threads(threads)


@pytest.fixture
def live(seeded_store: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The served page."""
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(seeded_store))
    with served(free_port()) as page:
        yield page


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


def shown(page: Page, selector: str = "[data-live=stage] img") -> np.ndarray:
    """(H, W, 3) int: the frame that the page shows."""
    address = page.locator(selector).first.get_attribute("src")
    assert address is not None
    assert address.startswith("data:image/jpeg;base64,")
    return decoded(base64.b64decode(address.partition(",")[2]))


def decoded(data: bytes) -> np.ndarray:
    """(H, W, 3) int of a JPEG or PNG file."""
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert bgr is not None
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB).astype(int)


def take_snapshot(page: Page) -> None:
    expect(page.locator("[data-live=status]")).to_have_text("2 faces", timeout=PATIENCE)
    page.get_by_role("button", name="Snapshot").click()
    page.locator("[data-live=explain]").wait_for(timeout=PATIENCE)


def expect_explain_of_the_snapshot(page: Page) -> None:
    """Follow the link: Explain opens in a tab of its own and shows the picture that was taken, its faces boxed."""
    taken = shown(page, ".live-shot img")
    with page.expect_popup(timeout=PATIENCE) as opened:
        page.locator("[data-live=explain]").click()
    explain = opened.value
    picture = explain.locator(".st-key-picture img[alt^='snapshot.jpg with']")
    picture.wait_for(timeout=PATIENCE)
    explain.get_by_text("All numbers").wait_for(timeout=PATIENCE)
    expect(explain.locator(".fl-bar")).to_have_count(7)
    there = decoded(explain.request.get(picture.evaluate("image => image.src")).body())
    assert there.shape == taken.shape
    assert np.median(np.abs(there - taken)) < 8  # but for the boxes
    assert np.abs(there - taken).max() > 100  # which are there
    # Reloading asks for nothing that is gone: the token left the address.
    expect(explain).to_have_url(re.compile(r"/Explain\?(?!.*snapshot=)"), timeout=PATIENCE)
    explain.close()


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

    count = int(page.locator("[data-live=count]").inner_text())
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("[data-live=report]")).to_contain_text("Camera to screen", timeout=PATIENCE)
    expect(page.locator("[data-live=report]")).to_contain_text("face 2:")
    with page.expect_download(timeout=PATIENCE) as download:
        page.get_by_role("button", name="Save the table").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8"))))
    assert {row["face"] for row in rows} == {"1", "2"}
    # A frame that a later one overtook was never shown; the last messages may be on their way when the camera stops.
    timed = {row["frame"]: float(row["latency_ms"]) for row in rows if row["latency_ms"]}
    assert len(timed) >= count // 2
    assert min(timed.values()) > 0
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


def test_under_one_address_a_snapshot_opens_in_explain(
    seeded_store: Path, camera: Callable[[str], Browser], scratch: Path
) -> None:
    port = free_port()
    settings = {"FERLENS_CHECKPOINTS": str(seeded_store), "GRADIO_TEMP_DIR": str(scratch)}
    with run_server(["engine", "serve", "--port", str(port)], port, settings) as url:
        page = open_page(camera("two-faces"), f"{url}/live/")
        take_snapshot(page)
        address = page.locator("[data-live=explain]").evaluate("link => link.href")
        assert address.startswith(f"{url}/Explain?model=cbam&source=upload&snapshot=")
        expect_explain_of_the_snapshot(page)
        expect(page.locator("[data-live=held]")).to_have_text("Held in the server's memory for ten minutes.")


def test_between_two_servers_a_snapshot_opens_in_explain(
    seeded_store: Path, camera: Callable[[str], Browser], scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(seeded_store))
    port = free_port()
    told = {"FERLENS_LIVE_URL": f"http://127.0.0.1:{port}"}
    with serve(seeded_store, told) as dashboard, served(port, "--dashboard", dashboard) as live:
        page = open_page(camera("two-faces"), live.address)
        take_snapshot(page)
        assert page.locator("[data-live=explain]").evaluate("link => link.href").startswith(f"{dashboard}/Explain?")
        expect_explain_of_the_snapshot(page)
        # The dashboard asks the live page and not its own memory: it says so where that page is gone.
        take_snapshot(page)
        live.close()
        with page.expect_popup(timeout=PATIENCE) as opened:
            page.locator("[data-live=explain]").click()
        words = opened.value.get_by_text("it does not answer; start it (make webcam)")
        expect(words).to_be_visible(timeout=PATIENCE)


def test_a_snapshot_for_a_dashboard_that_is_not_there_says_so(
    seeded_store: Path, camera: Callable[[str], Browser], scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(seeded_store))
    nowhere = f"http://127.0.0.1:{free_port()}"
    with served(free_port(), "--dashboard", nowhere) as live:
        page = open_page(camera("two-faces"), live.address)
        take_snapshot(page)
        expect(page.locator("[data-live=held]")).to_contain_text(
            f"No dashboard answers at {nowhere}: start it there (make dashboard)", timeout=PATIENCE
        )
