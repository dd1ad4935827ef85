"""The main job with the shipped model: a smiling face in a photograph is called happy, and its maps are plausible."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import serve
from tests.made import ROOT

pytestmark = pytest.mark.browser
PATIENCE = 60_000


def test_a_smiling_portrait_is_called_happy_by_cbam(browser: Browser) -> None:
    with serve(ROOT / "checkpoints") as url:
        page = browser.new_context(accept_downloads=True).new_page()
        page.goto(f"{url}/Explain?model=cbam&sample=astronaut")
        page.get_by_text("All numbers").wait_for(timeout=PATIENCE)
        expect(page.locator(".fl-bar")).to_have_count(7)
        kept: dict[str, bytes] = {}
        for kind in ("JSON", "NPZ"):
            with page.expect_download() as waiting:
                page.get_by_role("button", name=kind).click()
            kept[kind] = Path(waiting.value.path()).read_bytes()
        page.context.close()
    document = json.loads(kept["JSON"])
    assert document["label"] == "happy"
    assert document["confidence"] > 0.6
    arrays = np.load(io.BytesIO(kept["NPZ"]))
    # Evidence for a smile lies mostly where the mouth and cheeks are: the lower half of the last layer's map.
    heat = arrays["map/gradcam/block4/happy"]
    assert heat[3:].sum() > 0.5 * heat.sum() > 0
    gates = [name for name in arrays.files if name.startswith("gate/")]
    assert len(gates) == 8
    assert all(0 <= arrays[name].min() < arrays[name].max() <= 1 for name in gates)
