"""Which pictures of an analysed split a model takes for most alike.

An analysis keeps a picture's answer, not its features before the last layer (a million pictures of 512 numbers would
be 2 GB). What it keeps is their image under that layer: the logits but for a constant, K numbers a picture. Pictures
are compared by the cosine of these centred logits: 1 where the same classes speak for and against both in the same
proportion, -1 where they speak the opposite way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analysis.evaluation import Float64, centred_logits
from engine.errors import UsageError


@dataclass(frozen=True)
class Neighbour:
    """A picture near another.

    Attributes:
        index: its place among the N pictures. cosine: how alike they are, in [-1, 1].
    """

    index: int
    cosine: float


def nearest(probabilities: Float64, at: int, most: int = 8) -> tuple[Neighbour, ...]:
    """Return the ``most`` pictures nearest to one, the nearest first; the earlier one of two that are equally near.

    Takes memory for N times K numbers, whatever ``most`` is.

    Args:
        probabilities: float64 (N, K), rows that sum to 1. at: the picture's row. most: 1 or more.

    Raises:
        UsageError: there is no such row.
    """
    if not 0 <= at < len(probabilities):
        raise UsageError(f"Expected one of {len(probabilities)} pictures, got {at}.")
    return nearest_to(probabilities, probabilities[at], most, without=at)


def nearest_to(
    probabilities: Float64, answer: Float64, most: int = 8, *, without: int | None = None
) -> tuple[Neighbour, ...]:
    """Return the ``most`` pictures nearest to an answer that any picture was given; see :func:`nearest`.

    Args:
        probabilities: float64 (N, K), rows that sum to 1. answer: (K,), sums to 1. most: 1 or more.
        without: the row of a picture that is left out, None for none.

    Raises:
        UsageError: the answer is of another number of classes.
    """
    if answer.shape != probabilities.shape[1:] or most < 1:
        raise UsageError(
            f"Expected an answer of {probabilities.shape[1]} classes and one neighbour or more, got "
            f"{answer.shape}, {most}."
        )
    places, place = centred_logits(probabilities), centred_logits(np.asarray(answer, np.float64)[None])[0]
    lengths = np.linalg.norm(places, axis=1)
    lengths[lengths == 0.0] = 1.0  # an even answer points nowhere: its cosine with any is 0
    cosines = (places @ place) / (lengths * (np.linalg.norm(place) or 1.0))
    order = [int(row) for row in np.argsort(-cosines, kind="stable") if row != without][:most]
    return tuple(Neighbour(row, float(np.clip(cosines[row], -1.0, 1.0))) for row in order)
