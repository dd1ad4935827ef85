"""Galleries: how large a tile is, and maps over every tile."""

from __future__ import annotations

import re
from typing import Any

from streamlit.testing.v1 import AppTest

from tests.dashboard.made import open_page, page_html

MISTAKES = "views/mistakes/page.py"
EVALUATION = "views/evaluation/page.py"


def opened(page: AppTest, file: str, **address: Any) -> AppTest:
    app = open_page(page, file, analysis="synthetic-test", **address)
    assert not app.exception
    return app


def test_one_size_of_tiles_is_for_every_gallery_and_in_the_address(page: AppTest) -> None:
    app = opened(page, MISTAKES, tile="180")
    assert app.slider(key="tile_size").value == 180
    assert ":root{--fl-tile:180px}" in page_html(app)
    app = app.slider(key="tile_size").set_value(96).run()
    assert ":root{--fl-tile:96px}" in page_html(app)
    assert app.query_params["tile"] == "96"
    app = app.switch_page("views/data/page.py").run()
    app = app.switch_page(MISTAKES).run()
    assert ":root{--fl-tile:96px}" in page_html(app)


def test_maps_lie_over_every_tile_that_the_lasso_caught(page: AppTest) -> None:
    app = opened(page, EVALUATION, tab="Embedding", area="box_-999_-999_999_999")
    total = len(re.findall(r'class="fl-tile" data-id=', page_html(app)))
    assert total == 24
    assert "Grad-CAM for" not in page_html(app)
    app = app.segmented_control(key="tiles_show").set_value("Grad-CAM").run()
    assert not app.exception
    html = page_html(app)
    assert html.count("Grad-CAM for ") + html.count("no positive evidence for") >= total
    assert app.query_params["tiles_show"] == "Grad-CAM"
    # Each tile leads through the whole of what was caught, not only through those shown.
    links = [link.proto.query_string for link in app.get("page_link") if link.proto.label == "Explain"]
    assert len(links) == total
    assert links[0].count("test%2F") == 35
    assert "from=35+of+the+embedding%40Evaluation" in links[0]


def test_maps_lie_over_what_two_models_differ_on(page: AppTest) -> None:
    app = open_page(page, "views/compare/page.py", models="baseline,cbam", on="synthetic-test")
    assert not app.exception
    tiles = page_html(app).count('class="fl-pick"')
    assert tiles
    assert "tiles_by" not in [one.key for one in app.segmented_control]
    app = app.segmented_control(key="tiles_show").set_value("Grad-CAM").run()
    assert not app.exception
    html = page_html(app)
    assert html.count('alt="Grad-CAM for ') + html.count("no positive evidence for ") >= tiles
    assert app.segmented_control(key="tiles_by").value == "baseline"
    app = app.segmented_control(key="tiles_show").set_value("last gate").run()
    assert any("baseline has no map of this kind" in one.value for one in app.caption)
    app = app.segmented_control(key="tiles_by").set_value("cbam").run()
    assert not app.exception
    assert page_html(app).count("block4.spatial, ") >= tiles
    assert app.query_params["tiles_by"] == "cbam"
