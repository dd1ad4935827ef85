"""Pictures that the model answers like the one shown, on Explain."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

from streamlit.testing.v1 import AppTest

from dashboard.views.explain.alike import SHOWN, TITLE
from tests.dashboard.made import SAMPLES, open_page, page_html, page_text

EXPLAIN = "views/explain/page.py"
PICTURE = "test/happy/00003"


def tiles(app: AppTest) -> list[str]:
    return re.findall(r'class="fl-tile" data-id="(.*?)"', page_html(app))


def links(app: AppTest) -> list[dict[str, list[str]]]:
    found = re.findall(r'<a class="fl-view" href="([^"]*)"[^>]*aria-label="Explain ', page_html(app))
    return [parse_qs(urlsplit(unescape(href)).query) for href in found]


def test_nothing_is_looked_for_while_it_is_folded(page: AppTest) -> None:
    app = open_page(page, EXPLAIN, source="dataset", dataset="synthetic", id=PICTURE)
    assert not app.exception
    assert TITLE in [one.label for one in app.expander]
    assert tiles(app) == []


def test_a_picture_of_the_data_leads_to_those_alike_and_back(page: AppTest) -> None:
    app = open_page(page, EXPLAIN, source="dataset", dataset="synthetic", id=PICTURE, alike="true")
    assert not app.exception
    found = tiles(app)
    assert len(found) == SHOWN
    assert PICTURE not in found
    cosines = [float(one) for one in re.findall(r"alike (-?[\d.]+)</div>", page_html(app))]
    assert cosines == sorted(cosines, reverse=True)
    asked = links(app)
    assert [one["which"][0] if "which" in one else "1" for one in asked] == [str(at + 1) for at in range(SHOWN)]
    assert all(one["id"] == [",".join(found)] for one in asked)
    origin = asked[0]["from"][0]
    assert origin.startswith(f"{SHOWN} like {PICTURE}")
    assert PICTURE in parse_qs(origin.split("?", 1)[1])["id"]


def test_the_way_back_leads_to_another_view_of_this_page(page: AppTest) -> None:
    origin = f"12 like {PICTURE}@Explain?source=dataset&dataset=synthetic&id={PICTURE}&alike=true"
    ids = "test/sad/00005,test/fear/00002"
    app = open_page(page, EXPLAIN, source="dataset", dataset="synthetic", id=ids, **{"from": origin})
    assert not app.exception
    assert "1 of 2" in page_html(app)
    (back,) = re.findall(r'<a class="fl-view" href="([^"]*)"[^>]*>↶ Explain: 12 like', page_html(app))
    assert parse_qs(urlsplit(unescape(back)).query)["id"] == [PICTURE]


def test_a_picture_handed_in_has_neighbours_too(page: AppTest) -> None:
    app = open_page(page, EXPLAIN, source="upload", alike="true")
    data = (SAMPLES / "astronaut.jpg").read_bytes()
    app.file_uploader(key="upload").upload("me.jpg", data, "image/jpeg").run()
    assert not app.exception
    assert len(tiles(app)) == SHOWN
    assert len(set(tiles(app))) == SHOWN


def test_where_nothing_is_stored_one_sentence_says_so(home: AppTest) -> None:
    app = open_page(home, EXPLAIN)
    assert not app.exception
    assert TITLE not in [one.label for one in app.expander]
    assert f"{TITLE}: none are known, since cbam was not analysed yet." in page_text(app)
