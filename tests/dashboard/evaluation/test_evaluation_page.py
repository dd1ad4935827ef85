import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from streamlit.testing.v1 import AppTest

from engine.analysis.files.places import analysis_folder
from engine.measure.robustness import CORRUPTIONS, SEVERITIES, RobustnessReport, RobustnessRow, robustness_file
from engine.models.checkpoint import read_card
from engine.statistics.intervals import Estimate
from tests.dashboard.made import open_page, page_html, page_text, sentences

PAGE = "views/evaluation/page.py"


def opened(home: AppTest, **address: Any) -> AppTest:
    return open_page(home, PAGE, **({"analysis": "synthetic-test"} | address))


def rows(store: Path, model: str = "cbam") -> list[dict[str, Any]]:
    return pq.read_table(store / model / "analysis/synthetic-test/predictions.parquet").to_pylist()


def charts(app: AppTest) -> list[dict[str, Any]]:
    return [json.loads(element.proto.spec or element.proto.figure.spec) for element in app.get("plotly_chart")]


def own(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = Path(shutil.copytree(store, tmp_path / "all"))
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(folder))
    return folder


def test_the_summary_is_that_of_the_stored_answers(page: AppTest, store: Path) -> None:
    app = opened(page)
    assert not app.exception
    assert not sentences(app)
    share = np.mean([row["correct"] for row in rows(store)])
    html = page_html(app)
    assert f"Accuracy {100 * share:.1f} %" in page_text(app)
    assert "on synthetic test" in html
    assert "n = 35" in html
    assert "one of each group of copies" in html
    bars, confusion = charts(app)
    assert [trace["orientation"] for trace in bars["data"]] == ["h"] * 3
    assert sum(sum(row) for row in confusion["data"][0]["z"]) == 35


def test_a_split_that_leaks_is_said_to(
    page: AppTest, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = own(store, tmp_path, monkeypatch)
    file = analysis_folder(folder / "cbam", "synthetic", "test") / "report.json"
    file.unlink()
    assert "pictures; person-independent: every face is drawn anew<" in page_html(opened(page))
    document = {
        "protocol": "split test; not person-independent: nobody knows", "person_independent": False,
        "near_copies": {"leaks": True, "conclusion": "test leaks: 30 of its 35 pictures."},
    }  # fmt: skip
    file.write_text(json.dumps(document))
    app = opened(page)
    assert "; split test; not person-independent: nobody knows" in page_html(app)
    assert "test leaks: 30 of its 35 pictures." in [said.value for said in app.warning]
    assert not any("fairest" in said.value for said in app.caption)


@pytest.mark.parametrize(
    ("address", "area"), [({"tab": "Curves"}, "AUC"), ({"tab": "Curves", "curves": "precision and recall"}, "AP")]
)
def test_curves_are_named_and_macro_is_not_micro(page: AppTest, address: dict[str, str], area: str) -> None:
    app = opened(page, **address)
    assert not app.exception
    (chart,) = charts(app)
    names = [trace["name"] for trace in chart["data"] if "name" in trace]
    assert [name.split(" ·")[0] for name in names][-2:] == ["macro", "micro"]
    assert len(names) == 9
    assert all(f"· {area} ." in name or f"· {area} 1" in name for name in names)


def test_no_val_says_the_command(page: AppTest) -> None:
    app = opened(page, tab="Calibration")
    assert not app.exception
    assert "fitted on val alone" in app.info[0].value
    assert "analyze --model cbam --dataset synthetic --split val" in app.code[0].value
    assert "as it answers" in page_html(app)


def test_with_val_the_temperature_is_shown_before_and_after(
    page: AppTest, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = own(store, tmp_path, monkeypatch)
    test = analysis_folder(folder / "cbam", "synthetic", "test")
    shutil.copytree(test, analysis_folder(folder / "cbam", "synthetic", "val"))
    app = opened(page, tab="Calibration")
    assert not app.exception
    assert not app.info
    assert "at temperature" in page_html(app)
    assert any("fitted on the 35 pictures of synthetic val" in block.value for block in app.markdown)
    (chart,) = charts(app)
    titles = [note["text"] for note in chart["layout"]["annotations"]]
    assert titles[0].startswith("as it answers: confidence off by")
    assert titles[1].startswith("at temperature")
    (analysis_folder(folder / "cbam", "synthetic", "val") / "predictions.parquet").write_bytes(b"gone")
    app = opened(page, tab="Calibration")
    assert any("'synthetic-val/predictions.parquet' of 'cbam' is damaged" in said for said in sentences(app))


def test_what_is_caught_in_the_embedding_is_shown_and_leads_to_explain(page: AppTest, store: Path) -> None:
    app = opened(page, tab="Embedding")
    assert not app.exception
    (chart,) = charts(app)
    assert sum(len(trace["x"]) for trace in chart["data"]) == 35
    assert "Draw around points" in app.info[0].value
    picked = {"points": [{"customdata": 3}, {"customdata": [7]}], "point_indices": [], "box": [], "lasso": []}
    app.session_state["evaluation_embedding.PCA of the features.true class"] = {"selection": picked}
    app.run()
    assert not app.exception
    found = rows(store)
    assert sorted(re.findall(r'class="fl-tile" data-id="(.*?)"', page_html(app))) == sorted(
        [found[3]["id"], found[7]["id"]]
    )
    assert "2 selected" in page_html(app)


def test_tsne_is_laid_out_when_asked_for(page: AppTest) -> None:
    app = opened(page, tab="Embedding", layout="t-SNE of the logits")
    assert not app.exception
    (chart,) = charts(app)
    assert chart["layout"]["xaxis"]["title"]["text"] == "t-SNE, no unit"


def test_robustness_is_a_command_until_it_is_measured(
    page: AppTest, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = own(store, tmp_path, monkeypatch)
    app = opened(page, tab="Robustness")
    assert not app.exception
    assert app.code[0].value.endswith("--out checkpoints/cbam/analysis/robustness-synthetic-test.json")
    half = Estimate(0.5, 0.4, 0.6, 35)
    measured = tuple(RobustnessRow(name, s, kind.amounts[s - 1], half, 0.5) for name, kind in CORRUPTIONS.items()
                     for s in SEVERITIES)  # fmt: skip
    card = read_card(folder / "cbam")
    report = RobustnessReport("cbam", card.weights_sha256, "synthetic", "test", 35, 35, 0, half, 0.5, measured)
    path = folder / "cbam" / robustness_file("synthetic", "test")
    path.write_text(json.dumps(report.as_dict()))
    app = opened(page, tab="Robustness")
    assert not app.exception
    assert page_html(app).count(">50.0<") == 25 + 5
    path.write_text("{")
    (said,) = sentences(opened(page, tab="Robustness"))
    assert "robustness-synthetic-test.json" in said
    assert str(tmp_path) not in said


def test_training_curves(page: AppTest, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = own(store, tmp_path, monkeypatch)
    assert "no history.csv" in opened(page, tab="Training").info[0].value
    (folder / "cbam/history.csv").write_text("epoch,learning_rate,train_loss,val_accuracy\n1,0.1,2,0.3\n2,0.1,1,0.5\n")
    (chart,) = charts(opened(page, tab="Training"))
    assert [trace["name"] for trace in chart["data"]] == ["training loss", "val accuracy", "learning rate"]


def test_other_data_is_what_the_card_holds(page: AppTest) -> None:
    app = opened(page, tab="Other data")
    assert "fer2013 private" in page_html(app)
    assert "68.4 % (66.9–69.9), n = 3,589" in page_html(app)


def test_a_model_without_analysis_says_the_command(page: AppTest) -> None:
    app = opened(page, model="spatial")
    assert not app.exception
    assert "python -m engine analyze --model spatial" in app.code[0].value


def test_unknown_names_in_the_address_are_sentences(page: AppTest) -> None:
    said = " ".join(sentences(opened(page, analysis="ck-test", tab="Summit")))
    # What is here comes first: FER2013 before the built-in faces only where its pictures are.
    assert re.search(
        r"Unknown analysis 'ck-test'; valid: (fer2013-test, synthetic|synthetic-test, fer2013)-test\.", said
    )
    assert "Unknown tab 'Summit'" in said


def test_a_damaged_store_is_a_sentence(
    page: AppTest, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = own(store, tmp_path, monkeypatch)
    (folder / "cbam/analysis/synthetic-test/predictions.parquet").write_bytes(b"gone")
    app = opened(page)
    assert not app.exception
    (said,) = sentences(app)
    assert "--split test --force" in said


def test_pictures_that_are_not_here_leave_every_figure(page: AppTest) -> None:
    app = opened(page, analysis="fer2013-test")
    assert not app.exception
    assert not sentences(app)
    assert "n = 35" in page_html(app)
