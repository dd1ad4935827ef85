"""The record of how faithful one map is, and the verdict; :mod:`engine.trust.faithfulness` fills it.

A curve follows the explained answer while cells are taken away. With the **most** relevant first (MoRF, *deletion*) a
faithful map makes it fall at once; with the **least** relevant first (LeRF) it stays up to the end. *Insertion*, which
begins with everything gone and brings cells back, needs no runs of its own: bringing back the most relevant first
passes through the same pictures as taking away the least relevant first, in reverse.

A map's **area** is that between both curves, insertion minus deletion, in [-1, 1] for probabilities. A random map and
its reverse are equally likely and have opposite areas, so each random map counts together with its reverse (which costs
no run: the two curves change places), and the mean area of random maps is 0, exactly. A map's **score** is its area
minus that of random maps on the same grid and the same picture, averaged over the imputers; the verdict is ``faithful``
where the score's 95 % interval lies above 0, else ``no better than random``.

The interval for one picture answers "could a random map have scored this?": it holds 95 % of the differences to single
random maps, reverses included. (An interval of the mean difference would shrink with each draw, and call every other
random map faithful or the contrary.) Its ends are the smallest and largest difference with 20 random maps; with fewer
it holds less than 95 %. For a set of pictures, whose lucks even out, the interval is the bootstrap of the mean score
over the pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from engine.records import Float32
from engine.statistics.intervals import LEVEL, Estimate, bootstrap_means

Subject = Literal["map", "random", "centre"]
Verdict = Literal["faithful", "no better than random"]
Value = Literal["probability", "logit"]

VALUES: Final[tuple[Value, ...]] = ("probability", "logit")
"""What a curve follows. Of a contrast, the probability is that of the first class given that it is one of both."""


def verdict_of(score: Estimate) -> Verdict:
    """Return the verdict on a score."""
    return "faithful" if score.low is not None and score.low > 0.0 else "no better than random"


def luck_interval(value: float, draws: NDArray[np.float64]) -> Estimate:
    """Compare one value with draws of chance: the mean difference and the interval of 95 % of the single ones.

    Args:
        value: the map's.
        draws: (R,) the random maps', R >= 1.

    Returns:
        ``n`` is R. The ends are unbiased quantiles (Weibull's): a further draw falls outside with probability 5 %,
        or where R is below 39, with 2 / (R + 1).
    """
    tail = 50.0 * (1.0 - LEVEL)
    low, high = np.percentile(value - draws, [tail, 100.0 - tail], method="weibull")
    return Estimate(float(value - draws.mean()), float(low), float(high), len(draws))


@dataclass(frozen=True, eq=False)
class Curves:
    """What became of the answer under one imputer, for R maps of one kind.

    Attributes:
        subject: ``map``, ``random`` (draws, then their reverses) or ``centre``; R is 1 but for ``random``.
        imputer: a key of IMPUTERS.
        shares: (T + 1,) float32, the share of the cells that are gone, 0 to 1.
        most_first: (R, T + 1) float32, the answer with the most relevant gone first: deletion.
        least_first: (R, T + 1) float32, with the least relevant gone first.
    """

    subject: Subject
    imputer: str
    shares: Float32
    most_first: Float32
    least_first: Float32

    def __post_init__(self) -> None:
        shape = self.most_first.shape
        if len(shape) != 2 or self.least_first.shape != shape or self.shares.shape != shape[1:]:
            raise ValueError(
                f"expected curves (R, T + 1) over shares (T + 1,), got {shape}, {self.least_first.shape} and "
                f"{self.shares.shape}"
            )

    @property
    def insertion(self) -> Float32:
        """(R, T + 1) float32: the answer while the most relevant come back first, over ``shares`` brought back."""
        return self.least_first[:, ::-1]

    @property
    def areas(self) -> NDArray[np.float64]:
        """(R,) float64: each map's area between both curves, in [-1, 1] for probabilities."""
        between = (self.least_first - self.most_first).astype(np.float64)
        return np.asarray(np.trapezoid(between, self.shares.astype(np.float64), axis=1))

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready means over the R maps."""
        return {
            "subject": self.subject,
            "imputer": self.imputer,
            "maps": len(self.most_first),
            "share_removed": [round(float(v), 5) for v in self.shares],
            "most_first": [round(float(v), 5) for v in self.most_first.mean(axis=0)],
            "least_first": [round(float(v), 5) for v in self.least_first.mean(axis=0)],
            "area": round(float(self.areas.mean()), 5),
        }


@dataclass(frozen=True, eq=False)
class Faithfulness:
    """How faithful one map of one picture is.

    Attributes:
        method, layer, target: the map's.
        value: what the curves follow.
        curves: for each imputer the map's, the random maps' and the centre prior's.
        score: the map's area minus the random maps', averaged over imputers; ``n`` counts the random maps,
            reverses included.
        beaten: the share of random maps whose area is smaller, in [0, 1].
        over_centre: the map's area minus that of a spot in the middle of the picture, averaged over imputers.
    """

    method: str
    layer: str
    target: str
    value: Value
    curves: tuple[Curves, ...]
    score: Estimate
    beaten: float
    over_centre: float

    @property
    def verdict(self) -> Verdict:
        """``faithful`` or ``no better than random``."""
        return verdict_of(self.score)

    def curves_of(self, subject: Subject, imputer: str) -> Curves:
        """Return the curves of one kind of map under one imputer."""
        for item in self.curves:
            if (item.subject, item.imputer) == (subject, imputer):
                return item
        raise ValueError(f"expected one of {[(c.subject, c.imputer) for c in self.curves]}, got {(subject, imputer)}")

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready values, the curves too."""
        return {
            "method": self.method,
            "layer": self.layer,
            "target": self.target,
            "verdict": self.verdict,
            "value": self.value,
            "score": self.score.as_dict(),
            "beaten": round(self.beaten, 5),
            "over_centre": round(self.over_centre, 5),
            "curves": [item.as_dict() for item in self.curves],
        }


@dataclass(frozen=True)
class SetFaithfulness:
    """How faithful a method's maps are over N pictures.

    Attributes:
        score: mean score with its bootstrap interval over the pictures; ``n`` counts the pictures.
        over_centre: the same of the difference to the centre prior.
        faithful: the share of pictures whose own verdict is ``faithful``.
    """

    score: Estimate
    over_centre: Estimate
    faithful: float

    @property
    def verdict(self) -> Verdict:
        """``faithful`` or ``no better than random``, of the method on these pictures."""
        return verdict_of(self.score)


def over_pictures(results: Sequence[Faithfulness], *, seed: int = 0) -> SetFaithfulness:
    """Join the maps of N pictures, one or more.

    Raises:
        ValueError: there is no picture, or they follow different values.
    """
    if len({item.value for item in results}) != 1:
        raise ValueError(f"expected one picture or more that follow one value, got {len(results)}")
    table = np.array([[item.score.mean, item.over_centre] for item in results], dtype=np.float64)
    score, over_centre = bootstrap_means(table, seed=seed)
    return SetFaithfulness(score, over_centre, float(np.mean([item.verdict == "faithful" for item in results])))
