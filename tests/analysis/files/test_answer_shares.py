from __future__ import annotations

import numpy as np
import pytest

from engine.analysis.files.answer_shares import AnswerShares, PictureShares, answer_shares
from engine.explain.cmaen_shares import CmaenShares


def made(values: list[float] | None) -> np.ndarray | None:
    return None if values is None else np.array(values, dtype=np.float32)


def test_means_by_class_and_what_is_lacking_stays_none() -> None:
    found = CmaenShares(0.5, (0.6, 0.4), made([0.1, 0.3, 0.2]), made([1.0, 3.0, -1.0]), made([1.0, 1.0, 2.0]))
    shares = answer_shares(found, "abc", ["happy", "sad", "sad"], ["happy", "sad"], all_name="all", seed=0)
    assert shares.means["all"]["emotion_share"].mean == pytest.approx((0.5 + 0.75 - 1.0) / 3)
    assert shares.means["sad"]["ratio"].mean == pytest.approx(0.25)
    assert shares.means["happy"]["emotion"].n == 1
    assert shares.pictures[2].figures["emotion_share"] == pytest.approx(-1.0)  # spoke against the answer
    without = answer_shares(
        CmaenShares(None, None, None, None, None), "a", ["sad"], ["happy", "sad"], all_name="all", seed=0
    )
    assert without.pictures[0].figures["ratio"] is None
    assert without.means["all"]["ratio"].n == 0
    assert without.as_dict()["gamma"] is None


def test_the_records_refuse_what_cannot_be() -> None:
    with pytest.raises(ValueError, match="expected the figures ratio"):
        PictureShares("a", "sad", {"ratio": 1.0})
    with pytest.raises(ValueError, match="weights that sum to 1"):
        AnswerShares(0.0, (0.9, 0.4), (), {})
