"""The embedding, the matrix and the gallery of mistakes select each other."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs

from streamlit.testing.v1 import AppTest

from tests.dashboard.made import open_page, page_html, page_text, sentences

MISTAKES = "views/mistakes/page.py"
EVALUATION = "views/evaluation/page.py"


def tiles(app: AppTest) -> list[str]:
    return re.findall(r'class="fl-tile" data-id="(.*?)"', page_html(app))


def count(app: AppTest) -> int:
    return int(re.findall(r"<b>(\d+) picture", page_html(app))[0])


def link(app: AppTest, label: str, which: int = 0) -> dict[str, str]:
    found = [one.proto for one in app.get("page_link") if one.proto.label == label]
    return {key: values[0] for key, values in parse_qs(found[which].query_string).items()}


def chart(app: AppTest) -> dict[str, Any]:
    drawn: dict[str, Any] = json.loads(app.get("plotly_chart")[0].proto.spec)
    return drawn


def selected(drawn: dict[str, Any]) -> set[int]:
    return {
        trace["customdata"][place]
        for trace in drawn["data"]
        if trace["name"] != "looked at"
        for place in trace.get("selectedpoints") or []
    }


def test_a_cell_stands_out_in_the_embedding_and_leads_to_its_matrix(page: AppTest) -> None:
    app = open_page(page, MISTAKES, analysis="synthetic-test")
    first, wrong = tiles(app)[0], count(app)
    app.button(key=f"look.{first}").click().run()
    assert not app.exception
    # The picture that is looked at has a ring in its cell.
    assert [shape["name"] for shape in chart(app)["layout"]["shapes"] if shape["type"] == "circle"] == ["looked at"]
    asked = link(app, "In the embedding")
    assert asked["look"] == first
    assert asked["from"].startswith(f"{wrong} pictures answered wrongly@Misclassifications")
    app = open_page(app, EVALUATION, **asked)
    assert not app.exception
    assert not sentences(app)
    drawn = chart(app)
    assert len(selected(drawn)) == wrong
    (ring,) = [trace for trace in drawn["data"] if trace["name"] == "looked at"]
    assert ring["hovertext"] == first
    assert f"<b>{wrong} selected, {wrong} answered wrongly</b>" in page_html(app)  # and its gallery is theirs
    assert f"{wrong} selected pictures stand out" in page_text(app)
    # From there to the matrix of these alone.
    app = open_page(app, MISTAKES, **link(app, "In the matrix"))
    assert not app.exception
    assert sum(sum(row) for row in chart(app)["data"][0]["z"]) == wrong
    assert count(app) == wrong
    assert f"Only the {wrong} selected pictures" in page_text(app)
    app.button(key="among_clear").click().run()
    assert "among" not in app.query_params
    assert count(app) > wrong


def test_a_lasso_leads_to_the_matrix_of_what_it_caught(page: AppTest) -> None:
    app = open_page(
        page, EVALUATION, analysis="synthetic-test", tab="Embedding", area="box_-999_-999_999_0"
    )  # fmt: skip
    assert not app.exception
    caught = int(re.findall(r"<b>(\d+) selected", page_html(app))[0])
    assert 0 < caught < 35
    app = open_page(app, MISTAKES, **link(app, "In the matrix"))
    assert not app.exception
    assert sum(sum(row) for row in chart(app)["data"][0]["z"]) == caught


def test_a_selection_of_other_pictures_is_said_and_left_out(page: AppTest) -> None:
    app = open_page(page, MISTAKES, analysis="synthetic-test", among="eJwDAAAAAAE")
    assert not app.exception
    assert any("Expected a selection" in said for said in sentences(app))
    assert "among" not in app.query_params
