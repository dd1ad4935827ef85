"""Trust records made for the tests, with figures that can be checked by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.statistics.intervals import Estimate
from engine.trust.faithfulness_record import Curves, Faithfulness, Subject
from engine.trust.gate_record import GateUse, Replaced
from engine.trust.map_sanity import MapSanity
from engine.trust.robustness import Robustness
from engine.trust.sanity import ClassSensitivity, Randomisation, RandomisedPart


def make_replaced(name: str, draws: int, distance: float, flips: float = 0.0, change: float = 0.0) -> Replaced:
    one = [np.array([value], dtype=np.float32) for value in (distance, flips, change)]
    return Replaced(name, draws, *one)  # type: ignore[arg-type]


def make_use(distance: float, layer: str = "block1.spatial", kind: str = "spatial", flips: float = 0.0) -> GateUse:
    """A gate that a permutation moves by ``distance`` in 10 draws, its mean by half of that, ones by .9."""
    replacements = (
        make_replaced("mean", 1, distance / 2),
        make_replaced("permuted", 10, distance, flips, -0.42),
        make_replaced("ones", 1, 0.9, 1.0, 3.0),
    )
    return GateUse(layer, kind, "happy", replacements)  # type: ignore[arg-type]


def make_curves(subject: Subject, most: Sequence[Sequence[float]], least: Sequence[Sequence[float]]) -> Curves:
    shares = np.linspace(0.0, 1.0, len(most[0]), dtype=np.float32)
    return Curves(subject, "blur", shares, np.array(most, dtype=np.float32), np.array(least, dtype=np.float32))


def make_faithful(low: float, *, mean: float = 0.3, high: float = 0.5, layer: str = "block4") -> Faithfulness:
    """A Grad-CAM for happy with a score from ``low`` to ``high``, among two random maps and their reverses."""
    curves = (
        make_curves("map", [[0.9, 0.3, 0.1]], [[0.9, 0.8, 0.1]]),
        make_curves("random", [[0.9, 0.5, 0.1], [0.9, 0.6, 0.1]], [[0.9, 0.6, 0.1], [0.9, 0.5, 0.1]]),
        make_curves("centre", [[0.9, 0.4, 0.1]], [[0.9, 0.7, 0.1]]),
    )
    score = Estimate(mean, low, high, 40)
    return Faithfulness("gradcam", layer, "happy", "probability", curves, score, 0.975, 0.05)


def make_randomisation(
    *correlations: float | None, method: str = "gradcam", layer: str = "block4", target: str = "happy"
) -> Randomisation:
    """A map's way through ``output``, ``block2`` and on to the picture, as many parts as correlations."""
    names = ("output", "block2", "block1", "stem.0")[: len(correlations)]
    parts = [
        RandomisedPart(name, value, 3 if value is not None else 0)
        for name, value in zip(names, correlations, strict=True)
    ]
    return Randomisation(method, layer, target, tuple(parts))


def make_sanity(method: str = "gradcam", layer: str = "block4", target: str = "happy") -> MapSanity:
    """Infidelity .4, max-sensitivity .25; .8, .5 and -.1 while weights go; classes alike by .2 on average."""
    alike = np.array([[1.0, 0.2], [0.2, 1.0]], dtype=np.float32)
    return MapSanity(
        robustness=Robustness(method, layer, target, 5.0, 40, 0.4, 0.25),
        randomisation=make_randomisation(0.8, 0.5, -0.1, method=method, layer=layer, target=target),
        classes=ClassSensitivity(method, layer, ("happy", "sad"), alike),
        seed=0,
        seconds=3.0,
    )
