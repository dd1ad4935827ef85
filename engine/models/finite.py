"""Answers that are numbers: NaN or infinity is no answer, and what is counted of it would be a wrong figure."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import NetworkError


def check_finite(answers: NDArray[np.floating[Any]]) -> None:
    """Refuse a model's answers that are no numbers.

    Noise, by which a network of others is judged when it is opened, need not show them.

    Args:
        answers: logits or probabilities (N, K).

    Raises:
        NetworkError: some are NaN or infinite.
    """
    count = int((~np.isfinite(answers).all(axis=1)).sum())
    if count:
        which = "this picture" if len(answers) == 1 else f"{count:,} of these {len(answers):,} pictures"
        raise NetworkError(
            f"The model answers {which} with numbers that are not finite (NaN or infinity), so there is nothing to "
            "show or to count; its weights are damaged, or its mean and std are not those of its training."
        )
