from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.shell.pages import MODELS
from dashboard.views.models.figures.document import SHOWN_ROWS, document_html
from engine.analysis.model_card.blocks import CardSection, CardTable, ModelCard
from tests.dashboard.made import open_page, page_html, sentences
from tests.made import write_seeded


def card(*sections: CardSection, name: str = "net") -> ModelCard:
    return ModelCard(name, "A net.", "mit", (), (), (), sections)


def test_a_section_is_drawn_in_order() -> None:
    html = document_html(
        card(CardSection("Head", ("words",), ("point",), (CardTable(("a",), (("b",),), "n = 1"),), ("do",)))
    )
    places = [html.index(part) for part in ("<h4>Head", "<p>words", "<li>point", "<td>b", "n = 1", "<code>do")]
    assert places == sorted(places)
    assert "Licence of the weights: mit" in html


def test_a_long_table_is_folded_away() -> None:
    long = CardTable(("a",), tuple((str(k),) for k in range(SHOWN_ROWS + 1)))
    assert f"<summary>{SHOWN_ROWS + 1} rows by a" in document_html(card(CardSection("h", tables=(long,))))
    short = CardTable(("a",), long.rows[:-1])
    assert "<details>" not in document_html(card(CardSection("h", tables=(short,))))


def test_what_came_from_outside_is_text() -> None:
    bad = "<script>x</script>"
    table = CardTable((bad,), ((bad,),), bad)
    html = document_html(card(CardSection(bad, (bad,), (bad,), (table,), (bad,)), name=bad))
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 8


def test_the_page_shows_a_models_card(home: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_seeded(tmp_path / "net", "cbam")
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(tmp_path))
    monkeypatch.setenv("FERLENS_ALLOW_ADDING", "no")  # looking is open to everybody
    app = open_page(home, MODELS)
    assert "fl-document" not in page_html(app).replace(".fl-document", "")
    (button,) = [one for one in app.button if one.key == "document.net"]
    button.click().run()
    assert not app.exception
    assert sentences(app) == []
    html = page_html(app)
    assert '<article class="fl-document"><h3>net</h3>' in html
    assert "It must not be used for" in html
    assert "not measured here" in html
    (file,) = app.get("download_button")
    assert file.proto.label == "README.md for a model hub"
