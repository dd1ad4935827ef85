import pytest

from dashboard.views.explain.figures.gates import cost_words, method_help, time_words
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


def test_the_last_time_counts_more_than_an_estimate() -> None:
    assert cost_words(METHODS["occlusion"], 0.1) == "65 forward: up to about 6 s"
    assert cost_words(METHODS["occlusion"], 0.001) == "65 forward: under a second"
    assert cost_words(METHODS["integrated_gradients"], 0.1) == "50 forward, 50 backward: up to about 10 s"
    assert cost_words(METHODS["scorecam"], 0.1).startswith(
        "a forward for each channel of the layer, at most 512: up to"
    )
    assert cost_words(METHODS["occlusion"], 0.1, 2.9) == "65 forward: last time about 3 s"
