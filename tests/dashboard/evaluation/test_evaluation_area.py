"""The area around points of the embedding, in the address of the Evaluation page."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.views.evaluation.figures import embedding
from dashboard.views.evaluation.figures.embedding import read_selection
from tests.dashboard.made import open_page, page_html, sentences
from tests.dashboard.made_report import Caught

PAGE = "views/evaluation/page.py"
CHART = "evaluation_embedding.PCA of the features.true class"


def opened(home: AppTest, **address: Any) -> AppTest:
    return open_page(home, PAGE, **({"analysis": "synthetic-test", "tab": "Embedding"} | address))


def figure(app: AppTest) -> dict[str, Any]:
    (element,) = app.get("plotly_chart")
    found: dict[str, Any] = json.loads(element.proto.spec or element.proto.figure.spec)
    return found


def points(app: AppTest) -> np.ndarray:
    """(35, 2), where the picture at each position lies."""
    places = np.full((35, 2), np.nan)
    for trace in figure(app)["data"]:
        places[trace["customdata"]] = np.stack([trace["x"], trace["y"]], axis=1)
    return places


def said(app: AppTest) -> str:
    value = app.query_params.get("area", "")
    return value if isinstance(value, str) else ",".join(value)


def tiles(app: AppTest) -> set[str]:
    return set(re.findall(r'class="fl-tile" data-id="(.*?)"', page_html(app)))


def left_half(places: np.ndarray) -> tuple[str, set[int]]:
    """A box around the ten leftmost points, and which they are."""
    order = np.argsort(places[:, 0])
    edge = float(places[order[9:11], 0].mean())
    return f"box_-999_-999_{edge:.4f}_999", set(order[:10].tolist())


def ids(store: Path) -> list[str]:
    rows = pq.read_table(store / "cbam/analysis/synthetic-test/predictions.parquet").to_pylist()
    return [row["id"] for row in rows]


def test_an_address_selects_and_draws_its_area(page: AppTest, store: Path) -> None:
    app = opened(page)
    text, wanted = left_half(points(app))
    assert "selections" not in figure(app)["layout"] or not figure(app)["layout"]["selections"]
    assert all("selectedpoints" not in trace for trace in figure(app)["data"])
    app.query_params["area"] = text
    app.run()
    assert not app.exception
    assert not sentences(app)
    assert tiles(app) == {ids(store)[at] for at in wanted}
    drawn = figure(app)
    chosen = {trace["customdata"][at] for trace in drawn["data"] for at in trace["selectedpoints"]}
    assert chosen == wanted
    (outline,) = drawn["layout"]["selections"]
    assert outline["type"] == "rect"
    assert said(app) == text
    # Another colour is another chart of the same plane: the area stays. Another layout has none.
    app.segmented_control(key="colour").set_value("answer").run()
    assert tiles(app) == {ids(store)[at] for at in wanted}
    assert said(app) == text
    app.button(key="clear_area").click().run()
    assert not app.exception
    assert said(app) == ""
    assert tiles(app) == set()
    app.query_params["area"] = text
    app.run()
    app.segmented_control(key="layout").set_value("t-SNE of the logits").run()
    assert not app.exception
    assert said(app) == ""
    assert tiles(app) == set()


def test_a_drawn_lasso_is_written_and_opens_again(page: AppTest, store: Path, report: Caught) -> None:
    app = opened(page)
    places = points(app)
    around = places[np.argsort(places[:, 0])[:5]]
    (low_x, low_y), (high_x, high_y) = around.min(axis=0) - 1e-3, around.max(axis=0) + 1e-3
    inside = np.flatnonzero(((places >= (low_x, low_y)) & (places <= (high_x, high_y))).all(axis=1))
    side = np.linspace(0, 1, 50)
    x = np.concatenate([low_x + (high_x - low_x) * side, np.full(50, high_x), [high_x, low_x]])
    y = np.concatenate([np.full(50, low_y), low_y + (high_y - low_y) * side, [high_y, high_y]])
    app.session_state[CHART] = {
        "selection": {
            "points": [{"customdata": int(at)} for at in inside],
            "point_indices": [],
            "box": [],
            "lasso": [{"x": x.tolist(), "y": y.tolist()}],
        }
    }
    app.run()
    assert not app.exception
    assert tiles(app) == {ids(store)[at] for at in inside}
    text = said(app)
    assert len(read_selection(text).areas[0].x) <= 8
    assert not any("not in the address" in caption.value for caption in app.caption)
    assert report.document["query"]["area"] == [text]
    assert report.document["notes"] == []
    again = opened(page, area=text)
    assert tiles(again) == {ids(store)[at] for at in inside}


def test_a_selection_that_no_area_says_is_said_not_to_be_kept(
    page: AppTest, report: Caught, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "EXCEPTIONS_MOST", 5)
    app = opened(page)
    whole = {"x": [-999.0, 999.0], "y": [-999.0, 999.0]}  # all 35 points, of which the chart reports one
    app.session_state[CHART] = {
        "selection": {"points": [{"customdata": 3}], "point_indices": [], "box": [whole], "lasso": []}
    }
    app.run()
    assert not app.exception
    assert len(tiles(app)) == 1
    assert said(app) == ""
    assert any("This selection is not in the address" in caption.value for caption in app.caption)
    assert any("This selection is not in the address" in note for note in report.document["notes"])


@pytest.mark.parametrize("area", ["circle_1_2", "<script>"])
def test_what_is_no_area_is_a_sentence(page: AppTest, area: str) -> None:
    app = opened(page, area=area)
    assert not app.exception
    assert any(line.startswith("Expected an area as box_x_y_x_y") for line in sentences(app))
    assert said(app) == ""
    assert tiles(app) == set()


def test_an_area_outlives_another_page_and_comes_back_by_the_menu(page: AppTest, store: Path) -> None:
    app = opened(page)
    text, wanted = left_half(points(app))
    app.query_params["area"] = text
    app.run()
    app.query_params.clear()
    app.switch_page("views/evidence/page.py").run()
    app.query_params.clear()
    app.switch_page(PAGE).run()
    assert not app.exception
    assert tiles(app) == {ids(store)[at] for at in wanted}
    assert said(app) == text
