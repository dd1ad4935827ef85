"""What the page says of an explanation method before it is asked for: what it assumes, and how long it takes."""

from __future__ import annotations

import re

from engine.explain.methods.method import GRIDS, Method

PASSES_BY_RANGE = " to "
"""Stands in :attr:`Method.passes` between the fewest and the most passes."""


def passes_of(method: Method) -> int:
    """Return how many forward and backward passes a map takes at most, read from :attr:`Method.passes`."""
    numbers = [int(text) for text in re.findall(r"\d+", method.passes)]
    return max(numbers) if PASSES_BY_RANGE in method.passes else sum(numbers)


def time_words(seconds: float) -> str:
    """Return a duration as a person would say it: ``under a second``, ``about 4 s``, ``about 2 min``."""
    if seconds < 1.0:
        return "under a second"
    return f"about {seconds:.0f} s" if seconds < 90.0 else f"about {seconds / 60.0:.0f} min"


def expected_words(seconds: float) -> str:
    """Say an estimate made from single passes, too high where pictures run in batches: ``up to about 4 s``."""
    return time_words(seconds) if seconds < 1.0 else f"up to {time_words(seconds)}"


def cost_words(method: Method, seconds_a_pass: float, took: float | None = None) -> str:
    """Say how much work a map is, and how long that takes.

    Args:
        method: the method.
        seconds_a_pass: one forward or backward pass of this model, as measured on this face.
        took: what the last map of this method and model took, where there was one.
    """
    if took is not None:
        return f"{method.passes}: last time {time_words(took)}"
    return f"{method.passes}: {expected_words(seconds_a_pass * passes_of(method))}"


def method_help(method: Method) -> str:
    """Return the tooltip: what must hold for the map to mean something, its grid and sign, and the paper."""
    sign = "Values below zero speak against the class." if method.signed else "It has no values below zero."
    agnostic = "It is **class-agnostic**: the same for every emotion. " if method.class_agnostic else ""
    return f"**Assumes:** {method.assumes} {agnostic}{sign} Its grid: {GRIDS[method.grid]}. {method.paper}."
