"""What a cmaen's answer is made of: words, figures and bars from records made by hand, and on the page."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.views.explain.figures.shares import parts_of, read_loudness, read_shares, share_cells, shares_html
from engine.explain.cmaen_shares import CmaenShares, cmaen_shares
from engine.labels import EMOTIONS
from engine.predictor import EmotionPredictor
from tests.dashboard.made import open_page, page_html, page_text, sentences, write_seeded
from tests.dashboard.made_report import ID, ON_FACE, Caught
from tests.made_cmaen import write_cmaen


def made(emotion: float = 3.0, fusion: float = 1.0, *, gamma: float = 0.5, ratio: float = 0.12) -> CmaenShares:
    one, two, three = (np.array([value], np.float32) for value in (ratio, emotion, fusion))
    return CmaenShares(gamma, (0.6, 0.4), one, two, three)


def test_in_words() -> None:
    assert read_shares(made(), "happy") == (
        "Of the logit of happy, 4.000 above the mean of the classes, the emotion heads give 75.0 % and the fusion "
        "classifier 25.0 %. What the cross-modal attention adds is .120 of what it is added to "
        "(‖γ · out‖ / ‖projection‖, γ = 0.5)."
    )
    against = read_shares(made(3.0, -1.0), "sad")
    assert "the emotion heads give 150.0 % and the fusion classifier −50.0 %" in against
    assert "A share below 0: the fusion classifier speaks against sad." in against
    assert read_shares(made(1.0, -1.0), "sad").startswith("All classes have the same logit, so there is nothing to ")


def test_a_gain_of_zero_adds_nothing() -> None:
    assert read_loudness(made(gamma=0.0, ratio=0.0)) == (
        "The cross-modal attention adds nothing to this answer, whatever its map shows (γ = 0)."
    )
    assert "γ = −0.25" in read_loudness(made(gamma=-0.25))


def test_what_a_network_lacks_is_left_out() -> None:
    heads_alone = CmaenShares(None, None, None, None, None)
    assert read_shares(heads_alone, "happy") == ""
    assert share_cells(heads_alone) == ()
    fusion_alone = CmaenShares(0.5, None, np.array([0.1], np.float32), None, None)
    assert read_shares(fusion_alone, "happy") == read_loudness(fusion_alone)
    assert "<table" not in shares_html(fusion_alone, "happy")


def test_bars_begin_at_zero_and_keep_their_sign() -> None:
    html = shares_html(made(3.0, -1.0), "happy")
    fills = re.findall(r'fl-share-fill" style="left:(.*?)%;width:(.*?)%', html)
    assert fills == [("25.0", "75.0"), ("0.0", "25.0")]
    assert set(re.findall(r'fl-share-zero" style="left:(.*?)%', html)) == {"25.0"}
    assert share_cells(made(3.0, -1.0)) == (
        ("emotion heads", ".600", "+3.000", "150.0 %"), ("fusion classifier", ".400", "−1", "−50.0 %"),
    )  # fmt: skip
    assert [part.share for part in parts_of(made(0.0, 0.0))] == [None, None]


@pytest.fixture
def page(home: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The app with an untrained ``cmaen`` and ``baseline``."""
    write_cmaen(tmp_path / "cmaen")
    write_seeded(tmp_path, "baseline")
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(tmp_path))
    return home


def test_explain_takes_a_cmaens_answer_apart_and_so_does_its_report(
    page: AppTest, tmp_path: Path, report: Caught
) -> None:
    app = open_page(page, "views/explain/page.py", model="cmaen", **ON_FACE)
    assert not app.exception
    assert not sentences(app)
    own = EmotionPredictor(str(tmp_path / "cmaen"))
    seen = report.arrays["face"]
    found = cmaen_shares(own.model, seen[None], spec=own.card.input)
    assert found is not None
    label = report.document["sections"][0]["tables"][0]["rows"][0][0]
    html = page_html(app)
    assert "What the answer is made of" in html
    assert read_shares(found, label) in page_text(app)
    assert "Attention by emotion" in html
    cards = html[html.index("Attention by emotion") : html.index("Attention between cells")]
    assert re.findall(r"<figcaption>.*?<b>(.*?)</b>", cards) == list(EMOTIONS)
    assert "8 × 8 cells" in cards
    for cells in share_cells(found):
        assert all(f">{cell}<" in html for cell in cells[1:])
    # The report: in words, as a table, and every figure as JSON.
    assert read_shares(found, label) in report.page
    assert report.document["results"]["shares"] == found.as_dict()
    sections = {section["heading"]: section for section in report.document["sections"]}
    assert sections["What the answer is made of"]["tables"][0]["rows"][0][0] == "emotion heads"
    assert ID in report.document["title"]


def test_another_model_has_no_such_section(page: AppTest, report: Caught) -> None:
    app = open_page(page, "views/explain/page.py", model="baseline", **ON_FACE)
    assert not app.exception
    assert "What the answer is made of" not in page_html(app)
    assert "Attention by emotion" not in page_html(app)
    assert "shares" not in report.document["results"]
