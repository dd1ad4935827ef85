"""The Explain page's further checks of its maps."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.views.explain import loaders
from engine.errors import UsageError
from engine.records import Explanation
from engine.trust import map_sanity
from engine.trust.map_sanity import MapSanity
from tests.dashboard.made import open_page, page_html, page_text, sentences
from tests.dashboard.made_trust import make_sanity

PAGE = "views/explain/page.py"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Checks that take no time; the methods that were checked are noted."""
    methods: list[str] = []

    def quick(
        _model: object, _seen: object, item: Explanation, *, progress: Callable[..., None], **_named: Any
    ) -> MapSanity:
        progress("random weights", 1, 2)
        methods.append(item.method)
        return make_sanity(item.method, item.layer, item.target)

    monkeypatch.setattr(map_sanity, "map_sanity", quick)
    loaders._book.clear()
    yield methods
    loaders._book.clear()


def opened(home: AppTest, **address: str) -> AppTest:
    return open_page(home, PAGE, **address)


def test_maps_are_checked_further_on_demand_and_kept(home: AppTest, asked: list[str]) -> None:
    app = opened(home, sample="drawn-happy", methods="layercam", target="happy")
    assert not app.exception
    assert asked == []
    assert "fl-sanity" not in page_html(app).replace(".fl-sanity", "")
    assert any(caption.value.startswith("2 maps, each made 67 times: ") for caption in app.caption)
    app.button(key="check_sanity").click().run()
    assert not app.exception
    assert asked == ["gradcam", "layercam"]
    html = page_html(app)
    assert '<th scope="row">Grad-CAM for happy at block 4</th>' in html
    assert '<th scope="row">LayerCAM for happy at block 4</th>' in html
    assert "With every layer random" in page_text(app)
    # A matrix of the classes for each method.
    drawn = [json.loads(element.proto.spec or element.proto.figure.spec) for element in app.get("plotly_chart")]
    matrices = [chart["data"][0] for chart in drawn if chart["data"][0]["type"] == "heatmap"]
    assert [matrix["x"] for matrix in matrices] == [["happy", "sad"]] * 2
    assert matrices[0]["z"] == [[None, 0.2], [0.2, None]]
    assert {"Grad-CAM, block 4", "LayerCAM, block 4"} <= {caption.value for caption in app.caption}
    # What is known stays; a map that is added is asked alone.
    app.checkbox(key="method.hirescam").check().run()
    assert any("1 map, each made 67 times: " in caption.value for caption in app.caption)
    app.button(key="check_sanity").click().run()
    assert asked == ["gradcam", "layercam", "hirescam"]
    assert "check_sanity" not in [button.key for button in app.button]


def test_a_check_that_fails_says_so(home: AppTest, asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_given: object, **_named: object) -> MapSanity:
        raise UsageError("Grad-CAM cannot explain 'cbam': it has no gradient; choose another method.")

    monkeypatch.setattr(map_sanity, "map_sanity", refused)
    app = opened(home, sample="drawn-happy")
    app.button(key="check_sanity").click().run()
    assert not app.exception
    assert sentences(app) == ["Grad-CAM cannot explain 'cbam': it has no gradient; choose another method."]
