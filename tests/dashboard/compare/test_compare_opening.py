"""What Compare opens on with the models that come with FERLens, where FER2013 is not here."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.dashboard.made import ROOT, open_page

PAGE = "views/compare/page.py"


@pytest.fixture
def shipped(home: AppTest, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The app with the models of this checkout and no data set."""
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(ROOT / "checkpoints"))
    monkeypatch.setenv("FERLENS_DATA", "nowhere")
    return home


def line(app: AppTest) -> list[str]:
    return [one.value for one in app.caption if "whose pictures are here" in one.value]


def test_it_says_what_it_opened_on_and_offers_the_other_in_one_press(shipped: AppTest) -> None:
    app = open_page(shipped, PAGE)
    assert not app.exception
    assert app.multiselect(key="models").value == ["synthetic-baseline", "synthetic-cbam"]
    (said,) = line(app)
    assert said.startswith("synthetic-baseline and synthetic-cbam on the built-in faces, whose pictures are here.")
    assert "fer2013 are not on this machine" in said
    app.button(key="open_other").click().run()
    assert not app.exception
    assert app.multiselect(key="models").value == ["baseline", "cbam"]
    assert app.session_state["on"].startswith("fer2013-")
    assert not line(app)


def test_nothing_is_said_of_models_that_were_chosen(shipped: AppTest) -> None:
    assert not line(open_page(shipped, PAGE, models="synthetic-cbam,synthetic-spatial"))
