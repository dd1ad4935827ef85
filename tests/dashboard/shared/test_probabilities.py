import re

from dashboard.shared.figures.colours import emotion_color
from dashboard.shared.figures.face import probability_bars, verdict
from tests.dashboard.made import make_prediction


def test_bars_are_ranked_coloured_and_as_long_as_the_probability() -> None:
    html = probability_bars(make_prediction(0.05, 0.05, 0.1, 0.6, 0.1, 0.05, 0.05))
    assert re.findall(r'fl-bar-name">(\w+)<', html)[:3] == ["happy", "fear", "neutral"]
    first = html[: html.index("fear")]
    assert f"width:60.00%;background:{emotion_color('happy')}" in first
    assert "60 %" in first
    assert html.count("fl-first") == 1


def test_rows_can_be_limited() -> None:
    assert probability_bars(make_prediction(0.1, 0.1, 0.1, 0.4, 0.1, 0.1, 0.1), rows=3).count("fl-bar-name") == 3


def test_class_names_are_escaped() -> None:
    names = ("<b>", "b", "c", "d", "e", "f", "g")
    prediction = make_prediction(0.7, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, classes=names)
    assert "<b>" not in probability_bars(prediction)
    assert "&lt;b&gt;" in verdict(prediction)


def test_the_verdict_says_emotion_and_confidence() -> None:
    html = verdict(make_prediction(0.05, 0.05, 0.1, 0.6, 0.1, 0.05, 0.05))
    assert "happy" in html
    assert "60 %" in html
