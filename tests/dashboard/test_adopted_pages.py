"""Pages with a network of others that is not about faces: no traceback, and no word about faces or emotions."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from dashboard.views.activations import loaders as activation_loaders
from dashboard.views.evaluation.choice import TABS
from engine.cli.main import main
from engine.media.fit import fitted
from engine.models.checkpoint import read_card
from tests.dashboard.made import SAMPLES, open_page, page_html, sentences
from tests.dashboard.made_report import Caught
from tests.made_adopted import write_adopted

UNTRUE = re.compile(r"\b(faces?|emotions?)\b", re.IGNORECASE)


@pytest.fixture
def page(home: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    for name in ("mine", "other"):
        write_adopted(tmp_path / "shelf" / name)
    draw = np.random.default_rng(0)
    for name in ("a", "b", "c"):
        for index in range(3):
            place = tmp_path / "data" / "test" / name / f"{index}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(draw.integers(0, 255, (40, 60), dtype=np.uint8)).save(place)
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(tmp_path / "shelf"))
    monkeypatch.setenv("FERLENS_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(activation_loaders, "A_CLASS", 3)
    return home


def said(app: AppTest) -> str:
    """Return what a page shows but for the sample's credit and the rows of its own navigation."""
    texts = [page_html(app), *(one.value for kind in (app.caption, app.info, app.markdown) for one in kind)]
    return re.sub(r'(class|style|id|src|href)="[^"]*"|<style>.*?</style>', "", "\n".join(texts), flags=re.DOTALL)


def true(app: AppTest) -> None:
    assert not app.exception
    assert not sentences(app)
    found = UNTRUE.search(said(app))
    assert found is None, said(app)[max(0, found.start() - 80) : found.end() + 80]


def words_of(report: Caught) -> str:
    """Return what a report says, without its style sheet, pictures, scripts and the address of its page."""
    # Arrays are named as they always were: who reads them by program relies on it.
    page = re.sub(r'<th scope="row">([\w -]+/)?(faces?|face/\w+|gate/emotion[^<]*)</th>', "", report.page)
    text = re.sub(r"<(style|script)[^>]*>.*?</\1>", "", page, flags=re.DOTALL)
    return re.sub(r'(class|style|id|src|href)="[^"]*"|<pre>.*?</pre>', "", text, flags=re.DOTALL)


def test_explain_names_no_face(page: AppTest) -> None:
    app = open_page(page, "views/explain/page.py", model="mine", sample="astronaut")
    true(app)
    assert "not checked against your data" in said(app)
    assert "from the whole picture" in said(app)
    assert not [toggle for toggle in app.toggle if toggle.key == "whole"]


def test_what_if_has_the_fields_of_a_picture(page: AppTest) -> None:
    app = open_page(page, "views/what_if/page.py", model="mine", sample="astronaut")
    true(app)
    assert "upper left" in said(app)


def test_compare_takes_the_picture_whole(page: AppTest) -> None:
    app = open_page(page, "views/compare/page.py", models="mine,other", sample="astronaut")
    true(app)
    assert "On one picture" in said(app)


def test_activations(page: AppTest) -> None:
    true(open_page(page, "views/activations/page.py", model="mine", sample="astronaut"))


def test_an_analysis_has_no_template(page: AppTest) -> None:
    assert main(["analyze", "--model", "mine", "--dataset", "folder", "--split", "test"]) == 0
    app = open_page(page, "views/class_attention/page.py", model="mine")
    true(app)
    assert "one unusual picture" in said(app)
    assert not [toggle for toggle in app.toggle if toggle.key == "outline"]


def test_misclassifications(page: AppTest, report: Caught) -> None:
    assert main(["analyze", "--model", "mine", "--dataset", "folder", "--split", "test"]) == 0
    true(open_page(page, "views/mistakes/page.py", model="mine"))
    assert UNTRUE.search(words_of(report)) is None


@pytest.mark.parametrize("tab", TABS)
def test_evaluation(page: AppTest, report: Caught, tab: str) -> None:
    assert main(["analyze", "--model", "mine", "--dataset", "folder", "--split", "test"]) == 0
    app = open_page(page, "views/evaluation/page.py", model="mine", tab=tab)
    true(app)
    found = UNTRUE.search(words_of(report))
    assert found is None, words_of(report)[max(0, found.start() - 80) : found.end() + 80]


def test_home(page: AppTest) -> None:
    app = page.run()
    true(app)
    assert "image model" in app.title[0].value
    assert "Networks of others" in said(app)
    assert "to this photograph" in said(app)
    assert "channel, spatial" in page_html(app)  # its gates, in the table


def test_webcam(page: AppTest) -> None:
    app = open_page(page, "views/webcam/page.py", model="mine")
    true(app)
    assert "each frame as one picture" in page_html(app)


def test_video(page: AppTest, report: Caught, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERLENS_VIDEO_SECONDS", "1")
    app = open_page(page, "views/video/page.py", model="mine")
    true(app)
    app.button(key="film_example").click().run()
    app.button(key="film_read").click().run()
    true(app)
    assert "read whole by mine." in said(app)
    assert UNTRUE.search(words_of(report)) is None
    boxes = report.arrays["track1/boxes"]
    assert (boxes == boxes[0]).all()  # the frame itself
    assert boxes[0][:2].tolist() == [0, 0]


def test_evidence_has_no_such_model(page: AppTest) -> None:
    app = open_page(page, "views/evidence/page.py")
    assert not app.exception
    assert any("None of the models here tells the seven expressions" in one.value for one in app.info)


def test_data_reads_a_folder_in_the_classes_of_the_network(page: AppTest) -> None:
    app = open_page(page, "views/data/page.py", model="mine", dataset="folder")
    true(app)
    assert not [one for one in app.info if "Reading folder" in one.value]  # nothing is left of the way there
    table = next(part for part in page_html(app).split("<table")[1:] if "fl-balance" in part)
    assert [name for name in "abc" if f"</span>{name}<" in table] == ["a", "b", "c"]


def test_reports_of_a_picture_name_no_face(page: AppTest, report: Caught) -> None:
    for name in ("explain", "what_if", "activations"):
        open_page(page, f"views/{name}/page.py", model="mine", sample="grace-hopper")
        found = UNTRUE.search(words_of(report))
        assert found is None, words_of(report)[max(0, found.start() - 80) : found.end() + 80]
    open_page(page, "views/compare/page.py", models="mine,other", sample="grace-hopper")
    assert UNTRUE.search(words_of(report)) is None


def test_beside_a_model_of_faces_it_is_given_the_whole_picture(page: AppTest, tmp_path: Path, report: Caught) -> None:
    write_adopted(tmp_path / "shelf" / "about", domain="faces")
    app = open_page(page, "views/compare/page.py", models="about,mine", sample="astronaut")
    assert not app.exception
    assert any("mine takes the whole picture, the others the face alone" in one.value for one in app.caption)
    seen = report.arrays["mine/face"]
    spec = read_card(tmp_path / "shelf" / "mine").input
    with Image.open(SAMPLES / "astronaut.jpg") as photograph:
        whole = np.asarray(photograph.convert("RGB"))
    np.testing.assert_array_equal(seen, fitted(whole, spec))
    own = report.arrays["about/face"]
    assert (own != seen).any()
    open_page(page, "views/compare/page.py", models="mine,about", sample="astronaut")  # the other way round as well
    np.testing.assert_array_equal(report.arrays["mine/face"], seen)
    np.testing.assert_array_equal(report.arrays["about/face"], own)
    # the same picture on a page where the model of faces was shown first
    app = open_page(page, "views/explain/page.py", model="about", sample="astronaut")
    app.selectbox(key="model").select("mine").run()
    np.testing.assert_array_equal(report.arrays["face"], seen)
