import re
from dataclasses import replace

import pytest

from dashboard.views.evidence.figures.league import league_table, metric_axis, ranked, surely_above, surely_below
from dashboard.views.evidence.figures.numbers import (
    METRIC_TITLES,
    METRIC_WORDS,
    metric_value,
    number_rows,
    source_title,
    sources_in_words,
)
from engine.evidence.report import MapFigures
from engine.evidence.scores import METRICS
from engine.statistics.intervals import Estimate
from tests.made_evidence import MASSES, make_report
from tests.made_shorter import make_shorter

SOURCES = list(MASSES)


def test_every_metric_has_a_title_and_words() -> None:
    assert set(METRIC_TITLES) == set(METRIC_WORDS) == set(METRICS)


@pytest.mark.parametrize(
    ("metric", "estimate", "words"),
    [
        ("enrichment", Estimate(1.0, 0.9, 1.1, 5), "2.0× (1.9–2.1)"),  # 2^.9 = 1.87, 2^1.1 = 2.14
        ("enrichment", Estimate(0.0, -0.01, 0.01, 5), "1.00× (0.99–1.01)"),
        ("enrichment", Estimate(-1.0, None, None, 1), "0.5×"),
        ("mass", Estimate(0.454, 0.38, 0.52, 5), "45 % (38–52)"),
        ("hit", Estimate(0.454, 0.451, 0.457, 5), "45.4 % (45.1–45.7)"),
        ("off_face", Estimate(None, None, None, 0), "–"),
    ],
)
def test_numbers_have_no_more_digits_than_their_interval_supports(metric: str, estimate: Estimate, words: str) -> None:
    assert metric_value(metric, estimate) == words


def test_best_comes_first_and_off_face_is_better_low() -> None:
    report = make_report()
    # By mass: .5, .3, .25, .125; mass off the face is 1 - mass in these reports, so the same order from the low end.
    expected = [SOURCES[0], SOURCES[2], SOURCES[3], SOURCES[1]]
    for metric in METRICS:
        assert [row.source for row in ranked(report, metric, "all")] == expected


def test_surely_above_is_by_the_paired_interval_of_mass() -> None:
    cam1, cam2, gate1, gate2 = (row.groups["all"] for row in make_report().maps)
    assert surely_above(cam1) == ("random", "centre", "edges")
    assert surely_below(cam1) == ()
    assert (surely_above(cam2), surely_below(cam2)) == (("random",), ("centre", "edges"))
    assert (surely_above(gate1), surely_below(gate1)) == (("random", "centre"), ("edges",))
    assert (surely_above(gate2), surely_below(gate2)) == (("random",), ("edges",))  # on a level with the centre


@pytest.mark.parametrize(
    ("low", "high", "above", "below"), [(-0.01, 0.2, 0, 0), (0.01, 0.2, 1, 0), (-0.2, -0.01, 0, 1)]
)
def test_a_difference_whose_interval_holds_zero_is_unsure(low: float, high: float, above: int, below: int) -> None:
    figures = make_report().maps[0].groups["all"]
    unsure = {name: {"mass": Estimate((low + high) / 2, low, high, 40)} for name in figures.minus}
    changed = replace(figures, minus=unsure)
    assert (len(surely_above(changed)), len(surely_below(changed))) == (3 * above, 3 * below)


def test_many_doublings_are_labelled_in_steps_about_even() -> None:
    spread = make_report()
    html = league_table(replace(spread, maps=(_moved(spread.maps[0], -5.0), *spread.maps[1:])), "enrichment", "all")
    labels = re.findall(r'<i style="left:[\d.]+%">(.*?)</i>', html)
    assert labels == ["1/16×", "1/4×", "1×", "4×"]  # from 1/32 to 8


def _moved(row: MapFigures, mean: float) -> MapFigures:
    group = row.groups["all"]
    figures = {**group.figures, "enrichment": Estimate(mean, mean, mean, 40)}
    return replace(row, groups={**row.groups, "all": replace(group, figures=figures)})


def test_the_axis_holds_every_value_and_shows_even() -> None:
    axis = metric_axis(make_report(), "enrichment", "all")
    # log2(.1 / .125) = -.32 and log2(1 / .125) = 3
    assert (axis.low, axis.high) == (-1.0, 3.0)
    assert axis.ticks == ((-1.0, "1/2×"), (0.0, "1×"), (1.0, "2×"), (2.0, "4×"), (3.0, "8×"))
    assert axis.at(0.0) == 25.0
    assert (axis.at(-9.0), axis.at(9.0)) == (0.0, 100.0)
    assert metric_axis(make_report(), "hit", "all").at(0.5) == 50.0


def test_a_row_shows_its_mean_its_references_and_its_comparison() -> None:
    html = league_table(make_report(), "enrichment", "all")
    first, second, third, last = re.findall(r"<tr><th scope='row'>.*?</tr>", html)
    assert "Grad-CAM, block\u00a01" in first
    assert "4 × 4 cells" in first
    assert '<i class="fl-point" style="left:75.00%">' in first  # enrichment 2 on the axis from -1 to 3
    assert 'fl-mark-ceiling" style="left:100.00%"' in first
    assert 'fl-mark-centre" style="left:50.00%" title="a spot in the middle (centre prior): 2.00× (2.00–2.00)"' in first
    assert first.count(">more<") == 3
    assert "Spatial gate, block\u00a01" in second
    assert re.findall(">(more|less|unsure)<", third) == ["more", "unsure", "less"]
    assert "37" in last  # three maps of block 2 are empty
    assert "3 empty" in last


def test_a_group_without_pictures_is_dashes() -> None:
    html = league_table(make_report(variant="spurious", followed=0), "hit", "fooled")
    assert html.count("<td class='fl-number'>–</td>") == 4
    assert "fl-whisker" not in html


def test_many_maps_are_named_as_a_person_would() -> None:
    assert sources_in_words(SOURCES[:1], SOURCES) == "Grad-CAM at block 1"
    assert sources_in_words(SOURCES[2:3], SOURCES) == "the spatial gate of block 1"
    assert sources_in_words(SOURCES, SOURCES) == "Grad-CAM at every layer as well as every spatial gate"
    more = [*SOURCES, SOURCES[0].__class__("method", "gradcam", "block3", (2, 2))]
    assert sources_in_words(SOURCES[:2], more) == "Grad-CAM at blocks 1 and 2"
    assert source_title(SOURCES[2]) == "Spatial gate, block 1"


def test_all_numbers_are_there_with_log2_as_measured() -> None:
    report = make_report()
    rows = number_rows(report, "all")
    assert len(rows) == 4 + 8
    assert rows[0] | {"map": "Grad-CAM", "layer": "block1", "grid": "4x4", "n": 40, "empty": 0} == rows[0]
    assert rows[0]["log2 enrichment"] == pytest.approx(2.0)
    assert rows[0]["mass"] == pytest.approx(0.5)
    assert rows[1]["n"] == 37
    assert rows[0]["mass low"] < rows[0]["mass"] < rows[0]["mass high"]  # type: ignore[operator]


def test_a_map_of_fewer_faces_says_so_and_stands_beside_its_own_references() -> None:
    html = league_table(make_shorter(), "mass", "all")
    rows = {source_title(row.source): "" for row in make_shorter().maps}
    for found in re.findall(r"<tr><th scope='row'>.*?</tr>", html):
        for title in rows:
            if title.replace(" 1", "\u00a01").replace(" 2", "\u00a02") in found:
                rows[title] = found
    short, other = rows["Grad-CAM, block 2"], rows["Spatial gate, block 2"]
    assert ">12<" in short.replace("<span", "<").replace("</td>", "<")
    assert "first 14" in short
    assert "computed for the first 14 of 42 faces" in short
    assert 'fl-mark-centre" style="left:50.00%"' in short  # the reference over the 14 faces
    assert 'fl-mark-centre" style="left:25.00%"' in other  # and over all
    assert html.count("first 14<") == 1
    numbers = {(row["map"], row["layer"], row["of the first"]): row["n"] for row in number_rows(make_shorter(), "all")}
    assert numbers["Grad-CAM", "block2", 14] == 12
    assert numbers["Grad-CAM", "block1", 42] == 40
    assert numbers["edges", None, 14] == 12


def test_every_row_shows_its_n_at_any_width() -> None:
    html = league_table(make_report(), "mass", "all")
    assert re.search(r'<th class="fl-number"[^>]*>n</th>', html)
    assert html.count("<td class='fl-number'>40</td>") == 3  # and 37 of the fourth, whose others are empty
