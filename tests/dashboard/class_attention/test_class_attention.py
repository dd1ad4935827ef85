import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from streamlit.testing.v1 import AppTest

from engine.analysis.files.gate_use import gate_use_file, write_gate_use
from engine.edit.face_template import REGIONS
from engine.labels import EMOTIONS
from engine.models.checkpoint import read_card
from tests.dashboard.made import open_page, page_html, page_text, sentences
from tests.dashboard.made_gate_use import make_use

PAGE = "views/class_attention/page.py"
LAYER = "block2.spatial"


def opened(home: AppTest, **address: Any) -> AppTest:
    return open_page(home, PAGE, **({"analysis": "synthetic-test"} | address))


def rows(store: Path, label: str, model: str = "cbam") -> list[dict[str, Any]]:
    table = pq.read_table(store / model / "analysis/synthetic-test/predictions.parquet").to_pylist()
    return [row for row in table if row["label"] == label]


def grid(app: AppTest) -> str:
    """The HTML that the grid's component was given."""
    (found,) = [
        element for element in app.get("bidi_component") if element.proto.component_name == "ferlens_class_grid"
    ]
    html: str = json.loads(found.proto.json)["html"]
    return html


def moved(found: list[dict[str, Any]]) -> list[str]:
    """The pictures by how much of their map's mass would have to move to reach the mean's shares."""
    masses = np.array([[row[f"{LAYER}.mass.{region}"] for region in REGIONS] for row in found])
    far = np.abs(masses - masses.mean(axis=0)).sum(axis=1)
    return [found[place]["id"] for place in np.argsort(far, kind="stable")]


def test_the_grid_has_a_cell_for_each_class_and_map_and_says_how_many_pictures(page: AppTest) -> None:
    app = opened(page)
    assert not app.exception
    assert not sentences(app)
    html = grid(app)
    assert html.count("<button") == len(EMOTIONS) * 6  # four gates, two Grad-CAMs
    assert html.count(">class-agnostic<") == 4
    assert html.count("n 5, few") == len(EMOTIONS) * 6
    assert html.count('aria-pressed="true"') == 1
    assert "its means differ only because" in page_text(app).lower()
    app.segmented_control(key="cells").set_value("right minus wrong").run()
    assert not app.exception
    assert "right minus wrong" in grid(app)


def test_a_cell_opens_its_maps_and_the_pictures_at_both_ends(page: AppTest, store: Path) -> None:
    app = opened(page, gate=LAYER, versus="sad", **{"class": "fear"})
    assert not app.exception
    html = page_html(app)
    titles = re.findall(r"<figcaption><b>(.*?)</b>", html)
    assert titles == ["fear, mean", "spread over pictures", "answered right", "answered wrong", "right − wrong",
                      "sad, mean", "fear − sad"]  # fmt: skip
    order = moved(rows(store, "fear"))
    assert re.findall(r'class="fl-tile" data-id="(.*?)"', html) == [*order[:3], *order[:2:-1]]
    links = [link.proto for link in app.get("page_link")]
    assert any("id=" in link.query_string and "fear" in link.query_string for link in links)
    app.toggle(key="overlay").set_value(True).run()
    assert not app.exception
    assert page_html(app).count(f'alt="{LAYER}, ') == 5


def test_two_models_share_the_scale_and_each_has_its_own_maps(page: AppTest) -> None:
    app = opened(page, against="baseline", range="shared", gate="gradcam.true")
    assert not app.exception
    html = grid(app)
    assert html.count("<section") == 2
    assert html.count("<button") == len(EMOTIONS) * (6 + 2)
    assert page_html(app).count('<div class="fl-cbars">') == 1
    assert page_html(app).count("<figure") == 12
    assert "baseline has no spatial attention gate" in page_text(app)
    assert app.selectbox(key="ranked_by").options == ["cbam", "baseline"]
    app.selectbox(key="gate").set_value(LAYER).run()
    assert any(f"baseline has no map called {LAYER}" in caption.value for caption in app.caption)


def test_channels_are_drawn_for_a_model_that_has_them(page: AppTest) -> None:
    app = opened(page, view="Channels", channel_gate="block2.channel")
    assert not app.exception
    assert not sentences(app)
    assert "of 128 channels tell the classes apart by more than chance; n = 35 pictures" in page_html(app)
    assert page_html(app).count("most open for") == 1
    app.sidebar.selectbox(key="model").set_value("baseline").run()
    assert not app.exception
    assert any("baseline has no channel attention gate" in block.value for block in app.info)


def test_whether_gates_are_used_is_shown_or_how_to_measure_it(
    page: AppTest, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(page, view="Is it used?", against="baseline")
    assert not app.exception
    assert any("baseline has no attention gate" in block.value for block in app.info)
    command = "python -m engine benchmark gates --model cbam --dataset synthetic --split test"
    assert app.code[0].value == command
    shutil.copytree(store, tmp_path / "all")
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(tmp_path / "all"))
    card = read_card(tmp_path / "all" / "cbam")
    file = gate_use_file(tmp_path / "all" / "cbam", "synthetic", "test")
    write_gate_use(file, make_use(digest=card.weights_sha256))
    app.run()
    app.selectbox(key="used_gate").set_value("block2.spatial")
    app.selectbox(key="used_pictures").set_value("sad").run()
    assert not app.exception
    assert not sentences(app)
    html = page_html(app)
    assert html.count('aria-label="used"') == 7
    assert "Of 2 attention gates 1 is used (block 2 spatial)" in html
    assert '<td class="fl-number">.020 (.020–.020)</td>' in html
    write_gate_use(file, make_use(), overwrite=True)
    app.run()
    assert not app.exception
    (sentence,) = sentences(app)
    assert "measured with other weights" in sentence
    assert f"{command} --force" in sentence


def test_regions_have_their_pictures_means_and_the_tabs_keep_the_map(page: AppTest, store: Path) -> None:
    app = opened(page, view="Regions", gate=LAYER)
    assert not app.exception
    entropy = np.mean([row[f"{LAYER}.entropy"] for row in rows(store, "happy")])
    html = page_html(app)
    assert html.count('<th scope="row">') == len(EMOTIONS)
    assert f"{entropy:.3f} nats (" in html
    assert any(button.proto.label == "Every figure as CSV" for button in app.get("download_button"))


def test_pictures_that_are_not_here_leave_maps_and_places(page: AppTest) -> None:
    app = opened(page, analysis="fer2013-test", gate=LAYER)
    assert not app.exception
    assert any("not on this machine: put them under `data/`" in block.value for block in app.info)
    assert page_html(app).count("centre of mass of the map") == 5
    assert "one template for all crops" in page_text(app)


@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_damaged_or_missing_file_is_a_sentence(
    page: AppTest, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    shutil.copytree(store, tmp_path / "all")
    file = tmp_path / "all/cbam/analysis/synthetic-test/attention.safetensors"
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:-200])
    else:
        file.unlink()
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(tmp_path / "all"))
    app = opened(page)
    assert not app.exception
    (sentence,) = sentences(app)
    assert "synthetic-test/attention.safetensors" in sentence
    assert "python -m engine analyze --model cbam --dataset synthetic --split test --force" in sentence
    assert str(tmp_path) not in sentence


def test_unknown_names_in_the_address_are_sentences(page: AppTest) -> None:
    said = " ".join(sentences(opened(page, cells="median", gate="block9.spatial", reference="bored")))
    assert "Unknown cells 'median' in the address; valid: mean, spread, difference, right minus wrong." in said
    assert "Unknown gate 'block9.spatial'" in said
    assert "Unknown reference 'bored'" in said


def test_a_model_without_analysis_says_the_command(page: AppTest) -> None:
    app = opened(page, model="spatial")
    assert not app.exception
    assert "python -m engine analyze --model spatial --dataset synthetic --split test" in app.code[0].value


def test_the_view_survives_a_visit_to_another_page(page: AppTest) -> None:
    opened(page, gate=LAYER, cells="spread", **{"class": "sad"})
    page.query_params.clear()
    page.switch_page("views/evidence/page.py").run()
    page.query_params.clear()
    page.switch_page(PAGE).run()
    assert page.selectbox(key="gate").value == LAYER
    assert page.selectbox(key="class").value == "sad"
    assert page.segmented_control(key="cells").value == "spread"
