from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from engine.analysis.class_regions import class_places
from engine.analysis.store.store import open_store
from engine.data.votes.file import read_votes
from tests.dashboard.made import open_page, page_html, sentences

PAGE = "views/class_attention/page.py"
LAYER = "block4.spatial"
ADDRESS = {"analysis": "fer2013-private", "view": "Regions", "gate": LAYER}


def test_regions_of_what_most_people_saw(voted_page: AppTest, voted_store: Path, seen_file: Path) -> None:
    joined = open_store(["cbam"], "fer2013", "private", folder=voted_store, votes=read_votes(seen_file))
    app = open_page(voted_page, PAGE, **ADDRESS, truth="majority")
    assert not app.exception
    assert not sentences(app)
    by_people = {place.label: place for place in class_places(joined, LAYER, truth="majority")}
    assert by_people["surprise"].entropy_nats.n == 4  # two labelled so, and one each labelled fear and happy
    assert f"{by_people['surprise'].entropy_nats.mean:.3f} nats (" in page_html(app)
    assert any("Classes are what most people saw" in one.value for one in app.caption)


def test_without_votes_it_goes_by_the_label_and_says_why(voted_page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FERLENS_VOTES")
    app = open_page(voted_page, PAGE, **ADDRESS, truth="majority")
    assert not app.exception
    assert any("take fer2013new.csv from" in said for said in sentences(app))
    assert not any("Classes are what most people saw" in one.value for one in app.caption)
