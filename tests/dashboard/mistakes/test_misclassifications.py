import csv
import io
import re
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.views.mistakes.gallery import csv_text
from engine.analysis.files.sums import tell_sum
from tests.dashboard.made import open_page, page_html, sentences

PAGE = "views/mistakes/page.py"
Row = dict[str, Any]


def opened(home: AppTest, **address: Any) -> AppTest:
    return open_page(home, PAGE, **({"analysis": "synthetic-test"} | address))


def rows(store: Path, model: str = "cbam") -> list[Row]:
    return pq.read_table(store / model / "analysis/synthetic-test/predictions.parquet").to_pylist()


def shown(app: AppTest) -> list[str]:
    return re.findall(r'class="fl-tile" data-id="(.*?)"', page_html(app))


def a_mistake(store: Path) -> tuple[str, str]:
    row = next(row for row in rows(store) if row["label"] != row["predicted"])
    return row["label"], row["predicted"]


def ids(found: list[Row]) -> list[str]:
    return [row["id"] for row in found]


def test_mistakes_come_most_confident_first_a_page_at_a_time(page: AppTest, store: Path) -> None:
    app = opened(page)
    assert not app.exception
    assert not sentences(app)
    wrong = sorted((row for row in rows(store) if not row["correct"]), key=lambda row: -row["confidence"])
    assert len(wrong) > 24
    assert shown(app) == ids(wrong[:24])
    assert f"{len(wrong)} pictures answered wrongly" in page_html(app)
    assert page_html(app).count('class="fl-map"') == 24
    app.session_state["page"] = 2
    app.run()
    assert shown(app) == ids(wrong[24:])


def test_a_cell_shows_exactly_its_pictures(page: AppTest, store: Path) -> None:
    label, predicted = a_mistake(store)
    app = opened(page, true=label, answer=predicted)
    expected = [row for row in rows(store) if (row["label"], row["predicted"]) == (label, predicted)]
    assert sorted(shown(app)) == sorted(ids(expected))
    assert f"of {label} answered as {predicted}" in page_html(app)


def test_filters_hold_together(page: AppTest, store: Path) -> None:
    app = opened(page, shown="all", search="HAPPY", sort="smallest margin")
    expected = sorted((row for row in rows(store) if "happy" in row["id"]), key=lambda row: row["margin"])
    assert shown(app) == ids(expected)
    app.slider(key="confidence").set_value((0.0, 0.9)).run()
    assert shown(app) == [row["id"] for row in expected if row["confidence"] <= 0.9]
    next(button for button in app.button if button.label == "Clear").click().run()
    assert app.text_input(key="search").value == ""
    assert app.slider(key="confidence").value == (0.0, 1.0)


def test_two_models_are_compared(page: AppTest, store: Path) -> None:
    app = opened(page, against="baseline", agreement="agree", shown="all")
    other = {row["id"]: row["predicted"] for row in rows(store, "baseline")}
    expected = [row for row in rows(store) if row["predicted"] == other[row["id"]]]
    assert f"{len(expected)} picture" in page_html(app)
    assert sorted(shown(app)) == sorted(ids(expected))[:24] or len(expected) > 24
    assert any(toggle.label == "Minus baseline" for toggle in app.toggle)


def test_maps_are_drawn_over_the_faces_and_a_model_without_gates_offers_none(page: AppTest, store: Path) -> None:
    label, predicted = a_mistake(store)
    app = opened(page, true=label, answer=predicted, maps="last gate")
    assert not app.exception
    assert 'alt="block4.spatial, ' in page_html(app)
    app.segmented_control(key="maps").set_value("Grad-CAM").run()
    assert re.search(r'alt="Grad-CAM for |no positive evidence for ', page_html(app))
    app.sidebar.selectbox(key="model").set_value("baseline").run()
    assert not app.exception
    assert app.segmented_control(key="maps").options == ["picture", "Grad-CAM"]


def test_pictures_that_are_not_here_leave_figures_and_places(page: AppTest) -> None:
    app = opened(page, analysis="fer2013-test", maps="last gate")
    assert not app.exception
    assert any("not on this machine: put them under `data/`" in block.value for block in app.info)
    assert page_html(app).count("centre of mass of the map") == len(shown(app)) == 24
    app.segmented_control(key="maps").set_value("picture").run()
    assert page_html(app).count("picture not on this machine") == 24


def test_ticked_pictures_live_in_the_address(page: AppTest) -> None:
    app = opened(page)
    first = shown(app)[0]
    app.checkbox(key=f"pick.{first}").check().run()
    assert app.query_params["picked"] in (first, [first])
    assert any(button.proto.label == "CSV of 1 selected" for button in app.get("download_button"))
    app = opened(page, picked=["test/nobody/00009"])
    assert sentences(app) == ["The analysis has no picture 'test/nobody/00009'; it is left out of the selection."]


def test_the_csv_keeps_every_column_and_digit() -> None:
    read = list(csv.DictReader(io.StringIO(csv_text([{"id": "a,b", "loss": 0.1}, {"id": "c", "loss": None}]))))
    assert read == [{"id": "a,b", "loss": "0.1"}, {"id": "c", "loss": ""}]


def test_a_model_without_analysis_says_the_command(page: AppTest) -> None:
    app = opened(page, model="spatial")
    assert not app.exception
    assert "python -m engine analyze --model spatial --dataset synthetic --split test" in app.code[0].value
    assert any("Analysed so far: baseline, cbam" in caption.value for caption in app.caption)


@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_damaged_or_missing_file_is_a_sentence(
    page: AppTest, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    shutil.copytree(store, tmp_path / "all")
    file = tmp_path / "all/cbam/analysis/synthetic-test/predictions.parquet"
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:-200])
    else:
        file.unlink()
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(tmp_path / "all"))
    app = opened(page, analysis="synthetic-test")
    assert not app.exception
    (sentence,) = sentences(app)
    assert "synthetic-test/predictions.parquet" in sentence
    assert "python -m engine analyze --model cbam --dataset synthetic --split test --force" in sentence
    assert str(tmp_path) not in sentence


def test_unknown_names_in_the_address_are_sentences(page: AppTest) -> None:
    said = " ".join(sentences(opened(page, true="bored", analysis="ck-test", sort="by colour")))
    assert "Unknown true class 'bored'; valid: angry" in said
    assert "Unknown analysis 'ck-test'; valid: synthetic-test, fer2013-test." in said
    assert "Unknown order 'by colour'" in said


def test_filters_survive_a_visit_to_another_page(page: AppTest, store: Path) -> None:
    label, predicted = a_mistake(store)
    before = shown(opened(page, true=label, answer=predicted))
    page.query_params.clear()
    page.switch_page("views/evidence/page.py").run()
    page.query_params.clear()
    page.switch_page(PAGE).run()
    assert page.multiselect(key="true").value == [label]
    assert shown(page) == before


def test_explain_opens_a_datasets_picture_by_its_address(page: AppTest, store: Path) -> None:
    row = next(row for row in rows(store) if not row["correct"])
    page.run()
    page.switch_page("views/explain/page.py")
    for key, value in {"source": "dataset", "id": row["id"], "target": "predicted - true"}.items():
        page.query_params[key] = value
    page.run()
    assert not page.exception
    assert not sentences(page)
    html = page_html(page)
    assert f"label is <b>{row['label']}</b>. The answer, {row['predicted']}, is wrong by it." in html
    assert f"<b>true {row['label']}</b>" in html
    assert f"<b>{row['predicted']} − {row['label']}</b>" in html
    # The page answers the very picture that was analysed.
    assert f'title="{row["predicted"]}: {row["confidence"]:.4f}"' in html


def test_explain_says_what_is_wrong_with_an_id(page: AppTest) -> None:
    page.run()
    page.switch_page("views/explain/page.py")
    page.query_params["source"] = "dataset"
    page.query_params["id"] = "test/happy/00000"
    page.run()
    assert not page.exception
    assert any("got 'test/happy/00000'" in sentence for sentence in sentences(page))


def with_near(store: Path, folder: Path, near: list[int] | None) -> Path:
    """Copy the store with other near groups for cbam's FER2013 rows, or as it was before they were looked for."""
    shutil.copytree(store, folder)
    file = folder / "cbam/analysis/fer2013-test/predictions.parquet"
    table = pq.read_table(file)
    at, metadata = table.column_names.index("near_group"), table.schema.metadata
    table = table.drop_columns(["near_group"])
    if near is not None:
        table = table.add_column(at, "near_group", pa.array(near, pa.int64()))
    pq.write_table(table.replace_schema_metadata(metadata), file)
    tell_sum(file)
    return folder


def test_near_copies_are_a_filter_that_the_address_holds(
    page: AppTest, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    near = list(range(35))
    near[4] = near[2] = near[20]
    folder = with_near(store, tmp_path / "all", near)
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(folder))
    table = pq.read_table(folder / "cbam/analysis/fer2013-test/predictions.parquet")
    expected = {table["id"][at].as_py() for at in (2, 4, 20)}
    app = opened(page, analysis="fer2013-test", shown="all", near="only near copies")
    assert not app.exception
    assert not sentences(app)
    assert set(shown(app)) == expected
    app.segmented_control(key="near").set_value("one of each").run()
    assert "33 pictures" in page_html(app)
    next(button for button in app.button if button.label == "Clear").click().run()
    assert app.segmented_control(key="near").value == "any"


def test_an_older_analysis_works_and_says_how_to_get_near_copies(
    page: AppTest, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(with_near(store, tmp_path / "all", None)))
    app = opened(page, analysis="fer2013-test", shown="all")
    assert not app.exception
    assert not sentences(app)
    assert "35 pictures" in page_html(app)
    assert app.segmented_control(key="near").disabled
    app = opened(page, analysis="fer2013-test", shown="all", near="only near copies")
    (sentence,) = sentences(app)
    assert "python -m engine analyze --model cbam --dataset fer2013 --split test --force" in sentence
    assert "35 pictures" in page_html(app)


def test_built_in_faces_have_no_near_copies_to_choose(page: AppTest) -> None:
    app = opened(page)
    assert app.segmented_control(key="near").disabled
    assert "each was drawn by itself" in app.segmented_control(key="near").help
