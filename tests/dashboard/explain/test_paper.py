"""The sheet on the Explain page: made beside the page, offered as PDF, SVG, PNG and caption; and methods' settings."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from dashboard.shell import map_loaders
from dashboard.views.explain import asked
from tests.dashboard.made import open_page, page_html, sentences

PAGE = "views/explain/page.py"


def said(app: AppTest, name: str) -> str:
    value = app.query_params.get(name, "")
    return value if isinstance(value, str) else ",".join(value)


def test_a_sheet_is_made_and_offered_with_its_caption(home: AppTest) -> None:
    app = open_page(home, PAGE, sample="drawn-happy", methods="hirescam", layer="block3")
    (box,) = [one for one in app.multiselect if one.label.startswith("Pictures, ")]
    assert len(box.value) == 1
    box.set_value([*box.value, next(name for name in box.options if "sad" in name)]).run()
    assert any(caption.value.startswith("4 maps: ") for caption in app.caption)
    app.button(key="make_sheet").click().run()
    assert not app.exception
    assert not sentences(app)
    labels = [button.proto.label for button in app.get("download_button")]
    assert {"PDF", "SVG", "PNG, 300 DPI", "Caption"} <= set(labels)
    (caption,) = [code.value for code in app.code if "n = 2 pictures" in code.value]
    assert "the model cbam" in caption
    assert "Grad-CAM (layer block3); HiResCAM (layer block3)" in caption
    assert "one range a column" in caption
    _, made = app.session_state["sheet_made"]
    assert made["pdf"].startswith(b"%PDF")
    assert b"<svg" in made["svg"]
    with Image.open(io.BytesIO(made["png"])) as picture:
        assert round(picture.info["dpi"][0]) == 300
    # Another scale is another sheet, which is not made unasked.
    app.segmented_control(key="sheet_scale").set_value("own").run()
    assert "make_sheet" in [button.key for button in app.button]
    assert said(app, "sheet_scale") == "own"


def test_settings_are_in_the_address_and_change_the_map(home: AppTest) -> None:
    app = open_page(home, PAGE, sample="drawn-happy", methods="occlusion", settings="occlusion.cells=4")
    assert not app.exception
    assert not sentences(app)
    assert app.number_input(key="setting.occlusion.cells").value == 4
    html = page_html(app)
    assert "Occlusion, cells 4" in html
    assert "4 × 4 cells" in html
    assert any(caption.value.startswith("17 forward: ") for caption in app.caption)
    app.number_input(key="setting.occlusion.cells").set_value(3).run()
    assert said(app, "settings") == "occlusion.cells=3"
    assert "3 × 3 cells" in page_html(app)
    app.number_input(key="setting.occlusion.cells").set_value(8).run()
    assert said(app, "settings") == ""
    assert "Occlusion, cells" not in page_html(app)


def test_a_setting_that_makes_no_sense_is_a_sentence(home: AppTest) -> None:
    app = open_page(
        home, PAGE, sample="drawn-happy", methods="occlusion", settings="occlusion.cells=99,sorcery.steps=3,steps"
    )
    assert not app.exception
    words = sentences(app)
    assert any("Expected cells of Occlusion as a whole number from 2 to 32, got 99" in one for one in words)
    assert any("Unknown method in the setting 'sorcery.steps=3'" in one for one in words)
    assert any("as NAME=VALUE" in one for one in words)
    assert "8 × 8 cells" in page_html(app)


def test_other_classes_that_take_long_are_one_press_away(home: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "QUICK_SECONDS", -1.0)
    map_loaders._book.clear()
    app = open_page(home, PAGE, sample="drawn-happy")
    (button,) = [one for one in app.button if one.key == "show_other_classes"]
    assert button.label.startswith("Show the other 6 classes, ")
    shown = page_html(app).count("<figcaption>")
    button.click().run()
    assert not app.exception
    assert page_html(app).count("<figcaption>") == shown + 6
    assert "show_other_classes" not in [one.key for one in app.button]
