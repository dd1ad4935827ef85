from dataclasses import replace

import pytest

from engine.edit.edit import SPANS, Edit, Stroke
from engine.errors import UnknownNameError, UsageError


def test_only_the_default_and_a_mere_fill_change_nothing() -> None:
    assert Edit().is_identity
    assert Edit(fill="grey").is_identity
    for changed in (
        Edit(strokes=(Stroke(((1, 1),), 9),)),
        Edit(hidden=("mouth",)),
        Edit(swapped=("eyes",)),
        *(replace(Edit(), **{name: span.high}) for name, span in SPANS.items()),
    ):
        assert not changed.is_identity


@pytest.mark.parametrize("name", SPANS)
def test_numbers_beyond_their_span_are_refused(name: str) -> None:
    span = SPANS[name]
    for value in (span.low - 1, span.high + 1, 0.5 * (span.low + span.high) + 0.25):
        with pytest.raises(UsageError, match=rf"{name} is a whole number from {span.low} to {span.high}, got"):
            replace(Edit(), **{name: value})
    for value in (span.low, span.neutral, span.high):
        replace(Edit(), **{name: value})


def test_unknown_fills_and_regions_named_twice_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="valid: blur, grey, neighbour"):
        Edit(fill="paint")
    with pytest.raises(UsageError, match="hidden once at most"):
        Edit(hidden=("eyes", "eyes"))
    with pytest.raises(UsageError, match="swapped once at most"):
        Edit(swapped=("eyes", "eyes"))
