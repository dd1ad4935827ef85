"""The Models page in a real browser: weights are dropped, checked, renamed, replaced and removed; nothing overflows."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

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


def card(page: Page, name: str) -> Locator:
    return page.locator(f".fl-model[data-model='{name}']")


def form(page: Page) -> Locator:
    """Open the fields for a new network."""
    fields = page.get_by_test_id("stExpander").filter(has_text="Add a network")
    fields.locator("summary").first.click()
    return fields


def drop(fields: Locator, label: str, *files: Path) -> None:
    fields.get_by_test_id("stFileUploader").filter(has_text=label).locator("input[type=file]").set_input_files(
        [str(file) for file in files]
    )


def pick(page: Page, fields: Locator, label: str, word: str) -> None:
    box = fields.get_by_test_id("stSelectbox").filter(has_text=label).locator("input")
    expect(box).to_have_count(1, timeout=PATIENCE)  # those of the library chosen before go first
    box.fill(word, timeout=PATIENCE)
    page.get_by_role("option", name=word, exact=True).click(timeout=PATIENCE)


def confirm(page: Page, button: str) -> None:
    page.get_by_role("dialog").get_by_role("button", name=button).click(timeout=PATIENCE)


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


def test_dropped_weights_become_a_network_that_is_renamed_and_removed(
    served: str, shelf: Path, browser: Browser
) -> None:
    page = opened(browser, served)
    fields = form(page)
    drop(fields, "Weights", shelf.parent / "best.pth")
    fields.get_by_label("Name on the shelf").fill("mine")
    fields.get_by_text("timm", exact=True).click()
    pick(page, fields, "Attention in its blocks", "cbam")
    pick(page, fields, "Network", "resnet10t")
    fields.get_by_label("Input: height").fill("64x64x1")
    fields.get_by_text("pictures, taken whole").click()
    drop(fields, "Check it", shelf.parent / "my faces.zip")
    fields.get_by_label("Classes, in the order").fill("a, b")
    add = fields.get_by_role("button", name="Add to the shelf")
    add.click(timeout=PATIENCE)
    expect(page.get_by_text("'best.pth' do not fit this network")).to_be_visible(timeout=PATIENCE)
    assert not (shelf / "mine").exists()
    fields.get_by_label("Classes, in the order").fill("a, b, c")
    add.click(timeout=PATIENCE)
    expect(card(page, "mine")).to_contain_text("your pictures “my-faces”", timeout=PATIENCE)
    expect(card(page, "mine")).to_contain_text("8 attention gates: 4 channel, 4 spatial")
    expect(page.get_by_text("mine is on the shelf")).to_be_visible()
    expect(page.get_by_text("No usual normalisation is clearly better", exact=False)).to_be_visible(timeout=PATIENCE)
    made = read_card(shelf / "mine")
    assert (made.classes, made.origin["file"]) == (("a", "b", "c"), "best.pth")

    page.get_by_role("button", name="Rename").first.click()
    page.get_by_label("New name").fill("theirs", timeout=PATIENCE)
    confirm(page, "Rename")
    expect(page.get_by_text("'theirs' is taken")).to_be_visible(timeout=PATIENCE)
    page.get_by_label("New name").fill("again")
    confirm(page, "Rename")
    expect(card(page, "again")).to_be_visible(timeout=PATIENCE)
    expect(card(page, "mine")).to_have_count(0)
    assert read_card(shelf / "again").weights_sha256 == made.weights_sha256

    page.get_by_role("button", name="Remove").first.click()
    confirm(page, "Keep it")
    expect(page.get_by_role("dialog")).to_have_count(0, timeout=PATIENCE)
    assert (shelf / "again").is_dir()
    page.get_by_role("button", name="Remove").first.click()
    confirm(page, "Remove")
    expect(card(page, "again")).to_have_count(0, timeout=PATIENCE)
    assert not (shelf / "again").exists()
    assert sorted(path.name for path in shelf.iterdir()) == ["broken", "cbam", "theirs"]
    page.context.close()


def test_an_exported_network_takes_anothers_place_only_after_a_question(
    served: str, shelf: Path, browser: Browser
) -> None:
    page = opened(browser, served)
    fields = form(page)
    drop(fields, "Weights", *(shelf / "theirs" / name for name in ("card.json", "graph.json", "weights.safetensors")))
    fields.get_by_label("Name on the shelf").fill("theirs")
    expect(fields.get_by_text("its card says its classes")).to_be_visible(timeout=PATIENCE)
    (shelf / "theirs" / "history.csv").write_text("x")
    fields.get_by_role("button", name="Add to the shelf").click()
    confirm(page, "Keep it")
    expect(page.get_by_role("dialog")).to_have_count(0, timeout=PATIENCE)
    assert (shelf / "theirs" / "history.csv").exists()
    fields.get_by_role("button", name="Add to the shelf").click()
    confirm(page, "Replace")
    expect(page.get_by_text("theirs is on the shelf")).to_be_visible(timeout=PATIENCE)
    assert not (shelf / "theirs" / "history.csv").exists()
    page.context.close()


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (800, "dark"), (1440, "dark")])
def test_nothing_overflows(served: str, browser: Browser, width: int, scheme: str) -> None:
    page = opened(browser, served, width=width, scheme=scheme)
    form(page)
    page.get_by_role("button", name="Add to the shelf").wait_for(timeout=PATIENCE)
    page.locator(".fl-model details").last.locator("summary").click()
    assert page.locator("[data-testid=stMain]").evaluate("e => e.scrollWidth - e.clientWidth") <= 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.context.close()
