import csv
import io
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from dashboard.shared import face as shared_face
from dashboard.shared.face import NOBODY
from dashboard.shell import loaders, map_loaders
from dashboard.shell.state import NamedPicture
from dashboard.views.explain.downloads import answers_csv
from engine.labels import EMOTIONS
from engine.media.centerface import CenterFaceDetector
from engine.predictor import EmotionPredictor
from tests.dashboard.made import SAMPLES, open_page, page_html, sentences
from tests.made import ROOT

PAGE = "views/explain/page.py"
PORTRAIT = (SAMPLES / "astronaut.jpg").read_bytes()


@pytest.fixture
def explain(home: AppTest) -> AppTest:
    """The Explain page with the first sample, as a link to it opens it."""
    home.run()
    home.switch_page(PAGE)
    return home.run()


def opened(home: AppTest, **address: str) -> AppTest:
    """Explain as the address opens it."""
    return open_page(home, PAGE, **address)


def cards(app: AppTest) -> list[str]:
    """Titles of all map cards, in order."""
    return re.findall(r"<figcaption>.*?<b>(.*?)</b>", page_html(app))


def test_a_sample_is_explained_at_once(explain: AppTest) -> None:
    assert not explain.exception
    assert not sentences(explain)
    html = page_html(explain)
    assert html.count('class="fl-bar') >= 7
    assert cards(explain)[:4] == ["block 1", "block 2", "block 3", "block 4"]
    for side in (48, 24, 12, 6):
        assert f"{side} × {side} cells" in html
    assert set(EMOTIONS) <= set(cards(explain))
    assert "Class-agnostic" in html
    assert "What cbam saw: 48 × 48 pixels, grey" in html
    assert [button.proto.label for button in explain.get("download_button")] == ["PNG", "NPZ", "JSON", "CSV", "Report"]
    assert any("How to read this" in expander.label for expander in explain.expander)
    assert "looks at" not in html + " ".join(block.value for block in explain.markdown)


def test_uploads_are_explained_and_a_broken_one_is_a_sentence(explain: AppTest) -> None:
    explain.segmented_control(key="source").set_value("upload").run()
    assert any("No picture yet" in block.value for block in explain.markdown)
    explain.file_uploader(key="upload").upload("face.jpg", PORTRAIT, "image/jpeg")
    explain.file_uploader(key="upload").upload("broken.jpg", PORTRAIT[:2000], "image/jpeg")
    explain.file_uploader(key="upload").upload("notes.txt", b"no picture", "text/plain").run()
    assert not explain.exception
    said = sentences(explain)
    assert len(said) == 2
    assert "'broken.jpg'" in said[0]
    assert "'notes.txt'" in said[1]
    assert "What cbam saw" in page_html(explain)
    explain.selectbox(key="picture_index").set_value(1).run()
    assert not explain.exception
    assert any("choose another one" in block.value for block in explain.info)


def test_an_upload_is_kept_while_another_source_is_looked_at(explain: AppTest) -> None:
    explain.segmented_control(key="source").set_value("upload").run()
    explain.file_uploader(key="upload").upload("face.jpg", PORTRAIT, "image/jpeg").run()
    explain.segmented_control(key="source").set_value("sample").run()
    explain.segmented_control(key="source").set_value("upload").run()
    assert "What cbam saw" in page_html(explain)


def test_a_camera_shot_is_explained(explain: AppTest) -> None:
    explain.segmented_control(key="source").set_value("camera").run()
    explain.camera_input(key="camera").upload("shot.jpg", PORTRAIT).run()
    assert not explain.exception
    assert "What cbam saw" in page_html(explain)


def test_model_sample_layer_and_class_come_from_the_address(home: AppTest) -> None:
    app = opened(home, model="baseline", sample="drawn-happy", layer="block2", target="fear")
    assert not app.exception
    assert app.selectbox(key="model").value == "baseline"
    assert app.selectbox(key="sample").value == "drawn-happy"
    assert cards(app)[0] == "fear"
    assert "24 × 24 cells" in page_html(app)
    assert "Grad-CAM for fear at block 2" in page_html(app)


def test_unknown_names_in_the_address_list_the_valid_ones(home: AppTest) -> None:
    said = " ".join(sentences(opened(home, model="vgg", sample="mona-lisa", layer="block9", target="bored")))
    assert "Unknown model 'vgg'; valid: baseline, cbam." in said
    assert "Unknown sample 'mona-lisa'; valid: astronaut" in said
    assert "Unknown layer 'block9' in the address; valid: block1, block2, block3, block4." in said
    assert "Unknown class 'bored'" in said


def test_a_model_without_attention_says_so_and_shows_gradcam(home: AppTest) -> None:
    app = opened(home, model="baseline")
    assert any("baseline has no attention gates" in block.value for block in app.info)
    assert "Channel attention gates" not in page_html(app)
    assert set(EMOTIONS) <= set(cards(app))


def test_class_and_layer_change_the_explanation(explain: AppTest) -> None:
    explain.selectbox(key="target").set_value("surprise").run()
    explain.selectbox(key="layer").set_value("block3").run()
    assert not explain.exception
    assert cards(explain)[4] == "surprise"
    assert "for surprise at block 3" in page_html(explain)


def test_a_contrast_is_drawn_once_with_both_its_classes_beside_it(home: AppTest) -> None:
    app = opened(home, target="happy", minus="sad")
    assert not app.exception
    shown = cards(app)
    assert shown.count("happy − sad") == 1
    assert {"angry", "fear", "happy", "sad"} <= set(shown)
    assert app.selectbox(key="target").label == "Class to explain"


def test_the_chosen_channel_shows_its_activation(explain: AppTest) -> None:
    selector = explain.selectbox(key="channel.cbam.block4.channel")
    before = page_html(explain)
    selector.set_value(7).run()
    assert not explain.exception
    assert "channel 7: activation" in page_html(explain)
    assert "channel 7: activation" not in before


def test_moving_a_slider_computes_nothing_again(explain: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, ...]] = []
    original = EmotionPredictor.explain_targets
    monkeypatch.setattr(
        EmotionPredictor,
        "explain_targets",
        lambda self, crop, targets, **k: calls.append(tuple(targets)) or original(self, crop, targets, **k),
    )
    before = page_html(explain)
    explain.slider(key="opacity").set_value(0.2).run()
    explain.selectbox(key="colors").set_value("magma").run()
    explain.segmented_control(key="scale").set_value("stretch").run()
    assert calls == []
    assert page_html(explain) != before
    assert any("Stretched" in caption.value for caption in explain.caption)
    map_loaders._book.clear()  # other tests may have asked for this layer
    explain.selectbox(key="layer").set_value("block1").run()
    first, others = calls  # what is asked for by itself, then all the others together
    assert len(first) == 1
    assert sorted((*first, *others)) == sorted(EMOTIONS)


def test_jet_is_labelled_misleading(explain: AppTest) -> None:
    assert "jet (misleading)" in explain.selectbox(key="colors").options


def test_two_faces_can_be_chosen_and_none_is_said(home: AppTest) -> None:
    app = opened(home, sample="two-faces")
    (picker,) = [element for element in app.get("button_group") if "faces, largest first" in element.proto.label]
    first = page_html(app)
    picker.set_value(1).run()
    assert not app.exception
    assert page_html(app) != first
    app.selectbox(key="sample").set_value("rocket").run()
    assert "No face was found, so the whole picture was classified" in page_html(app)
    (first,) = app.warning
    assert first.value.startswith("No face was found in this picture. What stands below is about the whole of it")
    assert NOBODY in page_html(app)
    app.toggle(key="whole").set_value(True).run()
    assert not app.warning
    assert NOBODY not in page_html(app)


def test_faces_are_looked_for_once_whatever_the_model(home: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[tuple[int, ...]] = []
    search = CenterFaceDetector.detect

    def detect(self: CenterFaceDetector, pixels: np.ndarray) -> object:
        searched.append(pixels.shape)
        return search(self, pixels)

    monkeypatch.setattr(CenterFaceDetector, "detect", detect)
    monkeypatch.setattr(shared_face, "LARGE_MEGAPIXELS", 0.0)
    loaders._searches.clear()  # other tests asked for this picture
    app = opened(home, sample="two-faces")
    assert app.session_state["long work: face search"].successes == 1, "a large one beside the page"
    app.selectbox(key="model").set_value("baseline").run()
    assert not app.exception
    assert len(searched) == 1


def test_the_table_has_every_face_of_every_picture() -> None:
    predictor = EmotionPredictor(ROOT / "checkpoints" / "cbam")
    names = ("two-faces", "rocket", "astronaut")
    pictures = [NamedPicture(name, (SAMPLES / f"{name}.jpg").read_bytes()) for name in names]
    table = answers_csv(predictor, [*pictures, NamedPicture("broken", b"no picture")], whole=False)
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [(row["picture"], row["face"]) for row in rows] == [
        ("two-faces", "1"), ("two-faces", "2"), ("rocket", "1"), ("astronaut", "1"), ("broken", ""),
    ]  # fmt: skip
    assert rows[2]["problem"] == "no face found: the whole picture"
    assert rows[2]["left"] == ""
    assert "broken" in rows[4]["problem"]
    for row in rows[:4]:
        assert sum(float(row[f"p_{name}"]) for name in EMOTIONS) == pytest.approx(1, abs=1e-5)
        assert float(row[f"p_{row['label']}"]) == float(row["confidence"])
    face = predictor.predict(SAMPLES / "astronaut.jpg").faces[0]
    assert face.box is not None
    assert [int(rows[3][name]) for name in ("left", "top", "width", "height")] == face.box.as_list()


def test_the_whole_picture_can_be_asked_for(explain: AppTest) -> None:
    explain.toggle(key="whole").set_value(True).run()
    assert "from the whole picture, as you asked" in page_html(explain)


def test_an_animated_picture_says_which_frame_is_used(explain: AppTest) -> None:
    frames = [Image.new("L", (64, 64), shade) for shade in (40, 200)]
    buffer = io.BytesIO()
    frames[0].save(buffer, format="GIF", save_all=True, append_images=frames[1:])
    explain.segmented_control(key="source").set_value("upload").run()
    explain.file_uploader(key="upload").upload("wave.gif", buffer.getvalue(), "image/gif").run()
    assert any("the first frame is used" in caption.value for caption in explain.caption)


def test_without_a_checkpoint_the_page_says_the_one_command(
    home: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(tmp_path))
    app = opened(home)
    assert not app.exception
    assert "engine train" in app.code[0].value


def test_weights_changed_by_one_byte_are_a_sentence(
    home: AppTest, seeded_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dashboard.shell import loaders

    folder = tmp_path / "changed"
    shutil.copytree(seeded_checkpoints, folder)
    weights = folder / "cbam" / "weights.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(bytes(data))
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(folder))
    loaders._predictor_on.clear()
    app = opened(home)
    loaders._predictor_on.clear()
    assert not app.exception
    (sentence,) = sentences(app)
    assert "sha256" in sentence
    assert str(tmp_path) not in sentence


def test_the_page_runs_by_itself(seeded_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.dashboard.made import ROOT

    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(seeded_checkpoints))
    app = AppTest.from_file(str(ROOT / "dashboard" / PAGE), default_timeout=60).run()
    assert not app.exception
    assert "What cbam saw" in page_html(app)
