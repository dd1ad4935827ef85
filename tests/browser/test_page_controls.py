"""The clock of ``benchmarks.clicks`` in a real browser: from the press to the first moment of a lasting rest."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from benchmarks.page_controls import pressed, use, widgets

pytestmark = pytest.mark.browser
PAGE = """<div data-testid="stApp" data-test-script-state="notRunning"><div data-testid="stMain">
<div data-testid="stCheckbox"><label data-testid="stWidgetLabel">Over the face<input type="checkbox"></label></div>
<div data-testid="stCheckbox" style="display: none"><label data-testid="stWidgetLabel">Folded<input></label></div>
<button>Next</button><button disabled>Previous</button></div></div>
<script>
  const app = document.querySelector('[data-testid="stApp"]');
  const runs = on => { app.dataset.testScriptState = on ? 'running' : 'notRunning'; };
  // It runs, rests for a moment as between two runs, and runs again; then something is left faded.
  document.querySelector('button').addEventListener('click', () => {
    runs(true);
    setTimeout(() => runs(false), 300);
    setTimeout(() => runs(true), 500);
    setTimeout(() => { app.dataset.stale = 'true'; runs(false); }, 700);
    setTimeout(() => { delete app.dataset.stale; }, 900);
  });
</script>"""


def test_it_waits_for_a_rest_that_lasts_and_tells_what_was_at_work(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content(PAGE)
    used = use(page, pressed("Next", "button:has-text('Next')"))
    assert used is not None
    assert used.seconds >= 0.9
    assert set(used.seen) == {"runs", "faded"}
    assert use(page, pressed("Previous", "button:has-text('Previous')")) is None
    assert [(one.kind, one.name) for one in widgets(page)] == [("toggle", "Over the face")]
    (toggle,) = widgets(page)
    assert use(page, toggle) is not None
    assert page.get_by_role("checkbox").is_checked()
    page.close()
