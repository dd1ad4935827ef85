import pytest

from dashboard.views.explain.figures.gates import cost_words, method_help, passes_of, time_words
from engine.explain.methods.registry import METHODS


@pytest.mark.parametrize(
    ("name", "passes"), [("gradcam", 2), ("integrated_gradients", 100), ("occlusion", 65), ("scorecam", 512)]
)
def test_passes_are_read_from_the_registry(name: str, passes: int) -> None:
    assert passes_of(METHODS[name]) == passes


def test_every_method_states_what_it_assumes_and_what_it_costs() -> None:
    for method in METHODS.values():
        assert passes_of(method) >= 1
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
    assert cost_words(METHODS["occlusion"], 0.1, 2.9) == "65 forward: last time about 3 s"
