from __future__ import annotations

import re

import pytest

from dashboard.shared.figures.votes import side_words, vote_counts, votes_html, votes_in_words
from dashboard.shared.figures.votes_beside import beside_html
from engine.analysis.store.voted import vote_column
from engine.labels import EMOTION_COLORS, EMOTIONS

ROW = {
    vote_column("happy"): 6,
    vote_column("sad"): 3,
    vote_column("no face"): 1,
    **{f"p_{name}": 0.0 for name in EMOTIONS},
}
ROW |= {"p_happy": 0.75, "p_fear": 0.25}


def test_counts_are_read_off_a_row() -> None:
    counts = vote_counts(ROW)
    assert counts is not None
    assert (counts["happy"], counts["sad"], counts["no face"], counts["fear"]) == (6, 3, 1, 0)
    assert votes_in_words(counts) == "happy 6, sad 3, no face 1"
    assert vote_counts({}) is None


def test_bars_have_the_emotions_colours_and_lengths() -> None:
    html = votes_html(ROW, EMOTIONS)
    people, model = re.findall(r'<div role="img".*?</div>', html)
    assert f'style="width:60.00%;background:{EMOTION_COLORS["happy"]}"' in people
    assert f'style="width:30.00%;background:{EMOTION_COLORS["sad"]}"' in people
    assert people.count("<i ") == 3
    assert "fl-unseen" in people
    assert f'style="width:75.00%;background:{EMOTION_COLORS["happy"]}"' in model
    assert 'aria-label="10 people: happy 6, sad 3, no face 1"' in people
    assert 'aria-label="model: happy 75 %"' in model


def test_without_votes_it_says_so() -> None:
    assert "nobody voted on this picture" in votes_html({"p_happy": 1.0}, EMOTIONS)


@pytest.mark.parametrize(
    ("side", "said"),
    [("model", "people side with the model"), ("label", "people side with the label"),
     ("neither", "people side with neither"), (None, "")],
)  # fmt: skip
def test_sides_in_words(side: str | None, said: str) -> None:
    assert side_words({"side": side}) == said


def test_people_stand_beside_the_model_class_by_class() -> None:
    html = beside_html({**ROW, "predicted": "happy"}, EMOTIONS)
    assert html.count("<tr") == 1 + 7 + 1  # the heading, seven classes, and "no face", which one person said
    assert 'aria-label="happy: 6 of 10 people, model 75 %"' in html
    happy = re.search(r"<tr class=fl-of-answer>.*?</tr>", html)
    assert happy is not None
    assert f"width:60.00%;background-color:{EMOTION_COLORS['happy']}" in happy[0]
    assert f"width:75.00%;background-color:{EMOTION_COLORS['happy']}" in happy[0]
    assert 'aria-label="no face: 1 of 10 people"' in html
    assert '<th class="fl-number">of 10</th>' in html


def test_without_votes_the_table_has_the_model_alone() -> None:
    html = beside_html({**{f"p_{name}": 1 / 7 for name in EMOTIONS}, "predicted": "sad"}, EMOTIONS)
    assert "people" not in html
    assert html.count("<i ") == 7
