"""Where a selection came from, as text, and the part of a large one that goes along."""

from __future__ import annotations

import pytest

from dashboard.shell.origin import LONGEST, MOST, Origin, origin_of, read_origin, window
from engine.errors import UsageError


def test_what_is_written_is_read_again() -> None:
    for origin in (
        Origin("Misclassifications", "41 pictures of fear answered as sad", (("true", "fear"), ("answer", "sad"))),
        Origin("Data", ""),
        Origin("Compare", "only a&b? right", (("models", "a,b"), ("label", "x y"))),
    ):
        assert read_origin(origin.as_text()) == origin
    assert Origin("Evaluation", "me@home").as_text() == "me at home@Evaluation"
    assert Origin("Class_attention", "fear").title == "Class attention"
    assert Origin("Data", "").file == "views/data/page.py"


@pytest.mark.parametrize("text", ["", "Misclassifications", "fear@nowhere?a=b", "x" * (LONGEST + 1) + "@Data"])
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="Expected"):
        read_origin(text)


def test_an_address_too_long_for_another_is_left_out() -> None:
    long = origin_of("Data", "blank", {"picked": ["x" * 30] * 100})
    assert long == Origin("Data", "blank")
    short = origin_of("Data", "blank", {"picked": ["a", "b"]})
    assert short.query == (("picked", "a"), ("picked", "b"))


def test_of_a_large_selection_those_about_a_picture_go_along() -> None:
    ids = [str(number) for number in range(250)]
    assert window(ids[:41], 2) == (tuple(ids[:41]), 2)
    assert window(ids, 0) == (tuple(ids[:MOST]), 0)
    some, at = window(ids, 120)
    assert (len(some), some[at]) == (MOST, "120")
    assert at == 50
    some, at = window(ids, 249)
    assert (some[-1], at) == ("249", MOST - 1)
