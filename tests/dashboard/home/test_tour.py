"""The first visit's tour: three steps, pages that exist, and words for either kind of model."""

from __future__ import annotations

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.shell.pages import PAGES
from dashboard.views.home import tour


def test_three_steps_lead_from_an_answer_to_trust_to_mistakes_and_comparison() -> None:
    files = {entry.file: entry.title for entry in PAGES}
    titles = [[files[file] for file in step.pages] for step in tour.STEPS]
    assert titles == [["Explain"], ["Evidence"], ["Misclassifications", "Compare"]]
    for step, named in zip(tour.STEPS, titles, strict=True):
        for words in filter(None, (step.words, step.of_pictures)):
            assert all(title in words for title in named)
            assert len(words.split()) < 70


@pytest.mark.parametrize("pictures", [False, True])
def test_what_the_browser_is_given(pictures: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}
    monkeypatch.setattr(tour, "_tour", lambda **more: given.update(more))
    tour.tour(pictures=pictures)
    first = given["data"]["steps"][0]
    assert first["pages"] == [{"title": "Explain", "address": "Explain"}]
    assert ("faces" in first["words"]) is not pictures
    assert ("emotion" in first["words"]) is not pictures
    assert json.loads(json.dumps(given["data"])) == given["data"]


def test_home_has_it(home: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(tour, "tour", lambda *, pictures: asked.append(pictures))
    home.run()
    assert not home.exception
    assert asked == [False]
