from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.shared.figures.answers import nearer_words
from engine.analysis.people import nearer_in_store
from engine.analysis.store.store import open_store
from engine.data.votes.file import read_votes
from engine.errors import UsageError
from tests.dashboard.made import open_page, page_html

PAGE = "views/compare/page.py"


def test_compare_says_which_is_nearer_to_people(
    voted_page: AppTest, voted_store: Path, seen_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined = open_store(["cbam", "baseline"], "fer2013", "private", folder=voted_store, votes=read_votes(seen_file))
    expected = nearer_in_store(joined)
    assert (expected.first, expected.second, expected.n) == ("cbam", "baseline", 13)
    app = open_page(voted_page, PAGE, models=["cbam", "baseline"])
    assert not app.exception
    html = page_html(app)
    assert (
        nearer_words(expected) in html
        or nearer_words(
            nearer_in_store(
                open_store(["baseline", "cbam"], "fer2013", "private", folder=voted_store, votes=read_votes(seen_file))
            )
        )
        in html
    )
    monkeypatch.delenv("FERLENS_VOTES")
    app = open_page(voted_page, PAGE, models=["cbam", "baseline"])
    assert not app.exception
    assert "nearer" not in page_html(app)


def test_it_takes_two_models(voted_store: Path, seen_file: Path) -> None:
    one = open_store(["cbam"], "fer2013", "private", folder=voted_store, votes=read_votes(seen_file))
    with pytest.raises(UsageError, match="two models"):
        nearer_in_store(one)
