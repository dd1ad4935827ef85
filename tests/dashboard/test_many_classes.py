"""Pages with a network of two hundred classes: the most frequent are drawn, which is said; Explain makes few passes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest
from torch import Tensor

from engine.cli.main import main
from engine.models.adopted.stored import StoredNetwork
from tests.dashboard.made import open_page, page_html, sentences
from tests.dashboard.made_report import Caught
from tests.made_adopted import write_adopted

CLASSES = tuple(f"kind {number:03d}" for number in range(200))
SAID = "30 of 200 classes, the most frequent; rates and n are those of all classes."


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of 200 classes, analysed on pictures of the last forty of them; of the very last there are three."""
    root: Path = tmp_path_factory.mktemp("many")
    for name in ("many", "more"):
        write_adopted(root / "shelf" / name, classes=CLASSES)
    draw = np.random.default_rng(0)
    for index, name in enumerate(CLASSES[160:]):
        for number in range(3 if index == 39 else 1):
            place = root / "data" / "test" / name / f"{number}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(draw.integers(0, 255, (32, 48), dtype=np.uint8)).save(place)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FERLENS_CHECKPOINTS", str(root / "shelf"))
        patch.setenv("FERLENS_DATA", str(root / "data"))
        for name in ("many", "more"):
            assert main(["analyze", "--model", name, "--dataset", "folder", "--split", "test"]) == 0
    return root


@pytest.fixture
def app(home: AppTest, shelf: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(shelf / "shelf"))
    monkeypatch.setenv("FERLENS_DATA", str(shelf / "data"))
    return home


def fine(app: AppTest) -> AppTest:
    assert not app.exception
    assert not sentences(app)
    return app


def said(app: AppTest) -> str:
    return "\n".join([page_html(app), *(caption.value for caption in app.caption)])


def figures(app: AppTest) -> dict[str, Any]:
    """Return every chart of a page: key → Plotly's document."""
    return {chart.proto.id: json.loads(chart.proto.spec) for chart in app.get("plotly_chart")}


def figure(app: AppTest, name: str) -> dict[str, Any]:
    return next(spec for key, spec in figures(app).items() if name in key)


def test_the_matrix_of_mistakes(app: AppTest, report: Caught) -> None:
    opened = fine(open_page(app, "views/mistakes/page.py", model="many"))
    assert SAID in said(opened)
    assert "42 pictures." in said(opened)
    drawn = figure(opened, "mistake_matrix")["data"][0]
    assert len(drawn["x"]) == len(drawn["y"]) == 30
    assert drawn["y"][-1] == "kind 199"  # the most frequent one is the last of all
    assert SAID in report.page
    assert report.arrays["confusion/counts"].shape == (30, 30)


def test_a_class_that_is_chosen_is_in_the_matrix_too(app: AppTest) -> None:
    opened = fine(open_page(app, "views/mistakes/page.py", model="many", true="kind 198"))
    assert "kind 198" in figure(opened, "mistake_matrix")["data"][0]["y"]
    assert "31 of 200 classes, the most frequent and those that are chosen;" in said(opened)


def test_class_attention(app: AppTest, report: Caught) -> None:
    opened = fine(open_page(app, "views/class_attention/page.py", model="many"))
    html = next(element.proto.json for element in opened.get("bidi_component") if "fl-crowhead" in element.proto.json)
    assert html.count("fl-crowhead") == 30
    assert SAID in said(opened)
    assert opened.selectbox(key="class").value == "kind 160"  # one that has pictures
    assert SAID in report.page
    channels = fine(open_page(app, "views/class_attention/page.py", model="many", view="Channels"))
    assert len(figure(channels, "channel_chart")["data"][1]["y"]) == 30
    assert SAID in said(channels)
    assert SAID in report.page


def test_evaluation(app: AppTest, report: Caught) -> None:
    opened = fine(open_page(app, "views/evaluation/page.py", model="many"))
    assert [len(bars["y"]) for bars in figure(opened, "evaluation_bars")["data"]] == [30, 30, 30]
    assert len(figure(opened, "evaluation_confusion")["data"][0]["y"]) == 30
    assert SAID in said(opened)
    assert SAID in report.page
    curves = fine(open_page(app, "views/evaluation/page.py", model="many", tab="Curves"))
    assert len(figure(curves, "evaluation_roc")["data"]) == 1 + 30 + 2  # the diagonal; macro and micro
    assert SAID in said(curves)
    places = fine(open_page(app, "views/evaluation/page.py", model="many", tab="Embedding"))
    assert [mark["name"] for mark in figure(places, "embedding")["data"]][-1] == "all other classes"
    assert sum(len(mark["x"]) for mark in figure(places, "embedding")["data"]) == 42


def test_compare(app: AppTest, report: Caught) -> None:
    opened = fine(open_page(app, "views/compare/page.py", models="many,more", sample="astronaut"))
    assert page_html(opened).count('class="fl-range') == 30
    assert SAID in said(opened)
    assert SAID in report.page


def test_the_commands(shelf: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(shelf / "shelf"))
    monkeypatch.setenv("FERLENS_DATA", str(shelf / "data"))
    on = ("--dataset", "folder", "--split", "test")
    assert main(["evaluate", "--model", "many", *on]) == 0
    shown = capsys.readouterr().err
    assert " ".join(shown.split()).count("kind 1") == 30
    assert SAID in shown
    assert main(["compare", "--models", "many", "more", *on]) == 0
    assert SAID in capsys.readouterr().err
    out = shelf / "report"
    assert main(["report", "--model", "many", *on, "--out", str(out)]) == 0
    assert SAID in (out / "report.html").read_text(encoding="utf-8")


def test_explain_maps_five_classes_from_one_pass(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = fine(open_page(app, "views/explain/page.py", model="many", sample="astronaut"))
    assert page_html(opened).count('class="fl-bar-name"') == 12
    assert "188 more classes" in page_html(opened)
    passes: list[int] = []
    forward = StoredNetwork.forward

    def counted(net: StoredNetwork, x: Tensor) -> Tensor:
        passes.append(len(x))
        return forward(net, x)

    monkeypatch.setattr(StoredNetwork, "forward", counted)
    opened.selectbox(key="sample").select("rocket").run()
    fine(opened)
    assert set(passes) == {1}
    assert len(passes) <= 3  # the answer; gates and five maps; the features of the channel that is shown, if any is
    passes.clear()
    opened.selectbox(key="target").select("kind 123").run()
    fine(opened)
    assert passes == [1]  # and another five maps with that of the class
    drawn = set(re.findall(r"<figcaption>(?:<span[^>]*></span>)?<b>(kind \d{3})</b>", page_html(opened)))
    assert len(drawn) == 6
    assert "kind 123" in drawn
