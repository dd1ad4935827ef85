"""Frames a second and latency as a viewer of the live page has them, in a real Chromium: one JSON document on stdout.

``python -m benchmarks.live_page`` serves the page, films built-in faces for the browser's fake camera, lets it run and
reads the page's own figures. Needs what requirements-dev.txt lists, and a Chromium (``make browser``). Browser, page
and model share the machine.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import cv2
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.page_figures import page_figures
from dashboard import webcam
from dashboard.live.choices import OVERLAY_WORDS
from dashboard.shell.snapshots import ADDRESS
from engine.benchmarks.scripted_film import SCRIPTS, Script, ScriptedFilm
from engine.errors import FerLensError, UnknownNameError, UsageError
from tests.browser.setup import FLAGS, find_browser

PATIENCE: Final = 180_000
"""Milliseconds to wait for the first frame on a busy machine."""
LEAST_SECONDS: Final = 5.0
JPEG_QUALITY: Final = 90
_COUNTERS: Final = """() => ({
    milliseconds: performance.now(),
    camera: document.querySelector("[data-live=video]").getVideoPlaybackQuality().totalVideoFrames,
    counter: document.querySelector("[data-live=fps]").textContent,
})"""


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live_page", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", default="synthetic-cbam", help="checkpoint name (default: %(default)s)")
    parser.add_argument("--film", default="one", help=f"what the camera sees: {', '.join(SCRIPTS)} (default: one)")
    parser.add_argument("--overlay", default="gate", help=f"{', '.join(OVERLAY_WORDS)} (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=20.0, help="measured (default: %(default)s)")
    parser.add_argument("--warm-up", type=float, default=5.0, help="seconds before that (default: %(default)s)")
    return parser.parse_args(arguments)


def write_camera_film(script: Script, path: Path) -> None:
    """Write the film as Chromium's fake camera reads it, JPEG after JPEG, 30 frames a second, over and over."""
    with path.open("wb") as file:
        for _, picture, _ in ScriptedFilm(script).frames():
            bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
            file.write(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes())


def measure(browser: Browser, address: str, *, overlay: str, seconds: float, warm_up: float) -> dict[str, Any]:
    """Open the page, let it run, and return its figures."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, permissions=["camera"])
    page = context.new_page()
    page.goto(address)
    start_camera(page, overlay)
    page.wait_for_timeout(1000 * warm_up)
    start = page.evaluate(_COUNTERS)
    readings = []
    for _ in range(max(1, round(seconds))):
        page.wait_for_timeout(1000 * seconds / max(1, round(seconds)))
        readings.append(page.evaluate(_COUNTERS))
    table = save_table(page)
    context.close()
    last = readings[-1]
    camera = 1000 * (last["camera"] - start["camera"]) / (last["milliseconds"] - start["milliseconds"])
    counter = sorted(float(at["counter"]) for at in readings)
    return {
        **page_figures(table, warm_up_seconds=warm_up, camera_frames_per_second=camera),
        "counter_frames_per_second": {"lowest": counter[0], "median": counter[len(counter) // 2]},
    }


def start_camera(page: Page, overlay: str) -> None:
    """Choose the overlay, start the camera and wait until frames come back as asked for."""
    words = {str(key): value for key, value in OVERLAY_WORDS.items()}[overlay]
    start = page.get_by_role("button", name="Start the camera")
    start.wait_for(timeout=PATIENCE)
    page.get_by_label(words, exact=True).click()
    start.click()
    page.locator("[data-live=stage] img").first.wait_for(timeout=PATIENCE)
    if overlay != "none":
        page.locator("[data-live=stage] figcaption", has_text=words).wait_for(timeout=PATIENCE)


def save_table(page: Page) -> str:
    """End the session and return its table."""
    page.get_by_role("button", name="Stop").click()
    page.locator("[data-live=report] *").first.wait_for(timeout=PATIENCE)
    with page.expect_download(timeout=PATIENCE) as download:
        page.get_by_role("button", name="Save the table").click()
    return Path(download.value.path()).read_text(encoding="utf-8")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Serve, film, drive and measure. Raises FerLensError where an option makes no sense."""
    for what, name, known in (("film", arguments.film, SCRIPTS), ("overlay", arguments.overlay, OVERLAY_WORDS)):
        if name not in known:
            raise UnknownNameError(what, name, known)
    if not arguments.seconds >= LEAST_SECONDS or not arguments.warm_up >= 0:
        raise UsageError(
            f"Expected {LEAST_SECONDS:g} seconds or more and no negative warm-up, got {arguments.seconds:g} and "
            f"{arguments.warm_up:g}; choose others."
        )
    path = find_browser()
    if path is None:
        raise FerLensError("Expected a Chromium, but none is found; get one with: python -m tests.browser.setup.")
    script = SCRIPTS[arguments.film]
    with tempfile.TemporaryDirectory(prefix="ferlens-camera-") as folder:
        film = Path(folder) / "camera.mjpeg"
        write_camera_film(script, film)
        port = webcam.free_port(None)
        with contextlib.redirect_stdout(sys.stderr):  # stdout is for the document alone
            running = webcam.begin(webcam.parse(["--model", arguments.model, "--port", str(port)]))
        try:
            with sync_playwright() as playwright:
                flags = [*FLAGS, f"--use-file-for-fake-video-capture={film}"]
                browser = playwright.chromium.launch(executable_path=path, args=flags)
                figures = measure(
                    browser,
                    f"http://{ADDRESS}:{port}",
                    overlay=arguments.overlay,
                    seconds=arguments.seconds,
                    warm_up=arguments.warm_up,
                )
                version = browser.version
                browser.close()
        finally:
            running.close()
    return {
        "benchmark": "live page",
        "model": arguments.model,
        "overlay": arguments.overlay,
        "film": arguments.film,
        "faces": len(script.actors),
        "width": script.width,
        "height": script.height,
        "browser": f"Chromium {version}",
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "warm_up_seconds": arguments.warm_up,
        **figures,
    }


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; status 2 for wrong use, 1 for what failed, each with one line."""
    try:
        document = run(parse(arguments))
    except FerLensError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2 if isinstance(error, UsageError) else 1
    print(json.dumps(document, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
