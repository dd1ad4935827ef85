import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.shell import map_loaders
from engine.analysis.files.places import PREDICTIONS, analysis_folder
from engine.analysis.sweep.block import SweepSettings
from engine.analysis.sweep.sweep import sweep
from engine.data.registry import load_dataset
from engine.labels import CK_EMOTIONS
from engine.models.checkpoint import load_checkpoint, read_card, update_card
from engine.predictor import EmotionPredictor
from tests.dashboard.made import ROOT, open_page, page_html, sentences
from tests.made import write_seeded
from tests.made_adopted import write_adopted

PAGE = "views/compare/page.py"
DRAWN = {"sample": "drawn-happy"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, patterns: Path) -> Path:
    """Five models, two of them analysed on the same pictures, one of other classes."""
    folder: Path = tmp_path_factory.mktemp("compared")
    for name, architecture, seed in (
        ("baseline", "baseline", 0), ("cbam", "cbam", 0), ("spatial", "spatial", 1), ("twin", "cbam", 2),
    ):  # fmt: skip
        write_seeded(folder / name, architecture, seed=seed)
    shutil.copytree(folder / "baseline", folder / "vexed")
    update_card(folder / "vexed", replace(read_card(folder / "vexed"), name="vexed", classes=CK_EMOTIONS))
    dataset = load_dataset("fer2013", "private", data=patterns)
    for name in ("baseline", "cbam"):
        loaded = load_checkpoint(name, folder=folder)
        out = analysis_folder(folder / name, "fer2013", "private")
        sweep(loaded.model, loaded.card, dataset, out, settings=SweepSettings(gradcam=False), bare=4)
    return folder


@pytest.fixture
def page(store: Path, home: AppTest, patterns: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The page's app, not yet run there."""
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(store))
    monkeypatch.setenv("FERLENS_DATA", str(patterns))
    return home


def opened(home: AppTest, **address: str) -> AppTest:
    return open_page(home, PAGE, **{**DRAWN, **address})


def address(app: AppTest, key: str) -> str:
    value = app.query_params.get(key, "")
    return value if isinstance(value, str) else ",".join(value)


def columns(app: AppTest) -> list[list[str]]:
    """The text of every row of the aligned tables: label first."""
    rows = re.findall(r'<div class="fl-crow ">(.*?)(?=<div class="fl-crow|\n|$)', page_html(app))
    return [re.split(r'<div class="fl-ccell">', row) for row in rows]


def test_the_first_two_models_of_the_same_classes_stand_in_aligned_rows(page: AppTest) -> None:
    app = opened(page)
    assert not app.exception
    assert not sentences(app)
    assert app.multiselect(key="models").value == ["baseline", "cbam"]
    assert address(app, "models") == "baseline,cbam"
    rows = columns(app)
    assert len(rows) == 7 + 1  # classes, Grad-CAM; no row for gates that one of them has not
    assert {len(row) for row in rows} == {1 + 2 + 1}  # label, two models, the difference
    html = page_html(app)
    assert html.count('class="fl-cown"') == 4 + 4
    assert "cbam alone: 4 gates; baseline has none" in html
    assert "cbam alone: 4 channel gates; baseline has none" in html
    assert "has no gate here" not in html
    assert "strongest tenth" in html
    assert "difference</span>" in html
    assert "looks at" not in html


def test_models_target_layer_and_pair_come_from_the_address(page: AppTest) -> None:
    app = opened(
        page, models="spatial,cbam,baseline", target="fear", minus="sad", layer="block2", pair="spatial,baseline"
    )
    assert not app.exception
    assert not sentences(app)
    assert app.multiselect(key="models").value == ["spatial", "cbam", "baseline"]
    assert app.selectbox(key="pair").value == "spatial,baseline"
    assert any("Explains fear − sad" in caption.value for caption in app.caption)
    html = page_html(app)
    assert "baseline − spatial" in html
    rows = columns(app)
    assert {len(row) for row in rows} == {1 + 3 + 1}
    assert "24 × 24 cells" in rows[7][0]


def test_a_gate_that_both_have_is_subtracted_and_a_twin_of_another_seed_is_not_the_same(page: AppTest) -> None:
    app = opened(page, models="cbam,twin")
    assert not app.exception
    assert "nothing to subtract" not in page_html(app)
    assert page_html(app).count("fl-alike") >= 5
    assert len(app.dataframe[0].value) == 5
    same = opened(page, models="cbam,cbam")
    assert any("Comparing takes two to four" in block.value for block in same.info)


def test_one_model_five_models_unknown_ones_and_none_are_sentences(page: AppTest) -> None:
    app = opened(page, models="cbam")
    assert not app.exception
    assert any("choose another beside cbam" in block.value for block in app.info)
    assert not columns(app)
    app.multiselect(key="models").set_value([]).run()
    assert not app.exception
    assert any("choose them above." in block.value for block in app.info)
    app.multiselect(key="models").set_value(["cbam", "spatial"]).run()
    assert address(app, "models") == "cbam,spatial"
    assert {len(row) for row in columns(app)} == {4}


def test_five_models_in_the_address_are_cut_to_four(page: AppTest) -> None:
    app = opened(page, models="baseline,cbam,spatial,twin,vexed")
    assert sentences(app) == ["Expected 4 models at most, got 5; vexed is left out."]
    assert {len(row) for row in columns(app)} == {1 + 4 + 1}
    assert len(app.selectbox(key="pair").options) == 6


def test_an_unknown_model_lists_the_valid_ones(page: AppTest) -> None:
    app = opened(page, models="vgg,cbam,baseline", pair="a,b", target="bored", layer="block9")
    assert not app.exception
    said = sentences(app)
    assert "Unknown model 'vgg'; valid: baseline, cbam, spatial, twin, vexed." in said
    assert any("Unknown pair 'a,b'; valid: cbam,baseline." in sentence for sentence in said)
    assert any("Unknown class 'bored'" in sentence for sentence in said)
    assert any("Unknown layer common to the models 'block9'" in sentence for sentence in said)


def test_models_of_other_classes_are_compared_in_those_that_they_share(page: AppTest) -> None:
    """``vexed`` answers contempt where ``cbam`` answers neutral."""
    app = opened(page, models="vexed,cbam", target="contempt")
    assert not app.exception
    (words,) = [caption.value for caption in app.caption if "also answers" in caption.value]
    assert words.startswith("vexed also answers contempt; cbam also answers neutral. Maps are of the 6 classes")
    assert not {"contempt", "neutral"} & set(app.selectbox(key="target").options)
    assert any("Unknown class 'contempt'" in said for said in sentences(app))
    html = page_html(app)
    assert html.count("no answer of cbam") == html.count("no answer of vexed") == 1
    assert 'class="fl-concluded"' not in html  # a verdict on a dataset takes models of the same classes
    assert {len(row) for row in columns(app)} == {1 + 2 + 1}


def test_classes_that_have_nothing_in_common_are_refused_and_the_rest_is_compared(
    page: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_adopted(tmp_path / "own" / "mine")
    places = (str(tmp_path / "own"), os.environ["FERLENS_CHECKPOINTS"])
    monkeypatch.setenv("FERLENS_CHECKPOINTS", os.pathsep.join(places))
    app = opened(page, models="baseline,mine,cbam")
    said = next(one for one in sentences(app) if one.startswith("Expected models"))
    assert said.startswith("Expected models that share two classes or more, but 'baseline' knows angry, disgust")
    assert {len(row) for row in columns(app)} == {4}
    alone = opened(page, models="mine,cbam")
    assert any("beside mine" in block.value for block in alone.info)


def test_a_model_taken_away_takes_its_pair_along_without_an_error(page: AppTest) -> None:
    app = opened(page, models="baseline,cbam,spatial", pair="cbam,spatial")
    assert app.selectbox(key="pair").value == "cbam,spatial"
    app.multiselect(key="models").set_value(["baseline", "cbam"]).run()
    assert not app.exception
    assert not sentences(app)
    assert address(app, "pair") == ""
    app.multiselect(key="models").set_value(["baseline", "cbam", "twin"]).run()
    assert not sentences(app)
    assert app.selectbox(key="pair").value == "baseline,cbam"


def test_a_checkpoint_deleted_meanwhile_is_a_sentence(
    page: AppTest, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(store, tmp_path / "all")
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(tmp_path / "all"))
    app = opened(page, models="baseline,cbam,spatial")
    shutil.rmtree(tmp_path / "all" / "spatial")
    app.run()
    assert not app.exception
    assert sentences(app) == ["Unknown model 'spatial'; valid: baseline, cbam, twin, vexed."]
    assert {len(row) for row in columns(app)} == {4}


def test_a_class_minus_itself_is_said_and_shown_alone(page: AppTest) -> None:
    app = opened(page, target="fear", minus="fear")
    assert sentences(app) == ["A contrast needs two different classes, but both are fear; showing fear alone."]
    assert any("Explains fear." in caption.value for caption in app.caption)


def test_the_choice_outlives_a_visit_elsewhere_and_so_does_the_model_of_the_others(page: AppTest) -> None:
    page.run()
    page.switch_page("views/explain/page.py").run()
    page.selectbox(key="model").set_value("twin").run()
    page.query_params.clear()
    page.switch_page(PAGE).run()
    page.multiselect(key="models").set_value(["twin", "spatial"]).run()
    assert "model" not in [box.key for box in page.selectbox]
    page.query_params.clear()
    page.switch_page("views/explain/page.py").run()
    assert page.selectbox(key="model").value == "twin"
    page.query_params.clear()
    page.switch_page(PAGE).run()
    assert page.multiselect(key="models").value == ["twin", "spatial"]
    assert address(page, "models") == "twin,spatial"


def test_moving_a_slider_computes_nothing_again(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(page)
    calls: list[str] = []
    original = EmotionPredictor.explain_crop
    monkeypatch.setattr(
        EmotionPredictor, "explain_crop", lambda self, *a, **k: calls.append(self.card.name) or original(self, *a, **k)
    )
    before = page_html(app)
    app.slider(key="opacity").set_value(0.2).run()
    assert page_html(app) != before
    assert calls == []
    map_loaders._book.clear()  # other tests may have asked for this layer
    app.selectbox(key="layer").set_value("block3").run()
    assert calls == ["baseline", "cbam"]


def test_the_verdict_stands_above_and_the_details_below(page: AppTest) -> None:
    app = opened(page, models="baseline,cbam")
    html = page_html(app)
    (verdict,) = re.findall(r'<div class="fl-concluded">(.*?)</div>', html)
    assert "95 % interval" in verdict
    assert "n = 14" in verdict
    assert html.index("fl-concluded") < html.index("On one face") < html.index("fl-classes")
    assert "44,940" in html  # more parameters with CBAM
    assert html.count('class="fl-range') == 7
    assert address(app, "on") == "fer2013-private"
    assert "not trained alike" not in html
    app.segmented_control(key="compare_figure").set_value("f1").run()
    assert "F1, points" in page_html(app)


def test_the_verdict_says_that_two_models_were_not_trained_alike(page: AppTest, store: Path) -> None:
    cards = {name: read_card(store / name) for name in ("baseline", "cbam")}
    try:
        for (name, card), epochs in zip(cards.items(), (40, 5), strict=True):
            update_card(store / name, replace(card, recipe={**card.recipe, "schedule": {"epochs": epochs}}))
        assert "They were not trained alike (schedule)" in page_html(opened(page, models="baseline,cbam"))
    finally:
        for name, card in cards.items():
            update_card(store / name, card)


def test_a_selection_of_a_gallery_is_compared_as_a_whole_and_for_the_true_class(page: AppTest) -> None:
    app = opened(page, models="baseline,cbam")
    assert "true" not in app.selectbox(key="target").options
    assert "On the whole selection" not in page_html(app)
    app.segmented_control(key="compare_group").set_value("both wrong, differently").run()
    tiles = re.findall(r'<div class="fl-pick">.*?alt="(.*?), labelled', page_html(app))
    (button,) = [button for button in app.button if button.label.startswith("Compare these")]
    button.click().run()
    assert not app.exception
    assert not sentences(app)
    assert address(app, "source") == "dataset"
    ids = app.text_input(key="id").value.split(",")
    assert len(ids) == len(tiles) > 1
    html = page_html(app)
    assert f"Answered as labelled, of {len(ids)}: baseline 0, cbam 0." in html
    assert f"baseline and cbam give the same answer to 0 of {len(ids)}." in html
    (table,) = [frame.value for frame in app.dataframe if "label" in frame.value.columns]
    assert table["picture"].tolist() == ids
    assert table["label"].tolist() == [one.split("/")[1] for one in ids]
    app.selectbox(key="target").set_value("true").run()
    assert any(f"Explains {table['label'][0]}." in caption.value for caption in app.caption)
    app.selectbox(key="target").set_value("predicted - true").run()
    assert not app.exception
    assert any(f" − {table['label'][0]}." in caption.value for caption in app.caption)
    app.selectbox(key="picture_index").set_value(1).run()
    assert f"{ids[1]} of fer2013" in page_html(app) or any(ids[1] in one.value for one in app.caption)


def test_galleries_show_the_pictures_and_open_explain(page: AppTest) -> None:
    app = opened(page, models="baseline,cbam")
    group = app.segmented_control(key="compare_group")
    counts = {option.split(" · ")[0]: int(option.split(" · ")[1]) for option in group.options}
    group.set_value("both wrong, differently").run()
    assert not app.exception
    tiles = re.findall(r'<div class="fl-pick">.*?alt="(.*?), labelled', page_html(app))
    assert len(tiles) == counts["both wrong, differently"] > 0
    links = [link.proto for link in app.get("page_link")]
    assert {link.label for link in links} == {"baseline", "cbam"}
    assert len(links) == 2 * len(tiles)
    assert all("source=dataset" in link.query_string and "split=private" in link.query_string for link in links)


def test_without_stored_answers_the_exact_commands_are_said(page: AppTest) -> None:
    app = opened(page, models="baseline,spatial")
    assert "No verdict on a dataset yet" in page_html(app)
    assert app.code[0].value == "python -m engine analyze --model spatial --dataset fer2013 --split private"
    app = opened(page, models="spatial,twin")
    assert app.code[0].value.splitlines() == [
        f"python -m engine analyze --model {name} --dataset fer2013 --split private" for name in ("spatial", "twin")
    ]


def test_a_damaged_analysis_is_a_sentence_and_the_face_is_compared_all_the_same(
    page: AppTest, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(store, tmp_path / "all")
    file = analysis_folder(tmp_path / "all" / "cbam", "fer2013", "private") / PREDICTIONS
    file.write_bytes(file.read_bytes()[:100])
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(tmp_path / "all"))
    app = opened(page, models="baseline,cbam")
    assert not app.exception
    (said,) = sentences(app)
    assert "is damaged: it is not the file that its report describes" in said
    assert "make it again with: python -m engine analyze --model cbam" in said
    assert str(tmp_path) not in said
    assert len(columns(app)) == 8


def test_the_page_runs_by_itself(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(store))
    app = AppTest.from_file(str(ROOT / "dashboard" / PAGE), default_timeout=60).run()
    assert not app.exception
    assert "fl-compare" in page_html(app)


def test_two_pictures_stand_side_by_side_under_one_model(page: AppTest) -> None:
    app = opened(page, compare="pictures", model="cbam", second="sample:drawn-fear", target="fear")
    assert not app.exception
    assert not sentences(app)
    assert app.selectbox(key="second").value == "sample:drawn-fear"
    assert address(app, "compare") == "pictures"
    assert address(app, "second") == "sample:drawn-fear"
    assert any("Explains fear in both." in caption.value for caption in app.caption)
    rows = columns(app)
    assert len(rows) == 7 + 1 + 4 + 4  # classes, Grad-CAM, and every gate: both pictures have each
    assert {len(row) for row in rows} == {1 + 2 + 1}
    html = page_html(app)
    assert "Drawn face: fear − Drawn face: happy" in html
    assert "from the first to the second" in html or "No class differs" in html
    assert "most in channel" in html
    assert "models" not in app.query_params


def test_the_second_picture_is_the_pinned_one_or_of_the_selection(page: AppTest) -> None:
    app = opened(page, compare="pictures", pin="sample:drawn-sad")
    assert app.selectbox(key="second").value == "pinned"
    assert "Drawn face: sad − Drawn face: happy" in page_html(app)
    odd = opened(page, compare="pictures", second="sample:nobody")
    assert any(said.startswith("Unknown second picture 'sample:") for said in sentences(odd))
    gone = opened(page, compare="pictures", second="synthetic:test/happy/99999")
    assert not gone.exception
    assert sentences(gone)


def test_the_second_picture_may_be_of_the_selection_and_is_never_the_first(page: AppTest) -> None:
    ids = "test/happy/00003,test/sad/00005,test/fear/00002"
    wanted = {"source": "dataset", "dataset": "synthetic", "id": ids}
    app = open_page(page, PAGE, compare="pictures", model="cbam", second="3", **wanted)
    assert not sentences(app)
    assert "test/fear/00002 − test/happy/00003" in page_html(app)
    app.button(key="walk_next").click().run()
    assert "test/fear/00002 − test/sad/00005" in page_html(app)
    app.button(key="walk_next").click().run()  # what was the second is now the first
    assert "test/happy/00003 − test/fear/00002" in page_html(app)


def test_the_same_picture_twice_is_said(page: AppTest) -> None:
    app = opened(page, compare="pictures", second="sample:drawn-happy")
    assert any("Both are the same picture" in block.value for block in app.info)


def test_back_among_models_the_comparison_of_models_is_as_before(page: AppTest) -> None:
    app = opened(page, models="spatial,cbam")
    app.segmented_control(key="compare").set_value("pictures").run()
    assert not app.exception
    assert app.selectbox(key="second").value
    app.segmented_control(key="compare").set_value("models").run()
    assert not app.exception
    assert app.multiselect(key="models").value == ["spatial", "cbam"]
    assert address(app, "compare") == ""
    assert address(app, "second") == ""
    assert address(app, "models") == "spatial,cbam"
