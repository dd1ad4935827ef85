from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard.views.data.figures.people import majority_table
from dashboard.views.data.people import suspicion_words
from engine.analysis.people import Part, PeopleOnSuspicions
from engine.data import drawn
from engine.labels import EMOTIONS, VOCABULARY
from tests.dashboard.made import open_page, page_html, sentences

PAGE = "views/data/page.py"


def opened(app: AppTest, **address: Any) -> AppTest:
    st.cache_resource.clear()
    st.cache_data.clear()
    return open_page(app, PAGE, **({"dataset": "fer2013"} | address))


def test_labels_against_majorities(voted_page: AppTest) -> None:
    app = opened(voted_page)
    assert not app.exception
    html = page_html(app)
    # Of 112 patterns one has no emotion; labels and majorities differ for angry, sad, fear and happy once each.
    assert "The label is what most people saw in" in html
    assert "of 111 pictures; in 1 nobody at all saw it. 1 pictures have no vote for an emotion." in html
    assert 'title="6.2 % of the pictures labelled angry">1</td>' in html


def test_the_gallery_of_labels_that_nobody_saw(voted_page: AppTest) -> None:
    app = opened(voted_page, gallery="labels nobody saw")
    assert not app.exception
    assert re.findall(r'<figure data-id="(.*?)"', page_html(app)) == ["test/happy/PrivateTest_1.png"]
    assert "people: surprise 10" in page_html(app)


def test_without_votes_it_says_where_to_get_them(voted_page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FERLENS_VOTES")
    app = opened(voted_page, gallery="labels nobody saw")
    assert not app.exception
    assert any("take fer2013new.csv from" in one.value for one in app.caption)
    assert any("What people saw is not known here" in one.value for one in app.info)


def test_nobody_voted_on_built_in_faces(voted_page: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERLENS_CACHE", str(tmp_path / "kept"))
    monkeypatch.setattr(drawn, "SPLIT_COUNTS", {"train": 14, "val": 7, "test": 7})
    app = opened(voted_page, dataset="synthetic", gallery="labels nobody saw")
    assert not app.exception
    assert not sentences(app)
    assert any("Nobody voted on the pictures of synthetic" in one.value for one in app.info)
    assert "The label and what people saw" not in page_html(app)


def test_a_file_may_be_brought(
    voted_page: AppTest, seen_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FERLENS_VOTES")
    monkeypatch.setenv("FERLENS_CACHE", str(tmp_path / "kept"))
    app = opened(voted_page)
    app.file_uploader(key="votes_file").upload("mine.csv", b"a,b\n1,2\n", "text/csv").run()
    assert sentences(app)
    assert "Expected FER+'s columns in 'mine.csv'" in sentences(app)[0]
    assert str(tmp_path) not in sentences(app)[0]
    app = opened(voted_page)
    app.file_uploader(key="votes_file").upload("fer2013new.csv", seen_file.read_bytes(), "text/csv").run()
    assert not app.exception
    assert "The label is what most people saw in" in page_html(app)
    assert len([file for file in (tmp_path / "kept" / "votes").iterdir() if not file.name.startswith(".")]) == 1


def test_a_file_that_does_not_fit_is_said_once(
    voted_page: AppTest, seen_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FERLENS_VOTES")
    monkeypatch.setenv("FERLENS_CACHE", str(tmp_path / "kept"))
    short = "\n".join(seen_file.read_text().splitlines()[:-1]) + "\n"
    app = opened(voted_page)
    app.file_uploader(key="votes_file").upload("fer2013new.csv", short.encode(), "text/csv").run()
    assert not app.exception
    assert any("Expected 112 rows in" in one.value for one in app.caption)


def test_votes_of_other_pictures_are_a_sentence(
    voted_page: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    monkeypatch.setenv("FERLENS_VOTES", str(tmp_path / "bad.csv"))
    app = opened(voted_page)
    assert not app.exception
    assert any("Expected FER+'s columns in 'bad.csv'" in one.value for one in app.caption)


def test_the_table_shades_by_the_row() -> None:
    matrix = np.zeros((7, 8), np.int64)
    matrix[0, 0], matrix[0, 7] = 3, 1
    html = majority_table(EMOTIONS, matrix)
    assert html.count("<th>") == 1 + len(VOCABULARY)
    assert 'currentColor 45%,transparent)" title="75.0 % of the pictures labelled angry">3</td>' in html
    assert 'title="25.0 % of the pictures labelled angry">1</td>' in html


def test_how_often_people_confirm_in_words() -> None:
    assert suspicion_words(None) == ""
    assert suspicion_words(PeopleOnSuspicions(Part(0, 0), Part(0, 0), Part(1, 5))) == ""
    said = suspicion_words(PeopleOnSuspicions(Part(5, 10), Part(7, 10), Part(30, 100)))
    assert said.startswith("People confirm 50.0 % (23.7–76.3) of 10 suspicions")
    assert "70.0 % (39.7–89.2) of the suspect labels" in said


def test_ferplus_is_the_same_pictures_with_the_labels_that_people_voted(voted_page: AppTest) -> None:
    app = opened(voted_page, dataset="ferplus")
    assert not app.exception
    assert not sentences(app)
    html = page_html(app)
    assert "contempt" in html
    said = " ".join(one.value for one in (*app.caption, *app.warning))
    assert "The labels here are what people voted" in said
    assert "2 pictures have no label by the votes and are left out: tie (1), unknown (1)." in said


def test_ferplus_without_votes_lets_a_person_bring_them(voted_page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FERLENS_VOTES")
    app = opened(voted_page, dataset="ferplus")
    assert not app.exception
    assert any("take fer2013new.csv from" in one.value for one in app.info)
    assert app.get("file_uploader")
