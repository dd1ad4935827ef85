"""What is shared between pages and what is not, and what a link names however early it is followed."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.shell import frame, state
from tests.dashboard.made import open_page

EXPLAIN, COMPARE, WHAT_IF = "views/explain/page.py", "views/compare/page.py", "views/what_if/page.py"


def test_a_pages_own_choice_is_not_among_the_shared_ones() -> None:
    shared = [key for keys in state.SHARED.values() for key in keys]
    assert len(shared) == len(set(shared))
    assert not {state.LAYER, state.TARGET, state.MINUS} & set(shared)
    assert {state.MODEL, *state.PICTURE_KEYS} <= set(shared)


@pytest.mark.parametrize("other", [COMPARE, WHAT_IF])
def test_a_layer_and_class_of_one_page_never_change_anothers(home: AppTest, other: str) -> None:
    app = open_page(home, EXPLAIN, sample="drawn-happy", layer="block2", target="fear")
    for key in ("layer", "target"):  # a link of the menu does not carry them
        del app.query_params[key]
    app.switch_page(other).run()
    assert not app.exception
    assert app.selectbox(key="layer").value == "block4"
    assert app.selectbox(key="target").value == "predicted"
    app.selectbox(key="layer").set_value("block3").run()
    app.selectbox(key="target").set_value("sad").run()
    for key in ("layer", "target"):
        del app.query_params[key]
    app.switch_page(EXPLAIN).run()
    assert app.selectbox(key="layer").value == "block2"
    assert app.selectbox(key="target").value == "fear"
    assert app.query_params["layer"] in ("block2", ["block2"])
    assert not app.exception


def test_a_model_that_nobody_chose_is_each_pages_own(home: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame, "_usual_model", lambda page: "baseline" if page == "Misclassifications" else "cbam")
    app = home.run()
    assert app.selectbox(key="model").value == "cbam"
    app.switch_page("views/mistakes/page.py").run()
    assert app.selectbox(key="model").value == "baseline"
    app.switch_page(EXPLAIN).run()
    assert app.selectbox(key="model").value == "cbam"
    app.sidebar.selectbox(key="model").set_value("baseline").run()
    app.sidebar.selectbox(key="model").set_value("cbam").run()  # now chosen
    app.switch_page("views/mistakes/page.py").run()
    assert app.selectbox(key="model").value == "cbam"
    assert not app.exception
