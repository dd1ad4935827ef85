"""The Models page in a real browser: weights are dropped, checked, renamed, replaced and removed; nothing overflows."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from engine.models.checkpoint import read_card
from tests.browser.conftest import serve
from tests.browser.opening import open_page
from tests.made_adopted import write_adopted

pytestmark = pytest.mark.browser
PATIENCE = 240_000  # milliseconds; the network is built in a process of its own, which imports torch


@pytest.fixture(scope="module")
def shelf(seeded_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of its own, as it is changed: a trained model, a network of others, a damaged card."""
    folder: Path = tmp_path_factory.mktemp("models-served") / "shelf"
    shutil.copytree(seeded_store / "cbam", folder / "cbam")
    write_adopted(folder / "theirs")
    (folder / "broken").mkdir()
    (folder / "broken" / "card.json").write_text("{")
    torch.manual_seed(0)
    net = timm.create_model("resnet10t", block_args={"attn_layer": "cbam"}, num_classes=3, in_chans=1)
    torch.save({"model_state_dict": net.state_dict()}, folder.parent / "best.pth")
    with zipfile.ZipFile(folder.parent / "my faces.zip", "w") as archive:
        for name in ("a", "b", "c"):
            for number in range(4):
                data = io.BytesIO()
                pixels = np.random.default_rng([ord(name), number]).integers(0, 255, (64, 64), dtype=np.uint8)
                Image.fromarray(pixels).save(data, "PNG")
                archive.writestr(f"faces/{name}/{number}.png", data.getvalue())
    return folder


@pytest.fixture(scope="module")
def served(shelf: Path) -> Iterator[str]:
    with serve(shelf) as url:
        yield url


def opened(browser: Browser, url: str, *, width: int = 1440, scheme: str = "light") -> Page:
    page = open_page(browser, f"{url}/Models", width=width, height=1100, scheme=scheme)
    page.locator(".fl-model").first.wait_for(timeout=PATIENCE)
    return page


def card(page: Page, name: str) -> object:
    return page.locator(f".fl-model[data-model='{name}']")


def fill_in(page: Page, name: str, classes: str = "a, b, c") -> None:
    """Drop the weights and say what they are."""
    page.get_by_test_id("stExpander").first.locator("summary").click()
    fields = page.get_by_test_id("stExpander").first
    fields.get_by_label("Name on the shelf").fill(name)
    fields.get_by_text("timm", exact=True).click()
    chosen = fields.get_by_label("Network", exact=False).first
    chosen.wait_for(timeout=PATIENCE)


def test_the_shelf_shows_each_model_and_hides_none_for_a_bad_one(served: str, browser: Browser) -> None:
    page = opened(browser, served)
    expect(page.locator(".fl-model")).to_have_count(2, timeout=PATIENCE)
    theirs = page.locator(".fl-model").first
    expect(theirs).to_contain_text("theirs")
    expect(theirs.locator(".fl-unchecked")).to_have_text("Not checked against your data.")
    expect(theirs).to_contain_text("net.py:HandCBAM, weights best.pth")
    theirs.locator("summary").click()
    expect(theirs.locator(".fl-model-gates")).to_contain_text("gates.0")
    expect(page.locator(".fl-model").nth(1)).to_contain_text("68.4 % (66.9–69.9)")
    expect(page.get_by_role("button", name="Remove")).to_have_count(1)
    expect(page.get_by_text("The card of 'broken' is damaged")).to_be_visible()
    page.context.close()
