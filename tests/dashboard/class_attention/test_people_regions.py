from __future__ import annotations

import json
import re
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


def counts(app: AppTest) -> list[str]:
    """What stands under the cells of the first column of the grid, class by class."""
    (found,) = [one for one in app.get("bidi_component") if one.proto.component_name == "ferlens_class_grid"]
    html: str = json.loads(found.proto.json)["html"]
    cells = re.findall(rf'data-cell="cbam\|{LAYER}\|(\w+)".*?<span class="fl-count">(.*?)</span>', html)
    return [f"{label} {count}" for label, count in cells]


def test_one_switch_governs_maps_channels_and_regions(
    voted_page: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FERLENS_CACHE", str(tmp_path / "cache"))
    app = open_page(voted_page, PAGE, analysis="fer2013-private", gate=LAYER)
    assert counts(app)[-1] == "surprise n 2, few"
    app.segmented_control(key="truth").set_value("majority").run()
    assert not app.exception
    assert not sentences(app)
    assert counts(app)[-1] == "surprise n 4, few"  # two labelled so, and one each labelled fear and happy
    assert "neutral n 3, few" in counts(app)
    said = " ".join(one.value for one in app.caption)
    assert "All 12 pictures in which most people saw a class of the model." in said
    assert "by what most people saw" in said
    assert len(list((tmp_path / "cache" / "people").glob("*.safetensors"))) == 1
    assert "of surprise by what most people saw ranked" in " ".join(
        one.value for one in app.selectbox(key="class").set_value("surprise").run().caption
    )
    app = open_page(app, PAGE, analysis="fer2013-private", view="Channels", truth="majority")
    assert "n = 12 pictures" in page_html(app)
    app = open_page(app, PAGE, **ADDRESS, truth="majority")
    assert "The mean map of the table: All 12 pictures" in " ".join(one.value for one in app.caption)
    app = open_page(app, PAGE, analysis="fer2013-private", view="Is it used?", truth="majority")
    assert "Measured by the label" in " ".join(one.value for one in app.caption)


def test_maps_by_the_majority_need_the_pictures_and_say_so(
    voted_page: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FERLENS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FERLENS_DATA", str(tmp_path / "nowhere"))
    app = open_page(voted_page, PAGE, analysis="fer2013-private", truth="majority")
    assert not app.exception
    assert any("No single picture's map is kept" in said for said in sentences(app))
    app = open_page(app, PAGE, **ADDRESS, truth="majority")
    assert not sentences(app)
    assert "The table lacks the mean map’s own figures" in " ".join(one.value for one in app.caption)
