from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.views.evaluation.figures.people import correlation_words, people_rows, uncertainty_chart
from engine.analysis.evaluation import stored_answers
from engine.analysis.people import stored_vote_report, votes_in
from engine.analysis.store.store import AnalysisStore, open_store
from engine.analysis.uncertainty import whose_uncertainty
from engine.data.votes.file import read_votes
from engine.statistics.correlation import Correlation
from tests.dashboard.made import open_page, page_html, sentences

PAGE = "views/evaluation/page.py"


@pytest.fixture
def joined(voted_page: AppTest, voted_store: Path, seen_file: Path) -> AnalysisStore:
    return open_store(["cbam"], "fer2013", "private", folder=voted_store, votes=read_votes(seen_file))


def opened(app: AppTest, **address: Any) -> AppTest:
    return open_page(app, PAGE, **({"analysis": "fer2013-private", "tab": "People"} | address))


def test_the_tab_sets_people_beside_the_model(voted_page: AppTest, joined: AnalysisStore) -> None:
    app = opened(voted_page)
    assert not app.exception
    assert not sentences(app)
    html = page_html(app)
    for said, value, n in people_rows("cbam", stored_vote_report(joined)):
        assert f'<th scope="row">{said}</th><td>{value}</td><td>{n:,}</td>' in html
    found = whose_uncertainty(stored_answers(joined), votes_in(joined))
    assert correlation_words(found.overall) in html
    shown = re.findall(r'class="fl-tile" data-id="(.*?)"', html)
    assert shown == [*found.sure_alone[:12], *found.unsure_alone[:12]]
    assert 'aria-label="10 people: ' in html


def test_without_votes_the_tab_is_one_sentence(voted_page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FERLENS_VOTES")
    app = opened(voted_page)
    assert not app.exception
    assert [one.value for one in app.info if "take fer2013new.csv from" in one.value]
    assert "Whose uncertainty" not in page_html(app)


def test_rows_have_their_figures(joined: AnalysisStore) -> None:
    figures = stored_vote_report(joined)
    rows = {said: (value, n) for said, value, n in people_rows("cbam", figures)}
    share = figures["label_is_majority"]
    value, n = rows["the label is what most people saw"]
    assert value.startswith(f"{100 * share['share']:.1f} % (")
    assert n == share["n"] == 13
    assert len(rows) == 3 + 3 + 3 + 3


def test_the_chart_counts_every_picture(joined: AnalysisStore) -> None:
    found = whose_uncertainty(stored_answers(joined), votes_in(joined))
    (trace,) = uncertainty_chart(found, "#000").data
    assert np.asarray(trace.customdata).sum() == len(found.ids)
    sure = replace(found, model_bits=np.zeros(len(found.ids)), people_bits=np.zeros(len(found.ids)))
    counts = np.asarray(uncertainty_chart(sure, "#000").data[0].customdata)
    assert counts[0, 0] == len(found.ids)


def test_a_correlation_in_words() -> None:
    assert correlation_words(Correlation(0.416, 0.4, 0.44, 9)) == "0.42 (0.40 to 0.44)"
    assert correlation_words(Correlation(None, None, None, 2)) == "–"
