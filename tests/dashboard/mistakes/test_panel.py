"""The side panel: a picture that is looked at, its votes beside the model, and the way to the ones before and after."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.views.mistakes.panel import walk
from engine.analysis.store.store import AnalysisStore, open_store
from engine.data.votes.file import read_votes
from tests.dashboard.made import open_page, page_html, sentences

PAGE = "views/mistakes/page.py"
VOTED = {"analysis": "fer2013-private", "shown": "all"}


@pytest.fixture
def joined(voted_page: AppTest, voted_store: Path, seen_file: Path) -> AnalysisStore:
    return open_store(["cbam"], "fer2013", "private", folder=voted_store, votes=read_votes(seen_file))


def opened(app: AppTest, **address: Any) -> AppTest:
    return open_page(app, PAGE, **(VOTED | address))


def shown(app: AppTest) -> list[str]:
    return re.findall(r'class="fl-tile" data-id="(.*?)"', page_html(app))


def panel(app: AppTest) -> str:
    """The id of the picture that the panel shows, empty where it is closed."""
    found = re.findall(r'class="fl-panel-id">(.*?)<', page_html(app))
    return found[0] if found else ""


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception
    return app


def test_a_click_on_a_tile_opens_the_panel_and_the_address_keeps_it(voted_page: AppTest, joined: AnalysisStore) -> None:
    app = opened(voted_page)
    assert panel(app) == ""
    wanted = next(name for name in shown(app) if joined.picture(name)["majority"] == "contempt")
    press(app, f"look.{wanted}")
    assert panel(app) == wanted
    assert wanted in app.query_params["look"]
    html = page_html(app)
    row = joined.picture(wanted)
    assert re.search(rf"<dt>label</dt><dd>.*?{row['label']}</dd>", html)
    assert re.search(r"<dt>most people saw</dt><dd>.*?contempt</dd>", html)
    assert re.search(rf"<dt>cbam</dt><dd>.*?{row['predicted']}</dd>", html)
    table = re.search(r'<table class="fl-beside">.*?</table>', html)
    assert table is not None
    assert 'aria-label="angry: 4 of 10 people, model ' in table[0]
    assert 'aria-label="contempt: 6 of 10 people"' in table[0]  # a class that the model does not know
    assert '<tr class=fl-of-answer><th scope="row">' + row["predicted"] in table[0]
    assert "no face" not in table[0]
    assert html.count('<div class="fl-chosen">') == 1
    links = [link.proto for link in app.get("page_link") if link.proto.label == "Open in Explain"]
    assert len(links) == 1
    assert "id=" in links[0].query_string
    press(app, "panel_close")
    assert panel(app) == ""
    assert "look" not in app.query_params


def test_it_walks_through_what_the_filters_leave(voted_page: AppTest) -> None:
    app = opened(voted_page, sort="least confident")
    ids = shown(app)
    assert len(ids) == 14
    press(app, f"look.{ids[0]}")
    assert app.button(key="panel_previous").disabled
    assert "1 of 14" in page_html(app)
    press(app, "panel_next")
    press(app, "panel_next")
    assert panel(app) == ids[2]
    press(app, "panel_previous")
    assert panel(app) == ids[1]
    last = opened(voted_page, sort="least confident", look=ids[-1])
    assert panel(last) == ids[-1]
    assert last.button(key="panel_next").disabled


def test_it_walks_through_the_ticked_alone(voted_page: AppTest) -> None:
    ids = shown(opened(voted_page))
    app = opened(voted_page, picked=[ids[1], ids[7]], look=ids[1], through="selected")
    assert "1 of 2" in page_html(app)
    press(app, "panel_next")
    assert panel(app) == ids[7]
    assert app.button(key="panel_next").disabled
    app.segmented_control(key="through").set_value("shown").run()
    assert "8 of 14" in page_html(app)


def test_the_gallery_goes_along_page_by_page(voted_page: AppTest) -> None:
    names = [f"picture {number}" for number in range(60)]
    at = walk(names, "picture 23", 24)
    assert (at.beside(1), at.page_of(1)) == ("picture 24", 2)
    assert (at.beside(-1), at.page_of(-1)) == ("picture 22", 1)
    assert walk(names, "picture 59", 24).beside(1) is None
    assert walk(names, "picture 0", 24).beside(-1) is None
    assert walk(names, "elsewhere", 24).place is None
    assert walk(names, "elsewhere", 24).beside(1) is None
    assert walk(names, "picture 5").page_of(1) is None


def test_a_picture_that_the_filters_leave_out_stays_and_says_so(voted_page: AppTest) -> None:
    ids = shown(opened(voted_page))
    app = opened(voted_page, look=next(name for name in ids if "/happy/" in name))
    app.multiselect(key="true").set_value(["sad"]).run()
    assert "/happy/" in panel(app)
    assert "not among the 2 shown" in page_html(app)
    assert app.button(key="panel_next").disabled


def test_an_unknown_picture_is_a_sentence(voted_page: AppTest) -> None:
    app = opened(voted_page, look="nothing like it")
    assert not app.exception
    assert panel(app) == ""
    assert any("no picture 'nothing like it' to look at" in said for said in sentences(app))


def test_without_votes_the_panel_has_the_models_bars_alone(
    voted_page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FERLENS_VOTES")
    ids = shown(opened(voted_page))
    app = opened(voted_page, look=ids[0])
    app.sidebar.selectbox(key="against").set_value("baseline").run()
    assert not app.exception
    html = page_html(app)
    assert "most people saw" not in html
    assert "people, model" not in html
    assert 'aria-label="angry: model ' in html
    assert "<dt>baseline</dt>" in html


def test_without_the_picture_the_figures_are_there(
    voted_page: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = shown(opened(voted_page))
    monkeypatch.setenv("FERLENS_DATA", str(tmp_path / "nowhere"))
    app = opened(voted_page, look=ids[0])
    assert not app.exception
    assert panel(app) == ids[0]
    assert "of 10 people, model" in page_html(app)


def test_the_panel_survives_a_visit_to_another_page(voted_page: AppTest) -> None:
    ids = shown(opened(voted_page))
    app = opened(voted_page, look=ids[3])
    app.query_params.clear()
    app.switch_page("views/evidence/page.py").run()
    app.query_params.clear()
    app.switch_page(PAGE).run()
    assert panel(app) == ids[3]


def test_the_nearest_pictures_stand_in_the_panel_and_lead_on(page: AppTest) -> None:
    app = open_page(page, PAGE, analysis="synthetic-test", shown="all")
    first = shown(app)[0]
    app = open_page(page, PAGE, analysis="synthetic-test", shown="all", look=first)
    assert not app.exception
    near = re.findall(r'class="fl-near" data-id="(.*?)"', page_html(app))
    assert len(near) == 6
    assert first not in near
    app = app.button(key=f"near.{near[0]}").click().run()
    assert not app.exception
    assert app.query_params["look"] == [near[0]] or app.query_params["look"] == near[0]
    assert near[0] not in re.findall(r'class="fl-near" data-id="(.*?)"', page_html(app))
