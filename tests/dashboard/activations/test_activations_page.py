"""The Activations page: untrained models, built-in faces."""

from __future__ import annotations

import re

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.views.activations import loaders
from tests.dashboard.made import open_page, page_html, sentences

PAGE = "views/activations/page.py"


@pytest.fixture
def page(home: AppTest, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("FERLENS_DATA", "nowhere")
    monkeypatch.setattr(loaders, "A_CLASS", 3)
    monkeypatch.setattr(loaders, "DRAWN_A_CLASS", 3)
    return home


def opened(home: AppTest, **address: str) -> AppTest:
    return open_page(home, PAGE, **({"sample": "drawn-happy"} | address))


def channels(app: AppTest) -> list[int]:
    return [int(number) for number in re.findall(r'alt="channel (\d+), ', page_html(app))]


def energies(app: AppTest) -> list[float]:
    return [float(value) for value in re.findall(r"loud ([\d.e-]+) \(energy\)<", page_html(app))]


def test_maps_come_by_energy_then_by_selectivity_then_by_number(page: AppTest) -> None:
    app = opened(page, maps_of="block2.relu")
    assert not app.exception
    assert not sentences(app)
    assert len(channels(app)) == 24
    assert energies(app) == sorted(energies(app), reverse=True)
    app.segmented_control(key="order").set_value("class selectivity").run()
    statistics = [float(value) for value in re.findall(r"<span>F ([\d.]+)", page_html(app))]
    assert statistics == sorted(statistics, reverse=True)
    app.segmented_control(key="order").set_value("channel number").run()
    assert channels(app) == list(range(24))
    app.session_state["channels"] = 2
    app.run()
    assert channels(app) == list(range(24, 48))


def test_the_page_opens_on_the_block_that_tells_classes_apart_best(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loaders, "separation", lambda *_: {"block1": 1.0, "block3": 7.0, "block4": 2.0})
    app = opened(page)
    assert not app.exception
    assert app.selectbox(key="maps_of").value == "block3"
    assert "maps_of" not in app.query_params


def test_one_channel_in_full(page: AppTest) -> None:
    app = opened(page, maps_of="block1.conv")
    html = page_html(app)
    assert "over the face" in html
    assert re.search(r'alt="filter"', html)
    assert len(re.findall(r"<figcaption>\w+ · mean ", html)) == 8
    assert any(button.proto.label == "PNG, 300 dots an inch" for button in app.get("download_button"))
    app.sidebar.selectbox(key="model").set_value("baseline").run()
    assert not app.exception
    assert app.selectbox(key="maps_of").value == "block1.conv"


def test_unknown_names_in_the_address_are_sentences(page: AppTest) -> None:
    said = " ".join(sentences(opened(page, maps_of="block9", order="beauty", sample_of="ckplus")))
    assert "Unknown layer 'block9'; valid: block1.conv" in said
    assert "Unknown order 'beauty'" in said
    assert "Unknown dataset to rank on 'ckplus'; valid: synthetic." in said
