import pytest

from dashboard.shell.costs import time_words
from dashboard.views.explain.figures.gates import cost_words, method_help
from engine.explain.methods.registry import METHODS


def test_every_method_states_what_it_assumes_and_what_it_costs() -> None:
    for method in METHODS.values():
        assert method.assumes in method_help(method)
        assert method.paper in method_help(method)
        assert ("below zero speak against" in method_help(method)) == method.signed
        assert ("class-agnostic" in method_help(method)) == (method.name == "rollout")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "under a second"), (1.2, "about 1 s"), (42.0, "about 42 s"), (130.0, "about 2 min")],
)
def test_durations(seconds: float, words: str) -> None:
    assert time_words(seconds) == words


def test_the_price_is_in_passes_and_in_seconds_measured_here() -> None:
    assert cost_words(METHODS["occlusion"], 6.4) == "65 forward: about 6 s"
    assert cost_words(METHODS["occlusion"], 0.01) == "65 forward: under a second"
    assert cost_words(METHODS["integrated_gradients"], None) == "50 forward, 50 backward, not timed here yet"
    assert cost_words(METHODS["integrated_gradients"], 9.6, (("steps", 200.0), ("baseline", 0.5))) == (
        "200 forward, 200 backward: about 10 s"
    )
    assert cost_words(METHODS["scorecam"], 8.0) == "a forward for each channel of the layer, at most 512: about 8 s"
