import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.shell import loaders
from engine.data.dataset import FaceDataset
from engine.data.drawn import synthetic_face, synthetic_id
from engine.evidence import face
from engine.labels import EMOTIONS
from engine.models.checkpoint import read_card, update_card
from tests.dashboard.made import ROOT, open_page, page_html, page_text, sentences, write_seeded
from tests.made_evidence import make_report, write_report

PAGE = "views/evidence/page.py"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with results of both variants, and one without any."""
    folder: Path = tmp_path_factory.mktemp("evidence")
    for name in ("baseline", "cbam"):
        write_seeded(folder, name)
    for variant in ("plain", "spurious"):
        weights = read_card(folder / "cbam").weights_sha256
        write_report(folder / "cbam", make_report("cbam", variant, weights=weights))
    return folder


@pytest.fixture
def page(store: Path, home: AppTest, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The page's app, not yet run there."""
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(store))
    return home


def opened(home: AppTest, **address: str) -> AppTest:
    return open_page(home, PAGE, **address)


def shown(app: AppTest) -> str:
    """The id of the face that is drawn."""
    (face_id,) = re.findall(r'alt="built-in face (.*?),', page_html(app))
    return str(face_id)


def button(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click()
    return app.run()


def test_league_reading_and_faces_are_drawn(page: AppTest) -> None:
    app = opened(page, model="cbam", face="test/happy/00003")
    assert not app.exception
    assert not sentences(app)
    html = page_html(app)
    assert html.count("<tr><th scope='row'>") == 4
    assert "Grad-CAM at block 1 comes first: it puts 4.00 times" in html
    assert "do not surely beat a spot in the middle (centre prior)" in page_text(app)
    assert shown(app) == "test/happy/00003"
    # One outline over the picture and one over each of four Grad-CAM maps and four gates.
    assert html.count('<img class="fl-outline"') == 9
    assert len(re.findall(r'<div class="fl-judged"><b title="enrichment', html)) == 8
    assert any("All numbers" in expander.label for expander in app.expander)
    assert len(app.dataframe[0].value) == 4 + 8


def test_metric_and_group_change_the_league(page: AppTest) -> None:
    app = opened(page, model="cbam")
    before = page_html(app)
    app.segmented_control(key="evidence_metric").set_value("off_face").run()
    assert ">share off the face (mass)</button>" in page_html(app)
    assert ">share off the face (mass)</button>" not in before
    app.segmented_control(key="evidence_group.plain").set_value("wrong").run()
    assert not app.exception
    assert "n = 10 answered wrongly" in page_html(app)


def test_next_and_previous_walk_and_the_ends_are_ends(page: AppTest) -> None:
    app = opened(page, model="cbam", face="test/disgust/00001")
    assert shown(button(app, "evidence_next")) == "test/fear/00002"
    assert app.query_params["face"] in ("test/fear/00002", ["test/fear/00002"])
    button(app, "evidence_previous")
    assert shown(button(app, "evidence_previous")) == "test/angry/00000"
    assert app.button(key="evidence_previous").disabled
    app.text_input(key="face").set_value(synthetic_id("test", 2999)).run()
    assert shown(app).endswith("02999")
    assert app.button(key="evidence_next").disabled


def test_the_class_filter_moves_the_face_and_the_steps(page: AppTest) -> None:
    app = opened(page, model="cbam", face="test/sad/00005")
    app.selectbox(key="evidence_shows").set_value("happy").run()
    assert shown(app) == "test/happy/00010"
    assert shown(button(app, "evidence_next")) == "test/happy/00017"
    assert "of 429 faces chosen" in page_html(app)
    app.text_input(key="face").set_value("test/sad/00005").run()
    assert shown(app) == "test/sad/00005"  # a face asked for by its id is shown, whatever the filter
    assert "Not among the 429 faces chosen" in page_html(app)


def few_faces(split: str, size: int, channels: int, **named: object) -> FaceDataset:
    ids = tuple(synthetic_id(split, index) for index in range(14))
    images = np.stack([synthetic_face(face_id, size, channels).image for face_id in ids])
    labels = np.arange(14, dtype=np.int64) % 7
    return FaceDataset("synthetic", split, EMOTIONS, images, labels, ids, np.arange(14, dtype=np.int64))


def test_the_answers_filter_agrees_with_what_is_shown(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loaders, "load_synthetic", few_faces)
    loaders._answering.clear()
    app = opened(page, model="cbam")
    app.segmented_control(key="evidence_answered.plain").set_value("wrong").run()
    assert not app.exception
    (chosen,) = re.findall(r"of (\d+) faces chosen", page_html(app))
    assert 0 < int(chosen) <= 14
    assert "wrongly" in page_html(app)
    button(app, "evidence_next")
    assert "wrongly" in page_html(app)
    loaders._answering.clear()


def test_a_failure_while_answering_is_a_sentence_and_not_kept(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.errors import DataError

    def fails(*args: object, **named: object) -> FaceDataset:
        raise DataError("The faces could not be drawn; run again.")

    monkeypatch.setattr(loaders, "load_synthetic", fails)
    loaders._answering.clear()
    app = opened(page, model="cbam")
    app.segmented_control(key="evidence_answered.plain").set_value("right").run()
    assert sentences(app) == ["The faces could not be drawn; run again."]
    monkeypatch.setattr(loaders, "load_synthetic", few_faces)
    app = button(app, "again.answered faces")
    assert not sentences(app)
    loaders._answering.clear()


def test_the_marked_variant_shows_the_mark_and_its_own_results(page: AppTest) -> None:
    app = opened(page, model="cbam", variant="spurious", face="test/happy/00003")
    assert not app.exception
    html = page_html(app)
    assert "The mark decides: 20 of 34" in html
    assert "Outlined: the planted mark" in html
    assert "fooled" in app.segmented_control(key="evidence_answered.spurious").options


def test_without_results_it_is_said_what_that_means_and_the_faces_still_work(page: AppTest) -> None:
    app = opened(page)
    app.sidebar.selectbox(key="model").set_value("baseline").run()
    assert not app.exception
    said = " ".join(block.value for block in app.markdown)
    assert "baseline has no plain results. Evidence is known on built-in faces alone" in said
    assert not app.code
    assert page_html(app).count('<img class="fl-outline"') == 5  # the picture and four Grad-CAM maps; no gates


def test_a_model_without_results_lends_the_page_one_with_some_and_is_chosen_again_elsewhere(page: AppTest) -> None:
    app = open_page(page, "views/explain/page.py", model="baseline", sample="drawn-happy")
    app.switch_page(PAGE).run()
    assert not app.exception
    assert app.selectbox(key="model").value == "cbam"
    assert any("where baseline has no results. Shown is cbam" in caption.value for caption in app.caption)
    app.query_params.pop("model", None)
    app.switch_page("views/explain/page.py").run()
    assert app.selectbox(key="model").value == "baseline"


def test_damaged_results_are_one_sentence_and_the_faces_still_work(
    page: AppTest, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(store, tmp_path / "all")
    (tmp_path / "all/cbam/analysis/evidence-test/evidence-plain.json").write_text("{", encoding="utf-8")
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(tmp_path / "all"))
    app = opened(page, model="cbam")
    assert not app.exception
    (sentence,) = sentences(app)
    assert "'evidence-plain.json'" in sentence
    assert str(tmp_path) not in sentence
    assert shown(app) == "test/angry/00000"


def test_models_trained_on_built_in_faces_come_first_and_others_classes_are_left_out(
    page: AppTest, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    shutil.copytree(store, tmp_path / "all")
    for source, name, changes in (
        ("cbam", "synthetic-cbam", {"data": {"dataset": "synthetic"}}),
        ("baseline", "ck", {"classes": (*EMOTIONS[:6], "contempt")}),
    ):
        shutil.copytree(store / source, tmp_path / "all" / name)
        card = read_card(tmp_path / "all" / name)
        update_card(tmp_path / "all" / name, replace(card, **changes))  # type: ignore[arg-type]
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(tmp_path / "all"))
    app = opened(page)
    assert app.selectbox(key="model").options == ["synthetic-cbam", "baseline", "cbam"]
    (said,) = sentences(opened(page, model="ck"))
    assert said.startswith("This page takes no model 'ck'; valid: synthetic-cbam, baseline, cbam. Showing ")


def test_wrong_addresses_are_sentences(page: AppTest) -> None:
    app = opened(page, model="vgg", variant="hard", face="test/sad/00003")
    assert not app.exception
    said = sentences(app)
    assert any("Unknown model 'vgg'; valid: baseline, cbam." in sentence for sentence in said)
    assert any("Unknown variant 'hard'; valid: plain, spurious." in sentence for sentence in said)
    assert any("got 'test/sad/00003'" in sentence for sentence in said)
    assert shown(button(app, "evidence_next")) == "test/disgust/00001"


def test_moving_a_slider_computes_nothing_again(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(page, model="cbam", face="test/sad/00005")
    calls: list[str] = []
    original = face.known_face
    monkeypatch.setattr(face, "known_face", lambda *a, **k: calls.append(a[0]) or original(*a, **k))
    before = page_html(app)
    app.slider(key="opacity").set_value(0.2).run()
    assert page_html(app) != before
    assert calls == []
    button(app, "evidence_next")
    assert calls == ["test/surprise/00006"]


def test_the_page_runs_by_itself(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(store))
    app = AppTest.from_file(str(ROOT / "dashboard" / PAGE), default_timeout=60).run()
    assert not app.exception
    assert "fl-outline" in page_html(app)


def test_the_picture_chosen_on_explain_survives_a_visit(page: AppTest) -> None:
    page.run()
    page.switch_page("views/explain/page.py")
    page.query_params["sample"] = "drawn-happy"
    page.run()
    assert page.selectbox(key="sample").value == "drawn-happy"
    page.query_params.clear()
    page.switch_page(PAGE).run()
    assert "sample" not in [box.key for box in page.selectbox]
    page.switch_page("views/explain/page.py").run()
    assert page.selectbox(key="sample").value == "drawn-happy"
