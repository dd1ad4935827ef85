"""The controls of a page in a real browser: each is found, used once, and timed until the page has settled.

A page has settled when its script rests, nothing of it is faded as out of date, and no bar or spinner is left, for
:data:`QUIET_MS` without a break; the time told is that of the first moment of that rest. The clock starts in the
browser, at the press itself, so that neither the way from this program nor its looking for the control is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from playwright.sync_api import Error, Locator, Page

PATIENCE_MS: Final = 120_000
QUIET_MS: Final = 500
"""Longer than Streamlit waits before it sends what a slider was moved to."""
MAIN: Final = '[data-testid="stMain"]'
SIDE: Final = '[data-testid="stSidebarUserContent"]'

ARM: Final = """() => {
  window.ferlensPressed = null;
  const press = event => { window.ferlensPressed ??= performance.now(); };
  for (const kind of ['pointerdown', 'keydown']) window.addEventListener(kind, press, {capture: true, once: true});
}"""
SETTLED: Final = """([quiet, patience]) => new Promise(resolve => {
  const began = window.ferlensPressed ?? performance.now(), seen = new Set();
  let since = null;
  const busy = () => {
    const app = document.querySelector('[data-testid="stApp"]');
    if (!app || app.dataset.testScriptState !== 'notRunning') return 'runs';
    for (const one of ['stSpinner', 'stProgress', 'stSkeleton'])
      if (document.querySelector(`[data-testid="${one}"]`)) return one;
    return document.querySelector('[data-stale="true"]') ? 'faded' : '';
  };
  const look = () => {
    const now = performance.now(), why = busy();
    if (why) { since = null; seen.add(why); } else since ??= now;
    if (since !== null && now - since >= quiet) resolve([since - began, [...seen]]);
    else if (now - began > patience) resolve([-1, [...seen]]);
    else setTimeout(look, 10);
  };
  look();
})"""


@dataclass(frozen=True)
class Control:
    """A control of a page.

    Attributes:
        kind: a key of :data:`USES`. name: its label.
        find: returns it in the page as it is now.
    """

    kind: str
    name: str
    find: Callable[[Page], Locator]


@dataclass(frozen=True)
class Used:
    """What using a control came to: seconds until the page had settled, and what was seen to be at work meanwhile."""

    seconds: float
    seen: tuple[str, ...]


def settle(page: Page) -> Used:
    """Wait until the page has settled; the clock started at the last press since :data:`ARM`, else now.

    Raises:
        TimeoutError: it is still at work after :data:`PATIENCE_MS`.
    """
    milliseconds, seen = page.evaluate(SETTLED, [QUIET_MS, PATIENCE_MS])
    if milliseconds < 0.0:
        raise TimeoutError(f"{page.url} has not settled within {PATIENCE_MS / 1000:.0f} s: {', '.join(seen)}")
    return Used(milliseconds / 1000.0, tuple(seen))


def _toggle(page: Page, one: Locator) -> None:
    target = one.locator("label").first
    target.scroll_into_view_if_needed()
    page.evaluate(ARM)
    target.click()


def _choice(page: Page, one: Locator) -> None:
    buttons = one.get_by_role("radio")
    chosen = next((at for at in range(buttons.count()) if buttons.nth(at).get_attribute("aria-checked") == "true"), 0)
    target = buttons.nth((chosen + 1) % buttons.count())
    target.scroll_into_view_if_needed()
    page.evaluate(ARM)
    target.click()


def _radio(page: Page, one: Locator) -> None:
    entries = one.locator("label:has(input)")
    chosen = next((at for at in range(entries.count()) if entries.nth(at).locator("input").is_checked()), 0)
    target = entries.nth((chosen + 1) % entries.count())
    target.scroll_into_view_if_needed()
    page.evaluate(ARM)
    target.click()


def _menu(page: Page, one: Locator) -> None:
    was = one.inner_text()
    for key in ("ArrowDown", "ArrowUp"):  # the last entry has none after it
        one.locator("input").first.click()
        page.locator('[role="option"]').first.wait_for(timeout=PATIENCE_MS)
        page.keyboard.press(key)
        page.evaluate(ARM)
        page.keyboard.press("Enter")
        if one.inner_text() != was or key == "ArrowUp":
            return


def _slider(page: Page, one: Locator) -> None:
    thumb = one.get_by_role("slider").first
    thumb.focus()
    at_end = thumb.get_attribute("aria-valuenow") == thumb.get_attribute("aria-valuemax")
    page.evaluate(ARM)
    page.keyboard.press("ArrowLeft" if at_end else "ArrowRight")


def _number(page: Page, one: Locator) -> None:
    up, down = one.get_by_test_id("stNumberInputStepUp"), one.get_by_test_id("stNumberInputStepDown")
    target = up if up.is_enabled() else down
    target.scroll_into_view_if_needed()
    page.evaluate(ARM)
    target.click()


def _press(page: Page, one: Locator) -> None:
    one.scroll_into_view_if_needed()
    page.evaluate(ARM)
    one.click()


USES: Final[dict[str, Callable[[Page, Locator], None]]] = {
    "toggle": _toggle,
    "choice": _choice,
    "radio": _radio,
    "menu": _menu,
    "slider": _slider,
    "number": _number,
    "button": _press,
}
"""Kind of control → how it is used once: what was on goes off, what was chosen becomes the next."""
WIDGETS: Final = {
    "toggle": "stCheckbox",
    "choice": "stButtonGroup",
    "radio": "stRadio",
    "menu": "stSelectbox",
    "slider": "stSlider",
    "number": "stNumberInput",
}


def use(page: Page, control: Control) -> Used | None:
    """Use a control once; None where it is not there, or is switched off.

    Raises:
        TimeoutError: as of :func:`settle`.
    """
    one = control.find(page)
    try:
        if not one.is_visible() or not one.is_enabled():
            return None
        USES[control.kind](page, one)
    except Error:  # covered, say, or redrawn under the hand
        return None
    return settle(page)


def _label(one: Locator) -> str:
    label = one.get_by_test_id("stWidgetLabel")
    said = label.first.inner_text() if label.count() else ""
    said = said or one.inner_text()
    return said.strip().split("\n")[0][:60]


def _found(kind: str, place: str, name: str) -> Callable[[Page], Locator]:
    selector = f'{place} [data-testid="{WIDGETS[kind]}"]:visible'
    return lambda page: page.locator(selector).filter(has_text=name).first


def widgets(page: Page) -> Iterator[Control]:
    """Return the widgets of the page and its sidebar that can be seen now, each kind and label once."""
    seen = set()
    for place in (SIDE, MAIN):
        for kind, test_id in WIDGETS.items():
            for one in page.locator(f'{place} [data-testid="{test_id}"]:visible').all():
                name = _label(one)
                if name and (kind, name) not in seen:
                    seen.add((kind, name))
                    yield Control(kind, name, _found(kind, place, name))


def tabs(page: Page) -> Iterator[Control]:
    """Return the tabs of the page, the one that is open last: so the round ends where it began."""
    found = [(one.inner_text().strip(), one.get_attribute("aria-selected") == "true") for one in _tabs(page).all()]
    for name, _ in sorted(found, key=lambda one: one[1]):
        yield Control("button", f"tab {name}", lambda page, name=name: _tabs(page).filter(has_text=name).first)  # type: ignore[misc]  # bound now


def _tabs(page: Page) -> Locator:
    return page.locator(f'{MAIN} [data-testid="stTab"]:visible')


def pressed(name: str, selector: str) -> Control:
    """Return a button, a link or a part of a picture that can be pressed."""
    return Control("button", name, lambda page: page.locator(f"{selector}:visible").first)
