import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from engine.edit.apply import apply_edit
from engine.edit.edit import Edit, Stroke
from engine.edit.face_template import REGIONS
from engine.edit.regions import template_parts
from engine.edit.text import LONGEST, from_text, to_text
from engine.labels import EMOTIONS
from engine.media.pictures import open_picture
from engine.predictor import EmotionPredictor
from tests.dashboard.made import ROOT, SAMPLES, page_html, sentences

PAGE = "views/what_if/page.py"


@pytest.fixture
def page(seeded_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The page alone, as a first visit by its own address runs it; not yet run."""
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(seeded_checkpoints))
    monkeypatch.chdir(ROOT)
    app = AppTest.from_file(str(ROOT / "dashboard" / PAGE), default_timeout=60)
    app.query_params["sample"] = "drawn-happy"
    return app


def opened(page: AppTest, **address: str) -> AppTest:
    for key, value in address.items():
        page.query_params[key] = value
    return page.run()


def asked(app: AppTest, key: str) -> str:
    value = app.query_params.get(key, "")
    return value if isinstance(value, str) else ",".join(value)


def after(app: AppTest) -> list[float]:
    """The probabilities of the edited face, as the bars' titles give them, by class name."""
    found = dict(re.findall(r'title="(\w+): [\d.]+ before, ([\d.]+) after"', page_html(app)))
    return [float(found[name]) for name in EMOTIONS]


def pills(app: AppTest, key: str):  # AppTest's type for them has no public name
    (found,) = [element for element in app.get("button_group") if element.key == key]
    return found


def test_the_face_as_it_came_has_bars_maps_and_the_table(page: AppTest) -> None:
    app = opened(page)
    assert not app.exception
    assert not sentences(app)
    html = page_html(app)
    assert "Nothing is changed yet" in html
    assert html.count('class="fl-bar fl-wbar') == 1 + len(EMOTIONS)
    assert html.count("<h4>") == 1 + 4  # Grad-CAM and the four spatial gates
    assert html.count("<figure") == 3 * 5
    rows = re.findall(r'<th scope="row">(.*?)</th>', html)
    assert {"mouth", "eyes", "brows", "nose"} <= set(rows)
    assert html.count('<td class="fl-wcell') == len(rows) * len(EMOTIONS)
    assert any("Regions are exact" in caption.value for caption in app.caption)
    assert asked(app, "edit") == ""
    assert app.button(key="what_if_undo").disabled
    assert app.button(key="what_if_reset").disabled
    assert "looks at" not in html


def test_a_region_and_sliders_change_the_answer_and_the_address(page: AppTest) -> None:
    app = opened(page)
    first = after(app)
    pills(app, "what_if_fill").set_value("grey").run()
    assert after(app) == first  # there is nothing to fill
    pills(app, "what_if_hidden").set_value(["eyes", "mouth"]).run()
    assert asked(app, "edit") == "hide-eyes-mouth.fill-grey"
    assert page_html(app).count("hidden above") == 2
    before = after(app)
    assert before != first
    for field, value in (("brightness", 20), ("contrast", 150), ("rotation", -12), ("blur_tenths", 1.5)):
        app.slider(key=f"what_if_{field}").set_value(value).run()
        assert after(app) != before
        before = after(app)
    assert asked(app, "edit") == "hide-eyes-mouth.fill-grey.light-20.contrast-150.turn--12.blur-15"
    assert not app.exception


def test_undo_goes_back_step_by_step_and_reset_can_be_undone(page: AppTest) -> None:
    app = opened(page)
    first = after(app)
    pills(app, "what_if_hidden").set_value(["eyes"]).run()
    app.slider(key="what_if_rotation").set_value(30).run()
    turned = after(app)
    app.button(key="what_if_reset").click().run()
    assert asked(app, "edit") == ""
    assert after(app) == first
    assert app.slider(key="what_if_rotation").value == 0
    app.button(key="what_if_undo").click().run()
    assert asked(app, "edit") == "hide-eyes.turn-30"
    assert after(app) == turned
    app.button(key="what_if_undo").click().run()
    assert asked(app, "edit") == "hide-eyes"
    assert app.slider(key="what_if_rotation").value == 0
    app.button(key="what_if_undo").click().run()
    assert app.button(key="what_if_undo").disabled
    assert after(app) == first


def test_the_address_restores_the_edit(page: AppTest, seeded_checkpoints: Path) -> None:
    edit = Edit(
        strokes=(Stroke(((60, 200), (190, 200)), 50),), hidden=("eyes",), fill="grey", brightness=-10, rotation=15
    )
    app = opened(page, sample="astronaut", edit=to_text(edit))
    assert not sentences(app)
    assert asked(app, "edit") == to_text(edit)
    assert pills(app, "what_if_hidden").value == ["eyes"]
    assert pills(app, "what_if_fill").value == "grey"
    assert app.slider(key="what_if_brightness").value == -10
    assert app.slider(key="what_if_rotation").value == 15
    restored = after(app)
    again = AppTest.from_file(str(ROOT / "dashboard" / PAGE), default_timeout=60)
    again.query_params["sample"] = "astronaut"
    assert after(opened(again, edit=asked(app, "edit"))) == restored
    # The probabilities are those of the edited pixels.
    predictor = EmotionPredictor(seeded_checkpoints / "cbam")
    ((_, crop), *_) = predictor.faces(open_picture(SAMPLES / "astronaut.jpg"))
    pixels = apply_edit(predictor.model_input(crop), edit, template_parts(48))
    np.testing.assert_allclose(restored, predictor.predict_faces([pixels])[0].probabilities, atol=1e-4)


def test_a_bad_edit_in_the_address_is_one_sentence_until_something_changes(page: AppTest) -> None:
    app = opened(page, edit="hide-ear")
    assert not app.exception
    (said,) = sentences(app)
    assert said.startswith("The edit in the address cannot be read. Unknown region 'ear'; valid: brows")
    assert "Nothing is changed yet" in page_html(app)
    assert sentences(app.run()) == [said]
    pills(app, "what_if_hidden").set_value(["mouth"]).run()
    assert sentences(app) == []


def test_an_edit_that_no_address_holds_stays_and_says_so(page: AppTest) -> None:
    app = opened(page)
    rng = np.random.default_rng(0)
    strokes = tuple(Stroke(tuple((int(x), int(y)) for x, y in rng.integers(0, 256, (60, 2))), 8) for _ in range(40))
    first = after(app)
    app.session_state["what_if.edit"] = Edit(strokes=strokes)
    app.run()
    (said,) = sentences(app)
    assert "The address does not restore this edit." in said
    assert f"an address holds {LONGEST:,}" in said
    assert asked(app, "edit") == ""
    assert after(app) != first


def test_a_region_is_swapped_from_a_second_face(page: AppTest) -> None:
    # Photographs: to an untrained net two drawn faces are the same.
    app = opened(page, edit="swap-brows-eyes-nose-mouth-cheeks")
    assert any("Choose a second face to swap from" in block.value for block in app.info)
    assert "Nothing is changed yet" in page_html(app)
    first = after(app)
    app.selectbox(key="second").set_value("astronaut").run()
    assert not app.exception
    swapped = after(app)
    assert swapped != first
    app.selectbox(key="second").set_value("grace-hopper").run()
    assert after(app) not in (first, swapped)
    pills(app, "what_if_swapped").set_value([]).run()
    assert after(app) == first


def test_an_uploaded_second_face_and_one_that_cannot_be_read(page: AppTest) -> None:
    app = opened(page, second="upload", edit="swap-eyes-mouth")
    first = after(app)
    portrait = (SAMPLES / "astronaut.jpg").read_bytes()
    app.file_uploader(key="what_if_upload").upload("second.jpg", portrait, "image/jpeg").run()
    assert not sentences(app)
    assert after(app) != first
    app.file_uploader(key="what_if_upload").upload("broken.jpg", portrait[:1500], "image/jpeg").run()
    assert not app.exception
    assert any("'broken.jpg'" in said for said in sentences(app))


def test_unknown_second_faces_list_the_valid_ones(page: AppTest) -> None:
    assert any("Unknown second face 'mona'; valid: none, " in said for said in sentences(opened(page, second="mona")))


def test_a_photograph_has_the_template_and_a_dataset_face_its_own_regions(page: AppTest) -> None:
    app = opened(page, sample="astronaut")
    assert any("template of aligned crops, right on average only" in caption.value for caption in app.caption)
    app.segmented_control(key="source").set_value("dataset").run()
    assert not app.exception
    assert any("Regions are exact" in caption.value for caption in app.caption)


def test_target_and_layer_come_from_the_address_and_a_contrast_is_taken(page: AppTest) -> None:
    app = opened(page, target="fear", minus="sad", layer="block2", edit="hide-mouth")
    assert not app.exception
    assert any("Grad-CAM explains fear − sad for both faces" in caption.value for caption in app.caption)
    assert "Grad-CAM, block 2" in page_html(app)


def test_a_model_without_gates_and_a_picture_without_a_face_say_so(page: AppTest) -> None:
    app = opened(page, model="baseline", sample="rocket", edit="hide-mouth")
    assert not app.exception
    said = " ".join(caption.value for caption in app.caption)
    assert "baseline has no attention gates" in said
    assert "Regions are where they would be on a face crop." in said
    assert app.warning[0].value.startswith("No face was found in this picture.")
    assert page_html(app).count("<h4>") == 1


def test_an_edit_is_explained_once_and_drawing_otherwise_computes_nothing(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(page, edit="hide-nose")
    calls: list[str] = []
    original = EmotionPredictor.explain_crop
    monkeypatch.setattr(
        EmotionPredictor, "explain_crop", lambda self, *a, **k: calls.append(k["target"]) or original(self, *a, **k)
    )
    app.slider(key="opacity").set_value(0.2).run()
    app.segmented_control(key="scale").set_value("stretch").run()
    assert calls == []
    app.slider(key="what_if_rotation").set_value(3).run()
    assert len(calls) == 1
    app.button(key="what_if_undo").click().run()
    assert len(calls) == 1


def test_without_a_checkpoint_or_a_picture_the_page_says_what_to_do(
    page: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(page, source="upload")
    assert any("No picture yet" in block.value for block in app.markdown)
    buffer = io.BytesIO()
    Image.new("L", (64, 64), 90).save(buffer, format="PNG")
    app.file_uploader(key="upload").upload("grey.png", buffer.getvalue(), "image/png").run()
    assert not app.exception
    assert "Nothing is changed yet" in page_html(app)
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(tmp_path))
    assert "engine train" in app.run().code[0].value


def test_the_edit_survives_a_visit_to_another_page(home: AppTest) -> None:
    home.run()
    home.switch_page(PAGE)
    home.query_params["sample"] = "drawn-happy"
    home.query_params["edit"] = "hide-mouth.light-20"
    home.run()
    edited = after(home)
    home.switch_page("views/explain/page.py").run()
    home.switch_page(PAGE).run()
    assert not home.exception
    assert after(home) == edited
    assert from_text(asked(home, "edit"), REGIONS) == Edit(hidden=("mouth",), brightness=20)
