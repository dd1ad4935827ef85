from __future__ import annotations

import pytest

from engine.errors import UnknownNameError, UsageError
from engine.evidence.run import read_limits


def test_one_number_for_all_and_others_for_some() -> None:
    assert read_limits(()) == (None, {})
    assert read_limits(["700"]) == (700, {})
    assert read_limits(["scorecam=300", "1400", "occlusion=7"]) == (1400, {"scorecam": 300, "occlusion": 7})


@pytest.mark.parametrize("word", ["0", "-3", "many", "", "scorecam=", "scorecam=0", "=", "1.5", "²"])
def test_what_is_no_number_of_pictures_is_said(word: str) -> None:
    with pytest.raises(UsageError, match="--limit of 1 picture or more"):
        read_limits([word])


def test_a_method_that_is_none_and_twice_the_same_are_said() -> None:
    with pytest.raises(UnknownNameError, match="Unknown method 'lrp'"):
        read_limits(["lrp=4"])
    with pytest.raises(UsageError, match="one --limit for scorecam"):
        read_limits(["scorecam=4", "scorecam=5"])
    with pytest.raises(UsageError, match="one --limit for all methods"):
        read_limits(["4", "5"])
