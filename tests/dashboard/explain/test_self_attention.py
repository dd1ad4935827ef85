"""A vit on the pages: its attention between cells, its rollout, and the methods that it cannot take."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from engine.analysis.files.places import analysis_folder
from engine.analysis.sweep.block import SweepSettings
from engine.analysis.sweep.sweep import sweep
from engine.labels import EMOTIONS
from engine.models.checkpoint import load_checkpoint
from tests.dashboard.made import open_page, page_html, sentences
from tests.dashboard.made_analysis import few_faces
from tests.made import write_seeded


@pytest.fixture
def page(home: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The app with an untrained ``baseline`` and ``vit``."""
    for name in ("baseline", "vit"):
        write_seeded(tmp_path / name, name)
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(tmp_path))
    return home


def titles(app: AppTest) -> list[str]:
    return re.findall(r"<figcaption>.*?<b>(.*?)</b>", page_html(app))


def test_explain_shows_what_each_place_receives_and_the_rollout(page: AppTest) -> None:
    app = open_page(page, "views/explain/page.py", model="vit", sample="drawn-happy", methods="rollout")
    assert not app.exception
    assert not sentences(app)
    assert titles(app)[:4] == [f"block {n} attention" for n in range(1, 5)]
    html = page_html(app)
    assert "Attention between cells" in html
    assert "12 × 12 cells" in html
    assert "720 × 144" not in html  # the rows themselves are no map over the picture
    assert any("vit has no spatial gates" in block.value for block in app.info)
    assert not any("no attention gates" in block.value for block in app.info)
    assert "Attention rollout, class-agnostic" in titles(app)
    assert not app.checkbox(key="method.rollout").disabled
    said = " ".join(caption.value for caption in app.caption)
    for name in ("deeplift", "guided_gradcam"):
        assert app.checkbox(key=f"method.{name}").disabled
    assert "no rule for what this model computes with (layer_norm" in said
    assert "made for ReLUs, and this model has gelu" in said


def test_a_model_without_self_attention_has_neither(page: AppTest) -> None:
    app = open_page(page, "views/explain/page.py", model="baseline", sample="drawn-happy")
    assert not app.exception
    assert "Attention between cells" not in page_html(app)
    assert app.checkbox(key="method.rollout").disabled
    assert any("attention rollout follows self-attention" in caption.value for caption in app.caption)


def test_compare_has_a_row_for_each_blocks_attention(page: AppTest) -> None:
    app = open_page(page, "views/compare/page.py", models="baseline,vit", sample="drawn-happy")
    assert not app.exception
    assert not sentences(app)
    html = page_html(app)
    for number in range(1, 5):
        assert f"block {number} attention" in html
    assert "vit alone: 4 gates; baseline has none" in html


@pytest.fixture
def analysed(page: AppTest, tmp_path: Path) -> AppTest:
    """The app whose vit is analysed on a few built-in faces."""
    loaded = load_checkpoint("vit", folder=tmp_path)
    out = analysis_folder(tmp_path / "vit", "synthetic", "test")
    sweep(loaded.model, loaded.card, few_faces("synthetic"), out, settings=SweepSettings(batch_size=16), bare=4)
    return page


def test_class_attention_draws_what_was_received_over_the_pictures(analysed: AppTest) -> None:
    layer = "block4.attention.received"
    app = open_page(
        analysed, "views/class_attention/page.py", model="vit", analysis="synthetic-test", gate=layer,
        **{"class": EMOTIONS[2]},
    )  # fmt: skip
    assert not app.exception
    assert not sentences(app)
    assert "<span>attention received</span>" in page_html(app)
    app.toggle(key="overlay").set_value(True).run()
    assert not app.exception
    assert 'alt="block4.attention, 0 to ' in page_html(app)


def test_mistakes_draw_the_last_attention(analysed: AppTest) -> None:
    app = open_page(
        analysed, "views/mistakes/page.py", model="vit", analysis="synthetic-test", shown="all", maps="last gate"
    )  # fmt: skip
    assert not app.exception
    assert not sentences(app)
    assert 'alt="block4.attention, 0 to ' in page_html(app)
