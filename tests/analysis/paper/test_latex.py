from __future__ import annotations

import csv
import io

import pytest

from engine.analysis.paper.latex import Column, PaperTable, cited, escape, uncited, with_citations
from engine.statistics.intervals import Estimate

HALF = Estimate(0.5, 0.25, 0.75, 8)


def table(name: str = "a", *cells: object) -> PaperTable:
    columns = (Column(name), Column("n", "count"), Column("recall", "share"), Column("by", "points"), Column("p", "p"))
    row = cells or ("happy", 1_234, HALF, Estimate(-0.01, -0.02, 0.005, 8), 0.0004)
    return PaperTable("made", "Some 95 % of it [@wilson1927]. And more [@holm1979,efron1993].", columns, (row,))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("sad & angry", r"sad \& angry"),
        ("100 %", r"100 \%"),
        ("very_happy", r"very\_happy"),
        ("a\\b{c}$d#e~f^g", r"a\textbackslash{}b\{c\}\$d\#e\textasciitilde{}f\textasciicircum{}g"),
        ('<b|"q">', r"\textless{}b\textbar{}\textquotedbl{}q\textquotedbl{}\textgreater{}"),
        ("one\ntwo\x00", "one two "),
        ("−1.1", "$-$1.1"),
        ("Müller", "Müller"),
    ],
)
def test_what_latex_reads_otherwise_is_escaped(text: str, written: str) -> None:
    assert escape(text) == written


def test_citations_are_found_and_written() -> None:
    caption = table().caption
    assert cited(caption) == ("wilson1927", "holm1979", "efron1993")
    assert with_citations(caption) == r"Some 95 \% of it~\cite{wilson1927}. And more~\cite{holm1979,efron1993}."
    assert cited(uncited("model [@wilson1927]")) == ()
    assert with_citations("no_citation") == r"no\_citation"


def test_a_table_in_latex() -> None:
    text = table("50 % & more_classes").latex()
    assert r"50 \% \& more\_classes & n & recall & by & p \\" in text
    assert r"happy & 1,234 & 50.0 (25.0--75.0) & $-$1.0 ($-$2.0 to +0.5) & $<$0.001 \\" in text
    assert r"\label{tab:made}" in text
    assert text.count("{") == text.count("}")
    assert text.index(r"\caption") < text.index(r"\begin{tabular}{lrrrr}") < text.index(r"\bottomrule")
    empty = table("a", "never", 0, None, Estimate(None, None, None, 0), 0.25).latex()
    assert r"100 \% \& a\_b & 0 & --" in table("a", "100 % & a_b", 0, None, HALF, 0.25).latex()  # a class's name
    assert r"never & 0 & -- & -- & 0.250 \\" in empty


def test_a_table_as_csv_keeps_every_digit() -> None:
    head, row = csv.reader(io.StringIO(table("class", "a,b", 3, Estimate(1 / 3, 0.1, 0.9, 3), HALF, 0.5).csv()))
    assert head[:6] == ["class", "n", "recall", "recall low", "recall high", "recall n"]
    assert row[:6] == ["a,b", "3", repr(1 / 3), "0.1", "0.9", "3"]
    (_, formula) = csv.reader(io.StringIO(table("class", "=1+1", 3, None, HALF, 0.5).csv()))
    assert formula[0] == "'=1+1"
    assert formula[2:6] == ["", "", "", "0"]


def test_rows_must_fit_the_columns() -> None:
    with pytest.raises(ValueError, match="expected rows of 2 cells"):
        PaperTable("x", "", (Column("a"), Column("b")), (("1",),))
