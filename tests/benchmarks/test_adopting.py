"""What adopting costs: the figures are those of the network that was named; no time is asserted."""

from __future__ import annotations

from benchmarks.adopting import ADDED_SECONDS, NETWORKS, measured


def test_a_short_pass_is_judged_by_what_recording_adds() -> None:
    found = measured(*NETWORKS["CBAM by hand, 48"], 2)
    assert found["gates"] == 2
    assert found["discovery_seconds"] > 0
    if found["judged_by"] == "added" and found["discovery_seconds"] < 5:
        assert found["within_the_bars"] is (found["added_ms"] <= 1e3 * ADDED_SECONDS)
