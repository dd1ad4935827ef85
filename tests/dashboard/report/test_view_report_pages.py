"""Each page's report: its button is there, its ZIP holds the view's arrays, and its address opens the view again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard.views.activations import loaders
from dashboard.views.video import choice
from dashboard.views.video import choice as video_reading
from engine.analysis.files.attention import find_attention
from engine.data import drawn
from engine.data.drawn import synthetic_face
from engine.labels import EMOTIONS
from engine.models.checkpoint import read_card
from engine.predictor import EmotionPredictor
from tests.dashboard.made import SAMPLES, open_page, page_html, sentences
from tests.dashboard.made_report import ID, ON_FACE, Caught

PORTRAIT = (SAMPLES / "astronaut.jpg").read_bytes()


def has_button(app: AppTest) -> bool:
    return [button.proto.label for button in app.get("download_button")].count("Report") == 1


def asked(document: dict[str, Any]) -> dict[str, str]:
    return {key: ",".join(values) for key, values in document["query"].items()}


def sound(app: AppTest) -> None:
    assert not app.exception
    assert not sentences(app)
    assert has_button(app)


def test_explain(page: AppTest, store: Path, report: Caught) -> None:
    address = {
        **ON_FACE, "layer": "block2", "target": "fear", "methods": "occlusion", "opacity": "0.2", "colors": "magma",
        "scale": "shared", "grid": "cells", "channel_block": "block2.channel", "channel": "5",
    }  # fmt: skip
    app = open_page(page, "views/explain/page.py", **address)
    sound(app)
    assert app.slider(key="opacity").value == pytest.approx(0.2)
    assert app.selectbox(key="channel.cbam.block2.channel").value == 5
    document, arrays = report.document, report.arrays
    defaults = {"dataset", "split"}  # Streamlit leaves these out
    kept = {key: value for key, value in address.items() if key not in defaults}
    assert asked(document) == {"model": "cbam", **kept}
    assert document["models"][0]["weights_sha256"] == read_card(store / "cbam").weights_sha256
    assert document["settings"]["methods"] == ["occlusion"]
    own = EmotionPredictor(str(store / "cbam")).explain_crop(synthetic_face(ID).image, layer="block2", target="fear")
    np.testing.assert_array_equal(arrays["face"], synthetic_face(ID).image)
    np.testing.assert_allclose(arrays["map/gradcam/block2/fear"], own.maps[0].heatmap, atol=1e-6)
    assert "map/occlusion/fear" in arrays
    for gate in own.gates:
        np.testing.assert_allclose(arrays[f"gate/{gate.layer}"], gate.weights, atol=1e-6)
    gradcams = [name for name in arrays if name.startswith("map/gradcam/")]  # one a class; a contrast
    assert len(gradcams) in {7, 8}
    assert len(report.pictures) == 1 + 4 + len(gradcams) + 1 + 4  # face, gates, Grad-CAMs, occlusion, channel gates
    assert "Grad-CAM at block 2" in report.page
    assert report.file_name == "Explain-test-happy-00003-cbam.zip"


def test_what_is_trusted_is_in_explains_report(page: AppTest, report: Caught, quick_trust: object) -> None:
    app = open_page(page, "views/explain/page.py", **ON_FACE)
    app.button(key="check_trust").click().run()
    assert not app.exception
    assert "the address asks for it again" in report.page
    assert report.document["query"]["checks"] == ["trust"]
    assert 'class="chart"' in report.page
    assert "total variation" in report.page


def test_an_upload_is_said_to_be_missing_from_the_address(page: AppTest, report: Caught) -> None:
    app = open_page(page, "views/explain/page.py", source="upload")
    app.file_uploader(key="upload").upload('<b>"x.jpg', PORTRAIT, "image/jpeg").run()
    assert not app.exception
    assert report.document["notes"] == [
        "The picture was handed in and is not in the address: hand it in again to see the same."
    ]
    assert "<b>&quot;" not in report.page
    assert "&lt;b&gt;" in report.page


def test_compare(page: AppTest, report: Caught) -> None:
    address = {**ON_FACE, "models": "baseline,cbam", "target": "sad", "figure": "f1", "opacity": "1"}
    app = open_page(page, "views/compare/page.py", **address)
    sound(app)
    document, arrays = report.document, report.arrays
    assert {"models": "baseline,cbam", "target": "sad", "figure": "f1", "opacity": "1"}.items() <= asked(
        document
    ).items()
    assert [model["name"] for model in document["models"]] == ["baseline", "cbam"]
    for model in ("baseline", "cbam"):
        np.testing.assert_array_equal(arrays[f"{model}/face"], synthetic_face(ID).image)
        assert arrays[f"{model}/map/gradcam/block4/sad"].shape == (6, 6)
    assert "cbam/gate/block1.spatial" in arrays
    # On the dataset: both models' answers to the 35 faces.
    assert arrays["dataset/ids"].shape == (35,)
    right = (arrays["dataset/second"] == arrays["dataset/labels"]).mean()
    assert f"{100 * right:.1f} %" in report.page


def test_what_if(page: AppTest, report: Caught) -> None:
    edit = "hide-mouth.fill-grey.turn-10"
    app = open_page(page, "views/what_if/page.py", **ON_FACE, edit=edit, target="happy", opacity="0.9")
    sound(app)
    document, arrays = report.document, report.arrays
    assert asked(document)["edit"] == edit
    assert asked(document)["opacity"] == "0.9"
    assert document["settings"]["edit"] == edit
    np.testing.assert_array_equal(arrays["before/face"], synthetic_face(ID).image)
    assert (arrays["after/face"] != arrays["before/face"]).any()
    assert arrays["hiding/probabilities"].shape == (len(arrays["hiding/regions"]), 7)
    titles = page_html(app)
    for name, value in zip(EMOTIONS, arrays["after/probabilities"], strict=True):
        assert f"{value:.4f} after" in titles, name


def test_activations(page: AppTest, report: Caught, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loaders, "A_CLASS", 3)
    app = open_page(page, "views/activations/page.py", **ON_FACE, maps_of="block2.relu", channel="7")
    sound(app)
    document, arrays = report.document, report.arrays
    assert asked(document)["maps_of"] == "block2.relu"
    assert asked(document)["channel"] == "7"
    assert arrays["channel"] == 7
    assert arrays["maps"].shape[0] == arrays["sample/channel_means"].shape[1] == len(arrays["sample/f"])
    energy = np.square(arrays["maps"]).mean(axis=(1, 2))
    assert list(arrays["channels_shown"]) == list(np.argsort(-energy, kind="stable")[:24])


def test_class_attention(page: AppTest, store: Path, report: Caught) -> None:
    address = {"analysis": "synthetic-test", "cells": "spread", "gate": "block3.spatial", "class": "sad"}
    app = open_page(page, "views/class_attention/page.py", **address)
    sound(app)
    document, arrays = report.document, report.arrays
    assert asked(document) == {"model": "cbam", **address}  # the analysis, too, though it is the default here
    own = find_attention("cbam", "synthetic", "test", folder=store).of("block3.spatial")
    assert own.mean is not None
    np.testing.assert_allclose(arrays["cbam/block3.spatial/n"], own.count)
    np.testing.assert_allclose(arrays["cbam/block3.spatial/cells"], np.sqrt(own.var), atol=1e-6)
    np.testing.assert_allclose(arrays["cbam/one cell/sad, mean"], own.mean[EMOTIONS.index("sad")], atol=1e-6)
    assert any(name.startswith("pictures/test/sad/") for name in arrays)
    assert any("classes-cbam-spread" in name for name in report.pictures)


@pytest.mark.parametrize(("view", "key"), [("Channels", "/channels/f"), ("Regions", "/regions/mean_low_high")])
def test_class_attentions_other_tabs(page: AppTest, report: Caught, view: str, key: str) -> None:
    app = open_page(page, "views/class_attention/page.py", analysis="synthetic-test", view=view)
    sound(app)
    assert [name for name in report.arrays if name.endswith(key)]
    assert 'class="chart"' in report.page
    assert report.document["settings"]["view"] == view


@pytest.mark.parametrize("maps", ["picture", "Grad-CAM", "last gate"])
def test_misclassifications(page: AppTest, report: Caught, maps: str) -> None:
    app = open_page(page, "views/mistakes/page.py", analysis="synthetic-test", maps=maps, shown="all")
    sound(app)
    arrays = report.arrays
    assert arrays["confusion/counts"].sum() == 35
    assert len(arrays["ids"]) == 24
    for picture_id in arrays["ids"]:
        np.testing.assert_array_equal(arrays[f"pictures/{picture_id}"], synthetic_face(str(picture_id)).image)
        assert (f"{maps}/{picture_id}" in arrays) == (maps != "picture")
    assert len(report.pictures) == 24
    assert asked(report.document)["shown"] == "all"


def test_evaluation(page: AppTest, report: Caught) -> None:
    app = open_page(page, "views/evaluation/page.py", analysis="synthetic-test", tab="Curves")
    sound(app)
    arrays = report.arrays
    assert arrays["probabilities"].shape == (35, 7)
    predicted = arrays["probabilities"].argmax(axis=1)
    counted = np.zeros((7, 7), np.int64)
    np.add.at(counted, (arrays["labels"], predicted), 1)
    np.testing.assert_array_equal(arrays["confusion"], counted)
    assert {"pictures/01-classes.png", "pictures/02-confusion.png"} <= set(report.pictures)
    assert asked(report.document)["tab"] == "Curves"
    assert report.document["notes"] == []


def test_pictures_that_may_not_be_passed_on_are_said_to_be(page: AppTest, report: Caught) -> None:
    app = open_page(page, "views/mistakes/page.py", analysis="fer2013-test", model="cbam")
    assert not app.exception
    assert any("FER2013 may not be passed on" in note for note in report.document["notes"])
    assert not [name for name in report.arrays if name.startswith("pictures/")]  # they are not on this machine


def test_data(page: AppTest, report: Caught, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    st.cache_resource.clear()
    st.cache_data.clear()
    monkeypatch.setenv("FERLENS_CACHE", str(tmp_path / "kept"))
    monkeypatch.setattr(drawn, "SPLIT_COUNTS", {"train": 14, "val": 7, "test": 7})
    app = open_page(page, "views/data/page.py", dataset="synthetic", draw="3", gallery="blank")
    sound(app)
    arrays = report.arrays
    assert asked(report.document)["draw"] == "3"
    assert arrays["faces/count"].tolist() == [1] * 7
    np.testing.assert_array_equal(arrays["faces/mean"][3], arrays["sample/happy"][0].astype(np.float32))
    assert arrays["gallery/pictures"].shape[0] == 0
    st.cache_resource.clear()
    st.cache_data.clear()


def test_evidence(page: AppTest, report: Caught) -> None:
    app = open_page(page, "views/evidence/page.py", model="cbam", face=ID, answered="all", scale="stretch")
    sound(app)
    arrays = report.arrays
    np.testing.assert_array_equal(arrays["face/image"], synthetic_face(ID).image)
    assert arrays["face/evidence"].dtype == np.bool_
    assert arrays["face/gate/spatial/block2.spatial"].shape == (24, 24)
    assert asked(report.document)["scale"] == "stretch"


def test_video(page: AppTest, report: Caught, tmp_path: Path) -> None:
    from tests.live.made_live import photograph, write_film

    film = write_film(tmp_path / "two.avi", [photograph()] * 3).read_bytes()
    app = open_page(page, "views/video/page.py")
    app.file_uploader(key=choice.UPLOAD).upload("two.avi", film, "video/webm").run()
    assert not has_button(app)
    app.button(key=video_reading.READ).click().run(timeout=300)
    sound(app)
    read, arrays = app.session_state[video_reading.RESULT], report.arrays
    for face in read.faces:
        np.testing.assert_array_equal(arrays[f"track{face.track}/probabilities"], face.probabilities)
    assert arrays["frame"].ndim == 3
    assert any("hand the film in again" in note for note in report.document["notes"])
