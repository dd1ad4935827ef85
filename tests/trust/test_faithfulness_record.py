from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.statistics.intervals import Estimate
from engine.trust.faithfulness_record import Curves, Faithfulness, luck_interval, over_pictures, verdict_of

SHARES = np.array([0, 0.5, 1], dtype=np.float32)


def curves() -> Curves:
    most, least = np.array([[1.0, 0.2, 0.0]], np.float32), np.array([[1.0, 0.8, 0.0]], np.float32)
    return Curves("map", "blur", SHARES, most, least)


def result(score: float, low: float, over_centre: float = 0.0) -> Faithfulness:
    return Faithfulness(
        "gradcam", "block4", "happy", "probability", (curves(),), Estimate(score, low, 1.0, 40), 0.5, over_centre
    )


def test_the_area_by_hand() -> None:
    assert curves().areas.tolist() == pytest.approx([0.3])  # half of .8 - .2
    assert curves().insertion[0].tolist() == pytest.approx([0.0, 0.8, 1.0])
    document = curves().as_dict()
    assert (document["maps"], document["area"], document["share_removed"]) == (1, 0.3, [0.0, 0.5, 1.0])
    with pytest.raises(ValueError, match="expected curves"):
        replace(curves(), shares=SHARES[:2])


def test_the_luck_of_one_map_by_hand() -> None:
    # 39 draws from -19 to 19: the 2.5 % and 97.5 % quantiles (Weibull) are the ends.
    draws = np.arange(-19.0, 20.0)
    assert luck_interval(30.0, draws) == Estimate(30.0, 11.0, 49.0, 39)
    assert luck_interval(10.0, draws).low == -9.0


def test_a_draw_of_the_same_kind_has_zero_inside() -> None:
    rng = np.random.default_rng(0)
    outside = 0
    for _ in range(400):
        half = rng.normal(0, 0.2, 20)
        found = luck_interval(rng.normal(0, 0.2), np.concatenate([half, -half]))
        assert found.low is not None
        assert found.high is not None
        outside += not found.low <= 0.0 <= found.high
    assert 5 <= outside <= 36  # 2 / 42 of 400 is 19


def test_verdicts() -> None:
    assert verdict_of(Estimate(0.2, 0.01, 0.4, 40)) == "faithful"
    assert verdict_of(Estimate(0.2, -0.01, 0.4, 40)) == "no better than random"
    assert verdict_of(Estimate(-0.2, -0.4, -0.1, 40)) == "no better than random"
    assert verdict_of(Estimate(0.2, None, None, 1)) == "no better than random"


def test_over_pictures() -> None:
    found = over_pictures([result(0.1, -0.1, 0.2), result(0.3, 0.1, -0.2)] * 10)
    assert found.score.mean == pytest.approx(0.2)
    assert found.score.low is not None
    assert 0.1 < found.score.low < 0.2
    assert (found.verdict, found.faithful, found.score.n) == ("faithful", 0.5, 20)
    assert found.over_centre.mean == pytest.approx(0.0)
    with pytest.raises(ValueError, match="one picture or more"):
        over_pictures([])
    with pytest.raises(ValueError, match="one picture or more"):
        over_pictures([result(0.1, 0.0), replace(result(0.1, 0.0), value="logit")])


def test_the_document() -> None:
    document = result(0.1, 0.05).as_dict()
    assert (document["verdict"], document["score"]["mean"], document["score"]["n"]) == ("faithful", 0.1, 40)
    assert result(0.1, 0.05).curves_of("map", "blur").areas.shape == (1,)
    with pytest.raises(ValueError, match="expected one of"):
        result(0.1, 0.05).curves_of("centre", "blur")
