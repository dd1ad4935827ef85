"""``python -m docs.site.pictures [NAME ...]`` takes the pictures of pages that the documents show, in a real browser.

It serves this very version over a folder without data, so that no picture holds anything but drawn faces, the sample
photographs, which are in the public domain, and figures that are stored with the models. Each picture goes to its page
and does what its document says; what it looks for it names by the words on the page. Where a page no longer has them
the script ends with a sentence, and then the document is wrong, too.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from playwright.sync_api import Error as BrowserError

from tests.browser.camera import write_camera_film
from tests.browser.conftest import free_port, run_server
from tests.browser.setup import FLAGS, find_browser

ROOT: Final = Path(__file__).resolve().parents[2]
PLACE: Final = ROOT / "docs" / "images" / "pages"
SAMPLES: Final = ROOT / "dashboard" / "samples"
WIDTH: Final = 1280
"""CSS pixels of the window, and pixels of a picture that has the sidebar."""
TALL: Final = 3600
"""Height of the window, so that a page lies open as a whole."""
PATIENCE: Final = 600_000
"""Milliseconds for what a page computes; a busy machine is slow."""
CONTENT: Final = '[data-testid="stMain"], .gradio-container'
"""What is a page's own, of the dashboard and of the live page."""
QUALITY: Final = 80
"""Of WebP."""
ABOVE: Final = 14
"""CSS pixels over a heading that belong to it."""


class Visit:
    """A page and what is looked for on it, so that a miss can be said in words."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wanted = "the page itself"

    def see(self, words: str) -> Locator:
        """Wait until a text is on the page."""
        self.wanted = f"the text '{words}'"
        found = self.page.locator(CONTENT).get_by_text(words).first
        expect(found).to_be_visible(timeout=PATIENCE)
        return found

    def part(self, selector: str, what: str) -> Locator:
        """Wait until a part of the page that has no words of its own is there."""
        self.wanted = what
        found = self.page.locator(selector).first
        expect(found).to_be_visible(timeout=PATIENCE)
        return found

    def press(self, name: str, *, role: str = "button", exact: bool = False) -> None:
        """Press the first that has this role and name."""
        self.wanted = f"the {role} '{name}'"
        found = self.page.get_by_role(role, name=name, exact=exact)  # type: ignore[arg-type]
        found.first.click(timeout=PATIENCE)

    def unfold(self, words: str) -> None:
        """Open what folds and is headed so."""
        self.wanted = f"'{words}', which unfolds"
        self.page.locator("summary", has_text=words).first.click(timeout=PATIENCE)

    def settle(self) -> None:
        """Wait until nothing is at work."""
        self.wanted = "an end of the page's work"
        working = '[data-testid="stSkeleton"], [data-testid="stSpinner"], [data-testid="stProgress"]'
        still = self.page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')
        for _ in range(2):  # a rerun may follow at once
            expect(still).to_have_count(1, timeout=PATIENCE)
            expect(self.page.locator(working)).to_have_count(0, timeout=PATIENCE)
            self.page.wait_for_timeout(1000)
        self.page.mouse.move(1, 1)

    def top(self, words: str) -> float:
        """Return how far down the page a heading begins, in CSS pixels."""
        self.wanted = f"the heading '{words}'"
        found = self.page.locator(CONTENT).get_by_text(words, exact=True).first
        expect(found).to_be_visible(timeout=PATIENCE)
        box = found.bounding_box()
        if box is None:
            raise AssertionError(self.wanted)
        return box["y"]


@dataclass(frozen=True)
class Picture:
    """One picture.

    Attributes:
        name: of its file and of the command that takes it.
        documents: those that show it, from the repository's root.
        address: of the page, with its choices.
        act: what is done there before it is taken.
        begin, end: headings; it begins with the first, or with the page's top and sidebar, and ends before the second,
            or with the window.
        camera: the sample photograph that the browser's camera sees.
        height: of the window, in CSS pixels.
    """

    name: str
    documents: tuple[str, ...]
    address: str
    act: Callable[[Visit], None]
    begin: str = ""
    end: str = ""
    camera: str = ""
    height: int = TALL


def _home(visit: Visit) -> None:
    visit.see("attention gate, block 4")
    visit.see("What it must not be used for")


def _explain(visit: Visit) -> None:
    visit.see("All numbers")
    visit.see("Check trust")


def _trust(visit: Visit) -> None:
    _explain(visit)
    visit.settle()
    visit.press("Check trust")
    visit.see("How trust was measured")


def _compare(visit: Visit) -> None:
    visit.see("cbam − baseline on fer2013")
    visit.see("All agreement figures")


def _mistakes(visit: Visit) -> None:
    visit.see("of fear answered as surprise")
    visit.part(".fl-tile img", "the gallery of the cell")


def _panel(visit: Visit) -> None:
    _mistakes(visit)
    visit.settle()
    visit.press("Look at ")
    visit.part(".fl-panel-maps img", "the maps of the panel")


def _class_attention(visit: Visit) -> None:
    visit.part("[data-cell='synthetic-cbam|block4.spatial|fear']", "the cell of block 4's gate and fear")
    visit.part(".fl-tile img", "the pictures behind the cell")


def _add_network(visit: Visit) -> None:
    visit.unfold("Add a network")
    visit.see("Built by")
    visit.settle()
    visit.press("timm", role="radio", exact=True)
    visit.see("Attention in its blocks")
    visit.see("Add to the shelf")


def _camera(visit: Visit) -> None:
    visit.press("Start the camera")
    visit.part("[data-live=stage] img", "the frame that was read")
    visit.wanted = "a face in the frame"
    expect(visit.page.locator("[data-live=status]")).to_have_text("1 face", timeout=PATIENCE)


EXPLAIN: Final = "/Explain?model=cbam&sample=astronaut"
COMPARE: Final = "/Compare?models=baseline,cbam&on=fer2013-test"
MISTAKES: Final = "/Misclassifications?model=synthetic-cbam&true=fear&answer=surprise"
CLASSES: Final = "/Class_attention?model=synthetic-cbam&class=fear&gate=block4.spatial"

PICTURES: Final = (
    Picture("home", ("docs/index.md",), "/", _home, end="Pages"),
    Picture(
        "explain",
        ("README.md", "docs/index.md", "docs/tutorials/explain.md"),
        EXPLAIN,
        _explain,
        end="Explanation: Guided Grad-CAM",
    ),
    Picture(
        "explain-maps",
        ("docs/tutorials/explain.md",),
        EXPLAIN,
        _explain,
        begin="Explanation: Guided Grad-CAM",
        end="Other explanations",
    ),
    Picture(
        "explain-trust",
        ("docs/tutorials/explain.md",),
        EXPLAIN,
        _trust,
        begin="Explanation: Grad-CAM",
        end="Other explanations",
    ),
    Picture(
        "compare",
        ("docs/tutorials/compare.md",),
        f"{COMPARE}&sample=astronaut",
        _compare,
        end="Spatial attention gates",
    ),
    Picture(
        "compare-data",
        ("docs/tutorials/compare.md",),
        COMPARE,
        _compare,
        begin="On a dataset",
        end="Where they differ",
    ),
    Picture("mistakes", ("docs/tutorials/mistakes.md",), MISTAKES, _mistakes, height=1000),
    Picture("mistakes-panel", ("docs/tutorials/mistakes.md",), MISTAKES, _panel, height=1000),
    Picture(
        "class-attention", ("docs/tutorials/class-attention.md",), CLASSES, _class_attention, end="One cell in full"
    ),
    Picture(
        "class-attention-cell",
        ("docs/tutorials/class-attention.md",),
        CLASSES,
        _class_attention,
        begin="One cell in full",
        end="Farthest from it",
    ),
    Picture("camera", ("docs/tutorials/webcam.md",), "/live/", _camera, end="1 face", camera="astronaut"),
    Picture("add-network", ("docs/tutorials/own-network.md",), "/Models", _add_network, height=1100),
)


@contextmanager
def served() -> Iterator[str]:
    """Serve dashboard and live page at one port, with nothing of this machine's but the models that ship."""
    port = free_port()
    with tempfile.TemporaryDirectory() as nothing:
        settings = {
            "FERLENS_CHECKPOINTS": str(ROOT / "checkpoints"),
            "FERLENS_DATA": str(Path(nothing) / "data"),
            "FERLENS_CACHE": str(Path(nothing) / "cache"),
        }
        with run_server(["engine", "serve", "--allow-adding", "--port", str(port)], port, settings) as url:
            yield url


def _clip(visit: Visit, picture: Picture) -> dict[str, float]:
    """Return the part of the window that is taken, in CSS pixels."""

    begin = visit.top(picture.begin) - ABOVE if picture.begin else 0.0
    end = visit.top(picture.end) - ABOVE if picture.end else float(picture.height)
    left = 0.0
    if picture.begin:
        block = visit.page.locator(".stMainBlockContainer").bounding_box()
        left = block["x"] + 16 if block else 0.0
    return {"x": left, "y": begin, "width": WIDTH - left, "height": end - begin}


def take(browser: Browser, url: str, picture: Picture) -> bytes:
    """Return one picture as WebP.

    Raises:
        SystemExit: the page does not have what the picture and its documents name; the sentence says what.
    """
    context = browser.new_context(
        viewport={"width": WIDTH, "height": picture.height}, color_scheme="light", permissions=["camera"]
    )
    visit = Visit(context.new_page())
    try:
        visit.page.goto(url + picture.address)
        picture.act(visit)
        if not picture.camera:
            visit.settle()
        png = visit.page.screenshot(clip=_clip(visit, picture))  # type: ignore[arg-type]
    except (AssertionError, BrowserError) as error:
        raise SystemExit(
            f"error: the picture '{picture.name}' was not taken: {visit.wanted} was not found at {picture.address} "
            f"within {PATIENCE // 1000} s. The page has changed its names, or the machine is too busy: mend "
            f"docs/site/pictures.py, and the words of {' and '.join(picture.documents)}."
        ) from error
    finally:
        context.close()
    data = io.BytesIO()
    with Image.open(io.BytesIO(png)) as opened:
        opened.convert("RGB").save(data, "WEBP", quality=QUALITY, method=6)
    return data.getvalue()


def _take_all(url: str, wanted: Sequence[Picture]) -> None:
    """Take pictures one after the other, each in a browser of its own, and write them."""
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as films:
        for picture in wanted:
            flags = list(FLAGS)
            if picture.camera:
                film = write_camera_film(SAMPLES / f"{picture.camera}.jpg", Path(films) / "camera.mjpeg")
                flags.append(f"--use-file-for-fake-video-capture={film}")
            browser = playwright.chromium.launch(executable_path=find_browser(), args=flags)
            try:
                data = take(browser, url, picture)
            finally:
                browser.close()
            (PLACE / f"{picture.name}.webp").write_bytes(data)
            sys.stdout.write(f"{picture.name}.webp: {len(data) / 1000:.0f} kB\n")
            sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Take the pictures that are named, or all, and write them where the documents look for them."""
    known = {picture.name: picture for picture in PICTURES}
    parser = argparse.ArgumentParser(prog="python -m docs.site.pictures", description="Take the pictures of pages.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)}; all where none is given")
    names: list[str] = parser.parse_args(arguments).names or list(known)
    if unknown := sorted({*names} - {*known}):
        parser.error(f"there is no picture {', '.join(unknown)}; expected some of {', '.join(known)}")
    PLACE.mkdir(parents=True, exist_ok=True)
    try:
        with served() as url:
            _take_all(url, [known[name] for name in names])
    except RuntimeError as error:
        raise SystemExit(f"error: no picture could be taken: {error}.") from error
    return 0


if __name__ == "__main__":
    sys.exit(main())
