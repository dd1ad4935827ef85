"""The Activations page in a real browser: a layer, its maps, one channel and the pictures that excite it most."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import TimeoutError as Late

from tests.browser.opening import open_page

pytestmark = pytest.mark.browser
PATIENCE = 120_000  # milliseconds; a sample of the built-in faces is drawn and answered first

CHANNELS = "maps => maps.map(map => Number(/channel (\\d+),/.exec(map.alt)[1]))"


def pick(page: Page, menu: str, option: str) -> None:
    """Choose from a long menu by typing, which shows only what is in sight; drawn anew it closes, so open it again."""
    box = page.get_by_role("combobox", name=menu)
    for _ in range(10):
        box.click()
        try:
            box.fill(option, timeout=3_000)
            page.get_by_role("option", name=option, exact=True).click(timeout=3_000)
        except Late:
            continue
        return
    raise AssertionError(f"the menu {menu} never showed {option}")


def settle(page: Page) -> None:
    """Wait until the page is drawn: until then what was shown before is still there."""
    page.wait_for_function(
        "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'", timeout=PATIENCE
    )


def channels(page: Page) -> list[int]:
    return list(page.locator(".fl-maps img").evaluate_all(CHANNELS))


def strongest(page: Page) -> list[tuple[str, float]]:
    """Picture and mean of each of the pictures that excite the channel most."""
    found = page.locator(".fl-channel.fl-smaller figure").evaluate_all(
        "all => all.map(one => [one.querySelector('img').src, one.querySelector('figcaption').innerText])"
    )
    return [(source, float(words.split(" mean ")[1])) for source, words in found]


def expect_channel(page: Page, channel: int) -> None:
    expect(page.locator(".fl-maps .fl-marked b")).to_have_text(str(channel), timeout=PATIENCE)
    expect(page.locator(".fl-channel.fl-smaller figure")).to_have_count(8, timeout=PATIENCE)


def test_a_layer_its_maps_and_the_pictures_that_excite_a_channel(dashboard: str, browser: Browser) -> None:
    page = open_page(browser, f"{dashboard}/Activations?model=cbam&sample=drawn-happy")
    expect(page.locator(".fl-channel.fl-smaller figure")).to_have_count(8, timeout=PATIENCE)
    settle(page)
    before = page.locator(".fl-maps img").first.get_attribute("src")
    pick(page, "Layer", "block2.relu")
    expect(page.get_by_text(re.compile(r"^block2\.relu · ")).first).to_be_visible(timeout=PATIENCE)
    expect(page).to_have_url(re.compile("maps_of=block2.relu"), timeout=PATIENCE)
    expect(page.locator(".fl-maps img").first).not_to_have_attribute("src", before or "", timeout=PATIENCE)
    settle(page)
    expect(page.locator(".fl-maps img")).to_have_count(24, timeout=PATIENCE)
    shown = channels(page)
    energies = [float(text.split()[1]) for text in page.locator(".fl-maps figcaption span").all_inner_texts()
                if text.startswith("loud ")]  # fmt: skip
    assert energies == sorted(energies, reverse=True) != []
    expect_channel(page, shown[0])
    first = strongest(page)
    assert [mean for _, mean in first] == sorted((mean for _, mean in first), reverse=True)
    assert len({source for source, _ in first}) == 8

    other = shown[5]
    pick(page, "Channel", str(other))
    expect_channel(page, other)
    expect(page).to_have_url(re.compile(f"channel={other}(&|$)"), timeout=PATIENCE)
    settle(page)
    second = strongest(page)
    assert second != first
    assert [mean for _, mean in second] == sorted((mean for _, mean in second), reverse=True)

    again = open_page(browser, page.url)
    expect_channel(again, other)
    expect(again.locator(".fl-maps img")).to_have_count(24, timeout=PATIENCE)
    assert channels(again) == shown
    assert strongest(again) == second
    again.context.close()
    page.context.close()


def test_nothing_overflows_on_a_narrow_dark_window(dashboard: str, browser: Browser) -> None:
    page = open_page(browser, f"{dashboard}/Activations?sample=drawn-happy", width=800, scheme="dark")
    expect(page.locator(".fl-channel.fl-smaller figure")).to_have_count(8, timeout=PATIENCE)
    assert page.locator("[data-testid=stMain]").evaluate("e => e.scrollWidth - e.clientWidth") <= 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 800
    page.context.close()
