"""How long a person waits after a click: which bar is whose, and what is told of a control."""

from __future__ import annotations

import pytest

from benchmarks.clicks import BARS, BUTTONS, ONE_PASS, Timed, main, runs_pass
from dashboard.shell.pages import PAGES
from engine.errors import UsageError


def test_a_control_is_judged_by_its_median_and_by_whether_it_runs_a_pass() -> None:
    quick = Timed("Explain", "Opacity", runs_pass=False, seconds=[3.0, 0.4, 0.6, 0.5, 0.5])
    assert quick.as_dict()["median_seconds"] == 0.5
    assert quick.as_dict()["first_seconds"] == 3.0
    assert quick.as_dict()["within_bar"] is True
    for one_pass, bar in BARS.items():
        assert Timed("Explain", "x", one_pass, [bar, bar]).as_dict()["within_bar"] is True
        assert Timed("Explain", "x", one_pass, [bar + 0.01, bar + 0.01]).as_dict()["within_bar"] is False


def test_what_runs_a_pass_is_known_by_page_and_label() -> None:
    assert runs_pass("Explain", "Layer")
    assert not runs_pass("Explain", "Opacity")
    assert runs_pass("What_if", "Blur")
    assert not runs_pass("Evaluation", "Layer")


def test_pages_are_named_as_they_are_served() -> None:
    known = {entry.address for entry in PAGES}
    assert {*ONE_PASS, *BUTTONS} <= known


def test_one_use_of_a_control_is_not_enough() -> None:
    with pytest.raises(UsageError, match="Expected --uses to be 2 or more"):
        main(["--uses", "1"])
