"""What people saw, on the Misclassifications page; every count is held against the votes that were written."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.views.mistakes.people import UNANIMOUS, headline
from engine.analysis.people import Part, PeopleOnMistakes, people_on_mistakes
from engine.analysis.store.query import Column, Filter
from engine.analysis.store.store import AnalysisStore, open_store
from engine.data.votes.file import read_votes
from tests.dashboard.made import open_page, page_html, sentences
from tests.dashboard.made_votes import write_seen

PAGE = "views/mistakes/page.py"
VOTED = {"analysis": "fer2013-private"}


@pytest.fixture
def joined(voted_page: AppTest, voted_store: Path, seen_file: Path) -> AnalysisStore:
    return open_store(["cbam"], "fer2013", "private", folder=voted_store, votes=read_votes(seen_file))


def opened(app: AppTest, **address: Any) -> AppTest:
    return open_page(app, PAGE, **(VOTED | address))


def shown(app: AppTest) -> list[str]:
    return re.findall(r'class="fl-tile" data-id="(.*?)"', page_html(app))


def ids(store: AnalysisStore, where: Filter) -> list[str]:
    found: list[str] = store.rows(where, columns=[Column("id")], limit=None).table["id"].to_pylist()
    return sorted(found)


def test_the_headline_says_what_people_make_of_the_mistakes(voted_page: AppTest, joined: AnalysisStore) -> None:
    app = opened(voted_page)
    assert not app.exception
    found = people_on_mistakes(joined)
    assert 0 < found.judged <= found.mistakes
    assert headline("cbam", found) in page_html(app)
    assert page_html(app).count('class="fl-votes"') + page_html(app).count("fl-votes-none") >= len(shown(app)) > 0


def test_one_click_leads_to_the_unanimous_and_still_wrong(voted_page: AppTest, joined: AnalysisStore) -> None:
    app = opened(voted_page, true="sad")
    expected = ids(joined, Filter(agreement=("unanimous",), as_people=False))
    assert expected
    button = next(button for button in app.button if button.label.startswith(UNANIMOUS))
    assert button.label == f"{UNANIMOUS}: {people_on_mistakes(joined).unanimous_wrong}"
    button.click().run()
    assert sorted(shown(app)) == expected
    assert app.multiselect(key="true").value == []
    assert "answered wrongly by what most people saw, people unanimous" in page_html(app)


def test_one_switch_turns_the_matrix_to_the_majority(voted_page: AppTest, joined: AnalysisStore) -> None:
    app = opened(voted_page, truth="majority", shown="all", true="surprise")
    assert sorted(shown(app)) == ids(joined, Filter(majority=("surprise",)))
    assert any("Rows are what most people saw." in one.value for one in app.caption)
    assert f"{joined.confusion(truth='majority').sum()} pictures." in " ".join(one.value for one in app.caption)
    app.segmented_control(key="truth").set_value("label").run()
    assert sorted(shown(app)) == ids(joined, Filter(labels=("surprise",)))


@pytest.mark.parametrize("side", ["model", "label", "neither"])
def test_with_whom_people_side_is_a_filter(voted_page: AppTest, joined: AnalysisStore, side: str) -> None:
    app = opened(voted_page, side=side)
    assert not app.exception
    assert sorted(shown(app)) == ids(joined, Filter(side=(side,), correct=False))


def test_how_much_people_agree_is_a_filter_and_an_order(voted_page: AppTest, joined: AnalysisStore) -> None:
    app = opened(voted_page, people="contested", shown="all")
    assert sorted(shown(app)) == ids(joined, Filter(agreement=("contested",)))
    app = opened(voted_page, shown="all", people="any", sort="people least agree")
    first = joined.rows(columns=[Column("voters_entropy")], limit=None).table["voters_entropy"].to_pylist()
    told = [joined.picture(name)["voters_entropy"] for name in shown(app)]
    assert told[0] == max(value for value in first if value is not None)


def test_a_tile_shows_the_ten_votes_beside_the_model(voted_page: AppTest) -> None:
    html = page_html(opened(voted_page, shown="all"))
    assert 'aria-label="10 people: neutral 6, sad 4"' in html
    assert 'aria-label="10 people: unknown 10"' in html
    assert 'title="contempt: 6 of 10"' in html
    assert "most people saw neutral" in html
    assert re.search(r'aria-label="model: \w+ \d', html)


def test_without_votes_everything_else_works_with_one_sentence(
    voted_page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FERLENS_VOTES")
    app = opened(voted_page)
    assert not app.exception
    assert len(shown(app)) > 0
    assert sum("take fer2013new.csv from" in one.value for one in app.caption) == 1
    assert 'class="fl-votes"' not in page_html(app)
    asked = opened(voted_page, people="unanimous", sort="people least agree")
    assert any("What people saw is not known here" in said for said in sentences(asked))
    assert len(shown(asked)) > 0


def test_votes_of_other_pictures_are_a_sentence(
    voted_page: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = write_seen(tmp_path / "short.csv").read_text().splitlines()
    (tmp_path / "short.csv").write_text("\n".join(lines[:-1]) + "\n")
    monkeypatch.setenv("FERLENS_VOTES", str(tmp_path / "short.csv"))
    app = opened(voted_page)
    assert not app.exception
    assert len(shown(app)) > 0
    assert any("Expected 112 rows in 'short.csv'" in one.value for one in app.caption)


def test_no_mistake_that_anybody_can_judge() -> None:
    none = Part(0, 0)
    found = PeopleOnMistakes(3, 0, dict.fromkeys(("model", "label", "neither"), none), none, {}, 0)
    assert headline("cbam", found) == "3 mistakes by the label."
