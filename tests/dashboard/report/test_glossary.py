from __future__ import annotations

import re

import pytest

from dashboard.report import glossary
from dashboard.report.content import Content, Section, Table, ViewReport
from dashboard.report.glossary import answer_change, glossary_html, in_words, marked, named_in, opener
from dashboard.report.html import report_html
from dashboard.report.measures import GROUPS, MEASURES
from tests.made import ROOT

IDS = re.compile(r'id="word-([a-z_0-9]+)" class="fl-meaning" popover')
OPENED = re.compile(r'popovertarget="word-([a-z_0-9]+)"')


def test_the_document_is_what_the_data_say() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    assert text == glossary.document(), "run: python -m dashboard.report.glossary > docs/glossary.md"
    assert all(f"## {heading}" in text for heading in GROUPS.values())


def test_every_measure_has_a_plain_word_a_term_and_what_its_number_means() -> None:
    for key, one in MEASURES.items():
        assert key == one.key
        assert one.group in GROUPS
        assert one.word != one.term
        assert one.meaning.endswith((".", "?"))
        assert one.reading.endswith(".")
        assert bool(one.paper) == bool(one.link)
    assert {one.group for one in MEASURES.values()} == set(GROUPS)


def test_what_the_glossary_refers_to_is_there() -> None:
    measuring = (ROOT / "docs" / "measuring.md").read_text(encoding="utf-8")
    for one in MEASURES.values():
        assert not one.section or f"**{one.section}" in measuring, one.key
        assert not one.link or one.link.startswith(("https://doi.org/", "https://arxiv.org/abs/"))


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (0.04, "changes 4 of 100 points of the answer (total variation .040)"),
        (0.004, "changes less than 1 of 100 points of the answer (total variation .004)"),
        (0.0, "changes 0 of 100 points of the answer (total variation 0)"),
        (1.0, "changes 100 of 100 points of the answer (total variation 1)"),
    ],
)
def test_the_plain_word_comes_first(distance: float, words: str) -> None:
    assert answer_change(distance) == words
    assert answer_change(0.04, ", .030–.050").endswith("(total variation .040, .030–.050)")
    assert in_words("macro_f1") == "every class counted alike (macro F1)"


def test_a_term_opens_its_meaning_where_it_is_named_first() -> None:
    html = marked("By <rank correlation> and ECE; the rank correlation again, microECE not.")
    assert OPENED.findall(html) == ["spearman", "ece"]
    assert ">rank correlation</button>&gt;" in html
    assert html.startswith("By &lt;<button")
    assert [one.key for one in named_in("ECE beside McNemar’s exact test")] == ["ece", "mcnemar"]
    assert ">own &amp; words</button>" in opener("ece", "own & words")


def test_every_button_has_its_meaning_on_the_page() -> None:
    html = glossary_html()
    assert sorted(IDS.findall(html)) == sorted(MEASURES)
    assert set(OPENED.findall(html)) == set(MEASURES)
    assert "<button" not in html.partition("<summary>")[2].partition("</summary>")[0]


def test_a_network_of_other_pictures_is_not_told_of_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glossary, "is_about_pictures", lambda: True)
    html = glossary_html()
    assert not re.search(r"\bfaces?\b|emotion", re.sub(r"<[^>]+>", " ", html))
    assert "word-off_face" not in html


def test_a_report_says_what_the_measures_that_it_names_mean() -> None:
    sections = (Section("Calibration", ("How far.",), tables=(Table(("answers", "off by (ECE)"), (("all", "3 %"),)),)),)
    report = ViewReport("Evaluation", "m", "Evaluation", {}, {}, (), Content(sections, {}))
    page = report_html(report, {})
    assert glossary.TITLE in page
    assert "the mean gap between how sure the answers are" in page
    assert "McNemar" not in page
    silent = ViewReport("Data", "m", "Data", {}, {}, (), Content((Section("Nothing"),), {}))
    assert glossary.TITLE not in report_html(silent, {})
