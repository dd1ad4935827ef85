"""Saved views: the page as it stands, kept by name, listed on every page, opened, renamed, removed."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.shell.saved_views import csv_of, view_html
from engine.data.saved_views import read_views, save_view
from tests.dashboard.made import open_page, page_html, sentences

EXPLAIN = "views/explain/page.py"
MISTAKES = "views/mistakes/page.py"
HOSTILE = '<b>x</b> [y](javascript:1) "&amp;'


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FERLENS_TAGS", str(tmp_path / "tags.csv"))
    return tmp_path / "views.csv"  # beside the tags


def window(app: AppTest) -> AppTest:
    app.button(key="views").click().run()
    assert not app.exception
    return app


def links(app: AppTest) -> list[tuple[str, str]]:
    found = re.findall(r'<a class="fl-view" href="([^"]*)"[^>]*>(.*?)</a>', page_html(app))
    return [(unescape(href), unescape(label)) for href, label in found]


def test_a_view_is_saved_with_all_that_is_chosen_and_listed_on_another_page(page: AppTest, file: Path) -> None:
    app = window(open_page(page, MISTAKES, analysis="synthetic-test", true="fear", shown="all"))
    assert links(app) == []
    app.text_input(key="view_name").set_value(HOSTILE)
    (save,) = [one for one in app.button if one.label == "Save"]
    save.click().run()
    assert not app.exception
    (address,) = read_views(file).values()
    assert address.startswith("Misclassifications?")
    assert {"analysis=synthetic-test", "true=fear", "shown=all"} <= set(address.split("?")[1].split("&"))
    app.switch_page("views/models/page.py").run()
    assert links(window(app)) == [(address, HOSTILE)]


def test_it_is_renamed_and_removed(home: AppTest, file: Path) -> None:
    save_view(file, "one", "Explain?sample=astronaut")
    save_view(file, "two", "Data")
    app = window(home.run())
    app.button(key="view_rename.0").click().run()
    app = window(app)
    app.text_input(key="view_new_name").set_value("two").run()
    assert list(read_views(file)) == ["one", "two"]
    assert any("not taken, got 'two'" in said for said in sentences(window(app)))
    app.button(key="view_rename.0").click().run()
    app = window(app)
    app.text_input(key="view_new_name").set_value("first").run()
    assert read_views(file) == {"first": "Explain?sample=astronaut", "two": "Data"}
    app = window(app)
    app.button(key="view_remove.1").click().run()
    assert list(read_views(file)) == ["first"]
    assert csv_of(read_views(file)) == "name,address\nfirst,Explain?sample=astronaut\n"


@pytest.mark.parametrize(
    "address", ["//elsewhere.example/x", "javascript:alert(1)", "Nowhere?a=1", "https://a.example"]
)
def test_what_leads_elsewhere_is_no_link(address: str) -> None:
    html = view_html("<i>x</i>", address)
    assert "href" not in html
    assert "<i>" not in html
    assert "leads to no page" in html


def test_a_damaged_file_is_a_sentence(home: AppTest, file: Path) -> None:
    file.write_text("no views", encoding="utf-8")
    assert any("'views.csv'" in said for said in sentences(window(home.run())))
    assert file.read_text(encoding="utf-8") == "no views"


def test_visitors_who_may_change_nothing_are_offered_none(
    home: AppTest, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_view(file, "one", "Data")
    monkeypatch.setenv("FERLENS_ALLOW_ADDING", "no")
    assert "views" not in [one.key for one in home.run().button]
