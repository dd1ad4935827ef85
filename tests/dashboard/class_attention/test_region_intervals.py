from __future__ import annotations

import math

from dashboard.views.class_attention.figures.regions import (
    PLACE_FIELDS,
    interval_figure,
    interval_words,
    number_rows,
    places_html,
    region_fields,
)
from engine.analysis.class_regions import ClassPlace, MeanMapPlace
from engine.edit.face_template import REGIONS
from engine.statistics.intervals import Estimate

NONE = Estimate(None, None, None, 0)


def place(label: str, mass: float | None) -> ClassPlace:
    found = NONE if mass is None else Estimate(mass, mass - 0.01, mass + 0.02, 40)
    return ClassPlace(label, dict.fromkeys(REGIONS, found), found, found, found)


PLACES = {"one": (place("happy", 0.1), place("sad", None)), "two": (place("happy", 0.3), place("sad", 0.2))}
MEANS = {
    name: (MeanMapPlace(math.log(2), 0.4, 0.6, 4), MeanMapPlace(math.nan, math.nan, math.nan, 4)) for name in PLACES
}


def test_intervals_are_written_with_their_unit() -> None:
    assert interval_words(Estimate(0.123, 0.119, 0.127, 40)) == "12.3 % (11.9–12.7)"
    assert interval_words(Estimate(0.5, None, None, 1)) == "50.0 %"
    assert interval_words(Estimate(1.5, 1.4, 1.6, 9), 1.0, 2, " nats") == "1.50 nats (1.40–1.60)"
    assert interval_words(NONE) == "none"


def test_each_region_has_a_dot_and_an_interval_for_each_class_that_has_pictures() -> None:
    figure = interval_figure(PLACES, ("happy", "sad"), region_fields({"mouth": 0.25}))
    assert len(figure.data) == 3 * len(REGIONS)
    first = figure.data[0]
    assert first.x[0] == 10.0
    assert [round(end, 6) for end in (first.error_x.array[0], first.error_x.arrayminus[0])] == [2.0, 1.0]
    # Two models' dots of a class stand on either side of its row.
    assert sorted({trace.y[0] < 0.5 for trace in figure.data}) == [False, True]
    assert {
        trace.y[0] for trace in interval_figure({"one": PLACES["one"]}, ("happy", "sad"), region_fields()).data
    } == {0.0}
    assert [annotation.text for annotation in figure.layout.annotations][:2] == ["<b>brows</b>", "<b>eyes</b>"]
    (line,) = figure.layout.shapes
    assert line.x0 == 25.0


def test_entropy_and_centre_have_fields_in_their_own_units() -> None:
    figure = interval_figure(PLACES, ("happy", "sad"), PLACE_FIELDS)
    assert len(figure.data) == 9
    assert [trace.x[0] for trace in figure.data if "one, happy" in trace.hovertext] == [0.1, 10.0, 10.0]
    assert figure.data[0].hovertext == "one, happy<br>spread out (entropy), nats 0.100 nats (0.090–0.120), n = 40"
    assert not figure.layout.shapes


def test_the_table_has_a_row_for_each_class_and_model_and_the_csv_every_figure() -> None:
    html = places_html(PLACES, MEANS)
    assert html.count('<th scope="row">') == 4
    assert "0.693 nats (50 %)" in html
    assert "40.0 %, 60.0 %" in html
    rows = number_rows(PLACES)
    assert len(rows) == 2 * 2 * (len(REGIONS) + 3)
    assert rows[0] == {"model": "one", "class": "happy", "figure": "mass brows", "mean": 0.1, "low": 0.09, "high": 0.12,
                       "n": 40}  # fmt: skip
