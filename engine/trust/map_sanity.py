"""Three more questions to one map: does it foretell and stay, does it depend on what was learnt, and on the class?

They cost far more than :mod:`engine.trust.faithfulness`, since the map itself is made again and again, and so are
asked apart. All of it runs on a deep copy: the shared model is held only while it is copied.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import torch
from torch import nn

from engine.explain.methods.method import Setup
from engine.explain.target import Target
from engine.models.architecture import explained
from engine.models.copying import copied
from engine.models.locking import holding
from engine.records import Explanation, InputSpec, UInt8
from engine.trust import robustness as robust
from engine.trust import sanity
from engine.trust.robustness import Robustness, robustness
from engine.trust.sanity import ClassSensitivity, Randomisation, cascading_randomisation, class_sensitivity, count_parts

QUESTIONS: Final[tuple[str, ...]] = ("a disturbed picture", "random weights", "another class")
"""What the map is asked about, in the order in which it is."""

Progress = Callable[[str, int, int], None]
"""Called with (one of QUESTIONS, maps done, maps wanted), counting over all questions."""


@dataclass(frozen=True, eq=False)
class MapSanity:
    """What a map does when the picture, the model or the class is another.

    Attributes:
        robustness: infidelity and max-sensitivity.
        randomisation: rank correlation with the true map, part by part.
        classes: rank correlation between the maps of the classes.
        seed: of every draw.
        seconds: the whole measurement.
    """

    robustness: Robustness
    randomisation: Randomisation
    classes: ClassSensitivity
    seed: int
    seconds: float

    def __post_init__(self) -> None:
        named = {(item.method, item.layer) for item in (self.robustness, self.randomisation, self.classes)}
        if len(named) != 1:
            raise ValueError(f"expected three measures of one map, got {sorted(named)}")

    @property
    def method(self) -> str:
        """The map's method."""
        return self.randomisation.method

    @property
    def layer(self) -> str:
        """The map's layer; empty for a method without one."""
        return self.randomisation.layer

    @property
    def target(self) -> str:
        """What the map explains."""
        return self.randomisation.target

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        named = {"method": self.method, "layer": self.layer, "target": self.target}
        measures = {
            "robustness": self.robustness.as_dict(),
            "randomisation": self.randomisation.as_dict(),
            "class_sensitivity": self.classes.as_dict(),
        }
        apart = {name: {k: v for k, v in item.items() if k not in named} for name, item in measures.items()}
        return {**named, **apart, "seed": self.seed, "seconds": round(self.seconds, 3)}


def maps_wanted(model: nn.Module, spec: InputSpec, classes: int) -> int:
    """Return how many times :func:`map_sanity` makes the map, at most, for a model of an input and of K classes."""
    return robust.SAMPLES + 1 + sanity.DRAWS * count_parts(model, spec) + 1 + classes


@torch.inference_mode(False)
def map_sanity(
    model: nn.Module,
    face: UInt8,
    explanation: Explanation,
    *,
    spec: InputSpec,
    classes: tuple[str, ...],
    setup: Setup | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> MapSanity:
    """Ask the three questions of a map of one face.

    Args:
        model: shared by threads; it is copied under its lock, and the copy does the work.
        face: (S, S) or (S, S, 3) uint8, the picture that was explained.
        explanation: the map; its method, layer and target count.
        spec: the model's input.
        classes: K names.
        setup: with which the map was made; None for the usual one.
        seed: of every draw.
        progress: see Progress.

    Raises:
        UnknownNameError: method, layer or class is not among the valid ones.
        UsageError: the model cannot be explained by the method.
    """
    started = time.perf_counter()
    with holding(model):
        twin = copied(model).eval()
    wanted = maps_wanted(twin, spec, len(classes))
    before = 0

    def told(question: str) -> Callable[[int, int], None]:
        return lambda done, _total: None if progress is None else progress(question, before + done, wanted)

    layer = explanation.layer or explained(twin).explained_layers[-1]  # which the method then ignores
    target = Target.parse(explanation.target, classes)
    how: dict[str, Any] = {
        "spec": spec, "classes": classes, "layer": layer, "method": explanation.method, "setup": setup
    }  # fmt: skip
    disturbed = robustness(twin, face, target=target, seed=seed, progress=told(QUESTIONS[0]), **how)
    before = robust.SAMPLES + 1
    weights = cascading_randomisation(twin, face, target=target, seed=seed, progress=told(QUESTIONS[1]), **how)
    before = wanted - len(classes)
    others = class_sensitivity(twin, face, progress=told(QUESTIONS[2]), **how)
    return MapSanity(
        robustness=replace(disturbed, layer=explanation.layer),
        randomisation=replace(weights, layer=explanation.layer),
        classes=replace(others, layer=explanation.layer),
        seed=seed,
        seconds=time.perf_counter() - started,
    )
