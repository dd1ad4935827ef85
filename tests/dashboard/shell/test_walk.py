"""A selection is walked through on every page that takes a picture, and tells where it came from."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.shell.origin import MOST, window
from engine.data.by_id import PictureIndex
from engine.data.picked import pack
from tests.dashboard.made import open_page, page_html, sentences

IDS = ("test/happy/00003", "test/sad/00005", "test/fear/00002")
ORIGIN = "3 pictures answered wrongly@Misclassifications?model=cbam&true=fear&look=test%2Fhappy%2F00003"
PAGES = ("views/explain/page.py", "views/what_if/page.py", "views/activations/page.py", "views/compare/page.py")


def opened(home: AppTest, page: str, **address: str) -> AppTest:
    return open_page(home, page, source="dataset", dataset="synthetic", id=",".join(IDS), **address)


def count(app: AppTest) -> str:
    html = page_html(app)
    return html.split('role="status">', 1)[1].split("<", 1)[0] if '"fl-count"' in html else ""


def back(app: AppTest) -> list[tuple[str, dict[str, list[str]]]]:
    links = [one.proto for one in app.get("page_link") if one.proto.icon == ":material/undo:"]
    return [(link.label, parse_qs(link.query_string)) for link in links]


@pytest.mark.parametrize("page", PAGES)
def test_it_is_walked_through_on_every_page_that_takes_a_picture(home: AppTest, page: str) -> None:
    app = opened(home, page, **{"from": ORIGIN})
    assert not app.exception
    assert not sentences(app)
    assert count(app) == "1 of 3"
    assert app.button(key="walk_previous").disabled
    app.button(key="walk_next").click().run()
    assert not app.exception
    assert count(app) == "2 of 3"
    assert app.query_params["which"] == "2"
    assert IDS[1] in page_html(app) + " ".join(one.value for one in app.caption)
    ((label, query),) = back(app)
    assert label == "Misclassifications: 3 pictures answered wrongly"
    assert query == {"model": ["cbam"], "true": ["fear"], "look": [IDS[1]]}  # the picture come to, not the one left
    app.button(key="walk_next").click().run()
    assert app.button(key="walk_next").disabled


def test_it_goes_along_to_the_next_page_and_ends_with_its_pictures(home: AppTest) -> None:
    app = opened(home, PAGES[0], which="2", **{"from": ORIGIN})
    app.switch_page(PAGES[2]).run()
    assert not app.exception
    assert count(app) == "2 of 3"
    assert app.query_params["from"] == ORIGIN
    assert len(back(app)) == 1
    app.text_input(key="id").set_value(IDS[0]).run()
    assert back(app) == []
    assert "from" not in app.query_params
    assert count(app) == ""


def test_an_origin_that_is_none_is_said(home: AppTest) -> None:
    app = opened(home, PAGES[0], **{"from": "x@Nowhere?a=b"})
    assert not app.exception
    assert any("Expected a page to go back to, got 'Nowhere'" in said for said in sentences(app))
    assert back(app) == []
    assert count(app) == "1 of 3"


def test_one_picture_that_nobody_selected_has_no_way_through(home: AppTest) -> None:
    app = open_page(home, PAGES[0], sample="drawn-happy")
    assert count(app) == ""
    assert back(app) == []
    assert "walk_next" not in [button.key for button in app.button]


def large(home: AppTest, page: str, at: int, count: int = 250) -> AppTest:
    """Open one of many pictures as a page of selections links to it."""
    ids = list(reversed(synthetic_ids(count)))
    some, index = window(ids, at)
    places = {name: place for place, name in enumerate(PictureIndex("synthetic", None).ids("all"))}
    asked = {"source": "dataset", "dataset": "synthetic", "id": ",".join(some), "which": str(index + 1)}
    return open_page(home, page, **asked, all=pack(ids, places), **{"from": ORIGIN})


def synthetic_ids(count: int) -> tuple[str, ...]:
    return PictureIndex("synthetic", None).ids("test")[:count]


def test_more_pictures_than_the_address_holds_are_all_walked_through(home: AppTest) -> None:
    app = large(home, PAGES[0], 99)
    ids = tuple(reversed(synthetic_ids(250)))
    assert not app.exception
    assert not sentences(app)
    assert count(app) == "100 of 250"
    app.query_params["which"] = "100"  # the last one that is in the address
    app.run()
    assert count(app) == "149 of 250"
    for wanted in ("150 of 250", "151 of 250"):  # and beyond it
        app.button(key="walk_next").click().run()
        assert not app.exception
        assert not sentences(app)
        assert count(app) == wanted
    assert ids[150] in " ".join(one.value for one in app.caption)
    assert len(app.text_input(key="id").value.split(",")) == MOST
    assert len(back(app)) == 1
    app.button(key="walk_previous").click().run()
    assert count(app) == "150 of 250"
    assert app.query_params["all"]


def test_a_packed_selection_of_others_is_said_and_those_in_the_address_are_walked_through(home: AppTest) -> None:
    app = opened(home, PAGES[2], all="AAAA", **{"from": ORIGIN})
    assert not app.exception
    assert any("select the pictures anew" in said for said in sentences(app))
    assert count(app) == "1 of 3"
    assert "all" not in app.query_params
    app.text_input(key="id").set_value(IDS[0]).run()
    assert not sentences(app)
