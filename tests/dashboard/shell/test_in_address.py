"""Choices that live in the address under a name of their own: how maps are drawn, which face, which channel."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.dashboard.made import open_page, page_html, sentences

EXPLAIN = "views/explain/page.py"


def said(app: AppTest, key: str) -> str:
    value = app.query_params.get(key, "")
    return value if isinstance(value, str) else ",".join(value)


def test_a_choice_is_written_and_its_default_is_left_out(home: AppTest) -> None:
    app = open_page(home, EXPLAIN)
    assert said(app, "opacity") == ""
    app.slider(key="opacity").set_value(0.3).run()
    assert said(app, "opacity") == "0.3"
    app.slider(key="opacity").set_value(0.55).run()
    assert said(app, "opacity") == ""
    app.segmented_control(key="scale").set_value("stretch").run()
    assert said(app, "scale") == "stretch"
    app.selectbox(key="channel_layer").set_value("block1.channel").run()
    assert said(app, "channel_block") == "block1.channel"
    assert not app.exception


def test_the_address_is_followed_when_it_changes_and_only_then(home: AppTest) -> None:
    app = open_page(home, EXPLAIN, opacity="0.3", grid="cells")
    assert app.slider(key="opacity").value == pytest.approx(0.3)
    assert app.segmented_control(key="grid").value == "cells"
    app.slider(key="opacity").set_value(0.8).run()  # the choice, not the old address
    assert app.slider(key="opacity").value == pytest.approx(0.8)
    assert said(app, "opacity") == "0.8"
    app.query_params["opacity"] = "0.1"  # the browser's way back
    app.run()
    assert app.slider(key="opacity").value == pytest.approx(0.1)


def test_an_unknown_name_is_said_with_the_valid_ones(home: AppTest) -> None:
    app = open_page(home, EXPLAIN, scale="huge", opacity="7")
    assert not app.exception
    scale, opacity = sentences(app)
    assert scale == "Unknown scale 'huge' in the address; valid: fixed, shared, stretch."
    assert opacity.startswith("Unknown opacity '7' in the address; valid: 0, 0.05, 0.1, ")
    assert said(app, "scale") == ""


def test_a_choice_outlives_another_page_and_is_written_there(home: AppTest) -> None:
    app = open_page(home, EXPLAIN, sample="drawn-happy", colors="magma")
    del app.query_params["colors"]  # a link of the menu does not carry it
    app.switch_page("views/compare/page.py").run()
    assert not app.exception
    assert app.selectbox(key="colors").value == "magma"
    assert said(app, "colors") == "magma"


def test_which_picture_of_a_selection_is_shown_is_in_the_address(home: AppTest) -> None:
    ids = "test/happy/00003,test/sad/00005"
    app = open_page(home, EXPLAIN, source="dataset", dataset="synthetic", id=ids, which="2")
    assert not app.exception
    assert app.selectbox(key="picture_index").value == 1
    assert "label is <b>sad</b>" in page_html(app)
    assert said(app, "which") == "2"
