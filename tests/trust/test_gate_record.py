from __future__ import annotations

import numpy as np
import pytest

from engine.errors import UnknownNameError
from engine.trust.gate_record import GateUse, Replaced, ReplacementName, verdict_of


def replaced(name: ReplacementName, *distance: float) -> Replaced:
    values = np.array(distance, dtype=np.float32)
    return Replaced(name, 10, values, values * 0, -values)


@pytest.mark.parametrize(
    ("distance", "verdict"),
    [
        (1.0, "used"),
        (0.05, "used"),
        (0.049, "weakly used"),
        (0.01, "weakly used"),
        (0.009, "not used"),
        (0, "not used"),
    ],
)
def test_the_thresholds(distance: float, verdict: str) -> None:
    assert verdict_of(distance) == verdict


def test_the_largest_mean_decides_and_ones_has_no_say() -> None:
    use = GateUse(
        "a",
        "channel",
        "happy",
        (replaced("mean", 0.0, 0.04), replaced("permuted", 0.03, 0.03), replaced("ones", 0.9, 0.9)),
    )
    assert use.distance == pytest.approx(0.03)
    assert use.verdict == "weakly used"
    np.testing.assert_allclose(use.per_picture, [0.03, 0.04])
    assert use["ones"].distance[0] == pytest.approx(0.9)
    with pytest.raises(UnknownNameError, match="Unknown replacement 'another picture'; valid: mean, permuted, ones"):
        use["another picture"]
    document = use.as_dict()
    assert (document["layer"], document["kind"], document["verdict"]) == ("a", "channel", "weakly used")
    assert document["replacements"]["mean"] == {"draws": 10, "distance": 0.02, "flip_rate": 0.0, "logit_change": -0.02}


def test_records_check_themselves() -> None:
    with pytest.raises(ValueError, match="keeps the gate's level"):
        GateUse("a", "channel", "happy", (replaced("ones", 0.9),))
    with pytest.raises(ValueError, match="distances in"):
        replaced("mean", 1.2)
    with pytest.raises(ValueError, match=r"float32 \(N,\)"):
        replaced("mean")
    good = replaced("mean", 0.5)
    with pytest.raises(ValueError, match="drawn once or more"):
        Replaced("mean", 0, good.distance, good.flips, good.logit_change)
    with pytest.raises(ValueError, match="flips as float32"):
        Replaced("mean", 1, good.distance, np.zeros(2, np.float32), good.logit_change)
