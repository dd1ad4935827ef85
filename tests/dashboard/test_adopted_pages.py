"""Pages with a network of others that is not about faces: no traceback, and no word about faces or emotions."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from dashboard.views.activations import loaders as activation_loaders
from engine.cli.main import main
from tests.dashboard.made import open_page, page_html, sentences
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


def test_misclassifications(page: AppTest) -> None:
    assert main(["analyze", "--model", "mine", "--dataset", "folder", "--split", "test"]) == 0
    true(open_page(page, "views/mistakes/page.py", model="mine"))
