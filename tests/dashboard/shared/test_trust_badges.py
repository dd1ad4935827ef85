import re

import pytest

from dashboard.shared.figures.trust import MARKS, gate_badge, map_badge
from tests.dashboard.made_gate_use import make_use as make_split_use
from tests.dashboard.made_trust import make_faithful, make_use


def texts(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()


@pytest.mark.parametrize(("distance", "verdict"), [(0.051, "used"), (0.011, "weakly used"), (0.009, "not used")])
def test_a_gates_badge_follows_the_engines_verdict(distance: float, verdict: str) -> None:
    html = gate_badge(make_use(distance))
    assert f"<b>{verdict}</b>" in html
    assert f">{MARKS[verdict]}</span>" in html
    assert len(set(MARKS.values())) == 3  # told apart by shape


def test_opened_a_gates_badge_shows_every_replacement() -> None:
    said = texts(gate_badge(make_use(0.12, flips=0.3)))
    assert "logit of happy" in said
    assert "mean 1 .060 0 +0" in said
    assert "permuted 10 .120 3 −.420" in said
    assert "ones 1 .900 1 +3.000" in said


@pytest.mark.parametrize(("low", "verdict"), [(0.01, "faithful"), (0.0, "no better than random")])
def test_a_maps_badge_follows_the_engines_verdict(low: float, verdict: str) -> None:
    html = map_badge(make_faithful(low))
    assert f"<b>{verdict}</b>" in html
    said = texts(html)
    assert "n = 40 random maps" in said
    assert "Better than 98 % of 40 random maps (each counted with its reverse)." in said
    assert "+.050 over a spot in the middle" in said
    assert "blur" in said


def test_unchecked_badges_say_so_and_name_the_button() -> None:
    for html in (gate_badge(None), map_badge(None)):
        assert "not checked" in html
        assert "Check trust" in html
        assert not any(f"<b>{verdict}</b>" in html for verdict in MARKS)


def test_a_gate_that_was_not_checked_says_what_a_split_says_of_it() -> None:
    measured = make_split_use()
    html = gate_badge(None, "block2.spatial", measured)
    assert "<b>used</b>" in html
    assert "changes 20 of 100 points of the answer (total variation .200, .198–.202) on synthetic test, n = 35" in html
    assert "not on this one" in html
    assert 'popovertarget="word-total_variation"' in html.partition("</summary>")[2]  # a button in a summary is none
    assert "<button" not in html.partition("</summary>")[0]
    assert "not checked" in gate_badge(None, "block9.spatial", measured)
    assert "on synthetic test" not in gate_badge(make_use(0.12), "block2.spatial", measured)
