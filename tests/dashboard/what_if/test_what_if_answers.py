import re

from dashboard.views.what_if.figures.answers import change_bars, change_headline, read_change
from tests.dashboard.made import make_prediction

HAPPY = make_prediction(0.01, 0.01, 0.01, 0.90, 0.05, 0.01, 0.01)
LESS = make_prediction(0.01, 0.01, 0.01, 0.80, 0.15, 0.01, 0.01)
NEUTRAL = make_prediction(0.01, 0.01, 0.01, 0.30, 0.65, 0.01, 0.01)


def test_the_sentence_says_what_changes() -> None:
    assert read_change(HAPPY, NEUTRAL, edited=True) == "The answer changes: happy falls from 90 % to 30 %."
    assert read_change(HAPPY, LESS, edited=True) == "The answer stays happy, less sure by 10.0 points."
    assert read_change(LESS, HAPPY, edited=True) == "The answer stays happy, surer by 10.0 points."
    assert read_change(HAPPY, HAPPY, edited=True) == "The answer stays happy, and as sure as before."
    assert read_change(HAPPY, HAPPY, edited=False).startswith("Nothing is changed yet")


def test_rows_keep_the_order_of_before_and_mark_where_each_was() -> None:
    html = change_bars(HAPPY, NEUTRAL)
    names = re.findall(r'fl-bar-name">(\w+)<', html)
    assert names[:2] == ["happy", "neutral"]
    assert names == re.findall(r'fl-bar-name">(\w+)<', change_bars(HAPPY, LESS))
    happy, neutral = html.split('role="img"')[1:3]
    assert "width:30.00%" in happy
    assert "left:90.00%" in happy
    assert "90 % → 30 %" in happy
    assert "−60.0" in happy
    assert "+60.0" in neutral
    assert 'aria-label="neutral: 5 % before, 65 % after"' in neutral
    # The class that is answered now stands out.
    assert html.count("fl-first") == 1
    assert "fl-first" in html.split('role="img"')[1].rsplit("<div", 1)[1]


def test_the_headline_has_both_answers_once_there_is_an_edit() -> None:
    assert re.findall(r"verdict-name\">(\w+)<", change_headline(HAPPY, NEUTRAL, edited=True)) == ["happy", "neutral"]
    assert re.findall(r"verdict-name\">(\w+)<", change_headline(HAPPY, HAPPY, edited=False)) == ["happy"]
