import re
from dataclasses import replace

from dashboard.views.explain.figures.sanity import heads, read_sanity, sanity_table
from tests.dashboard.made_trust import make_randomisation, make_sanity


def test_a_row_a_map_and_words_for_every_column() -> None:
    html = sanity_table([make_sanity(), make_sanity("layercam")])
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', html)
    assert [name for name, _ in rows] == ["Grad-CAM for happy at block 4", "LayerCAM for happy at block 4"]
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row) for _, row in rows]
    assert cells[0] == [".400", ".250", "+.800", "−.100", "+.200"]
    assert html.count('popovertarget="word-') == len(heads(make_sanity())) == 5
    assert "by more than 5 of 255, n = 40" in html


def test_what_there_is_no_figure_for_is_a_dash() -> None:
    found = make_sanity()
    flat = replace(
        found,
        robustness=replace(found.robustness, infidelity=None, max_sensitivity=None),
        randomisation=make_randomisation(None, None),
    )
    assert sanity_table([flat]).count(">–</td>") == 4
    said = read_sanity(flat)
    assert "no small disturbance changed the answer" in said
    assert "no ranks are left" in said


def test_in_words() -> None:
    found = make_sanity()
    assert read_sanity(found) == (
        "Grad-CAM for happy at block 4: what small disturbances do is foretold with .400 of an empty map’s error "
        "(infidelity). With every layer random the cells keep their order by −.100 (rank correlation with this map); "
        "maps "
        "of different classes: the same order by +.200 on average."
    )
    worse = replace(found, robustness=replace(found.robustness, infidelity=1.3))
    assert "no better than by an empty map (infidelity 1.300)" in read_sanity(worse)
