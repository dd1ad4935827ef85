"""Tags of the picture shown, kept in a file."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.shell.tagging import csv_of
from engine.data.tags import read_tags, set_tags
from tests.dashboard.made import SAMPLES, open_page, page_html, sentences

EXPLAIN = "views/explain/page.py"
IDS = ("test/happy/00003", "test/sad/00005")
NAME = f"synthetic:{IDS[0]}"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "tags.csv"
    monkeypatch.setenv("FERLENS_TAGS", str(place))
    return place


def opened(home: AppTest, page: str = EXPLAIN) -> AppTest:
    app = open_page(home, page, source="dataset", dataset="synthetic", id=",".join(IDS))
    assert not app.exception
    return app


def test_tags_are_kept_and_follow_their_picture(home: AppTest, file: Path) -> None:
    app = opened(home)
    app.multiselect(key=f"tags.{NAME}").set_value(["blurry", "glasses"]).run()
    assert not app.exception
    assert read_tags(file) == {NAME: ("blurry", "glasses")}
    app.button(key="walk_next").click().run()
    menu = app.multiselect(key=f"tags.synthetic:{IDS[1]}")
    assert menu.value == []
    assert menu.options == ["blurry", "glasses"]  # a tag that was used is offered again
    app.button(key="walk_previous").click().run()
    app.multiselect(key=f"tags.{NAME}").set_value(["glasses"]).run()
    assert read_tags(file) == {NAME: ("glasses",)}
    assert csv_of(read_tags(file)) == f"picture,tag\n{NAME},glasses\n"
    # The same picture on another page has them.
    app.switch_page("views/activations/page.py").run()
    assert app.multiselect(key=f"tags.{NAME}").value == ["glasses"]


def test_a_picture_handed_in_is_known_by_its_content(home: AppTest, file: Path) -> None:
    app = open_page(home, EXPLAIN, source="upload")
    data = (SAMPLES / "astronaut.jpg").read_bytes()
    app.file_uploader(key="upload").upload("me.jpg", data, "image/jpeg").run()
    (menu,) = [one for one in app.multiselect if str(one.key).startswith("tags.sha256:")]
    menu.set_value(["me"]).run()
    assert list(read_tags(file).values()) == [("me",)]


def test_a_bad_tag_and_a_damaged_file_are_sentences(home: AppTest, file: Path) -> None:
    app = opened(home)
    app.multiselect(key=f"tags.{NAME}").set_value(["x" * 60]).run()
    assert not app.exception
    assert any("Expected a tag of 1 to 40 letters, got 60" in said for said in sentences(app))
    assert read_tags(file) == {}
    file.write_text("no tags", encoding="utf-8")
    app.run()
    assert not app.exception
    assert any("'tags.csv'" in said for said in sentences(app))


def test_visitors_who_may_change_nothing_are_offered_none(
    home: AppTest, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FERLENS_ALLOW_ADDING", "no")
    app = opened(home)
    assert not [one for one in app.multiselect if str(one.key).startswith("tags.")]
    assert not file.exists()


def tagged(page: AppTest, file: Path) -> tuple[str, str]:
    """Tag two pictures of the analysed ones, one of them of another data set's name, too."""
    app = open_page(page, "views/mistakes/page.py", analysis="synthetic-test", shown="all")
    ids = tuple(re.findall(r'class="fl-tile" data-id="(.*?)"', page_html(app))[:2])
    set_tags(file, f"synthetic:{ids[0]}", ["glasses"])
    set_tags(file, f"synthetic:{ids[1]}", ["glasses", "blurry"])
    set_tags(file, f"fer2013:{ids[1]}", ["glasses"])
    return ids[0], ids[1]


def test_the_gallery_of_mistakes_is_filtered_by_tag(page: AppTest, file: Path) -> None:
    ids = tagged(page, file)
    app = page.run()
    assert app.selectbox(key="tag").options == ["any", "blurry · 1", "glasses · 2"]
    app = app.selectbox(key="tag").set_value("glasses").run()
    assert not app.exception
    shown = re.findall(r'class="fl-tile" data-id="(.*?)"', page_html(app))
    assert sorted(shown) == sorted(ids)
    assert app.query_params["tag"] == "glasses"
    app = app.selectbox(key="tag").set_value("blurry").run()
    assert re.findall(r'class="fl-tile" data-id="(.*?)"', page_html(app)) == [ids[1]]
    (clear,) = [one for one in app.button if one.label == "Clear"]
    app = clear.click().run()
    assert "tag" not in app.query_params
    # What the embedding's lasso caught is filtered, too.
    app = open_page(
        app, "views/evaluation/page.py", analysis="synthetic-test", tab="Embedding", area="box_-999_-999_999_999",
        tag="blurry",
    )  # fmt: skip
    assert not app.exception
    assert re.findall(r'class="fl-tile" data-id="(.*?)"', page_html(app)) == [ids[1]]


def test_the_gallery_of_a_comparison_is_filtered_by_tag(page: AppTest, file: Path) -> None:
    app = open_page(page, "views/compare/page.py", models="baseline,cbam", on="synthetic-test")
    assert not app.exception
    assert "tag" not in [one.key for one in app.selectbox]  # nothing is tagged yet
    found = [one.proto.query_string for one in app.get("page_link") if one.proto.label == "cbam"]
    assert page_html(app).count('class="fl-pick"') == len(found) > 1
    (first, *_) = parse_qs(found[0])["id"][0].split(",")
    set_tags(file, f"synthetic:{first}", ["glasses"])
    app = app.run().selectbox(key="tag").set_value("glasses").run()
    assert not app.exception
    assert page_html(app).count('class="fl-pick"') == 1


def test_nobody_sees_tags_where_nothing_may_be_kept(page: AppTest, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tagged(page, file)
    monkeypatch.setenv("FERLENS_ALLOW_ADDING", "no")
    app = page.run()
    assert "tag" not in [one.key for one in app.selectbox]
