"""Which classes are shown of a network that knows many."""

from __future__ import annotations

import numpy as np
import pytest

from engine.statistics.frequent import MOST_SHOWN, shown_classes

MANY = tuple(f"c{number}" for number in range(1000))


def test_up_to_thirty_are_all_shown_and_nothing_is_said() -> None:
    few = MANY[:MOST_SHOWN]
    shown = shown_classes(few, np.zeros(30))
    assert (shown.names, shown.are_all, shown.words) == (few, True, "")
    assert shown.matrix(np.eye(30)).shape == (30, 30)


def test_of_more_the_most_frequent_stand_in_the_models_order() -> None:
    counts = np.zeros(1000, np.int64)
    counts[100:200] = 1
    counts[[700, 5]] = 9, 7
    shown = shown_classes(MANY, counts)
    assert shown.places == (5, *range(100, 128), 700)  # of those that are equally frequent the earlier ones
    assert shown.names[-1] == "c700"
    assert shown.words == "30 of 1,000 classes, the most frequent; rates and n are those of all classes."
    assert shown.pick(MANY) == shown.names
    square = np.arange(1_000_000).reshape(1000, 1000)
    assert shown.matrix(square)[0, 1] == square[5, 100]


def test_a_class_without_a_label_is_not_shown_where_others_have_some() -> None:
    counts = np.zeros(1000, np.int64)
    counts[[3, 8]] = 1
    assert shown_classes(MANY, counts).names == ("c3", "c8")
    assert len(shown_classes(MANY, np.zeros(1000)).names) == MOST_SHOWN


def test_what_is_asked_for_is_shown_too_and_said() -> None:
    counts = np.zeros(1000, np.int64)
    counts[:50] = 1
    shown = shown_classes(MANY, counts, asked=("c900", "c3"))
    assert shown.names[-1] == "c900"
    assert len(shown.names) == MOST_SHOWN + 1
    assert shown.words.startswith("31 of 1,000 classes, the most frequent and those that are chosen;")
    assert not shown_classes(MANY, counts, asked=("c3",)).asked


def test_counts_must_be_of_the_classes() -> None:
    with pytest.raises(ValueError, match="a count for each of 1000"):
        shown_classes(MANY, [1, 2])
