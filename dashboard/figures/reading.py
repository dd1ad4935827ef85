"""One explanation read out in a sentence or two: how sure the answer is, and where the Grad-CAM mass lies.

Only what the records hold is said. Whether a map can be believed is another question, with its own measures.
"""

from __future__ import annotations

from typing import Final

from dashboard.report.text import layer_title, percent
from engine.records import Explanation, Float32, Prediction

CONFIDENT: Final = 0.8
"""Probability from which the answer is called confident."""
UNSURE: Final = 0.5
"""Probability below which it is called unsure: the other classes together are then more probable."""
LEVEL: Final = 0.05
"""How far from one half the share of a half must lie to be called more than the other."""


def certainty(prediction: Prediction) -> str:
    """Return ``Confident``, ``Fairly sure`` or ``Unsure``, after :data:`CONFIDENT` and :data:`UNSURE`."""
    if prediction.confidence >= CONFIDENT:
        return "Confident"
    return "Fairly sure" if prediction.confidence >= UNSURE else "Unsure"


def upper_share(heatmap: Float32) -> float:
    """Return the share of the positive mass of a map (h, w) in its upper half, in [0, 1]; .5 where there is none.

    The middle row of an odd grid counts half to either side.
    """
    rows = heatmap.clip(min=0.0).sum(axis=1, dtype=float)
    total = float(rows.sum())
    if total == 0.0:
        return 0.5
    height = len(rows)
    upper = float(rows[: height // 2].sum())
    if height % 2:
        upper += float(rows[height // 2]) / 2
    return upper / total


def read_answer(prediction: Prediction) -> str:
    """Say how sure the answer is and what comes second."""
    (first, probability), (second, runner_up) = prediction.ranked()[:2]
    word = certainty(prediction)
    if word == "Unsure":
        return f"Unsure: {first} {percent(probability)} or {second} {percent(runner_up)}."
    return (
        f"{word}: {first}, well before {second}." if probability > 4 * runner_up else f"{word}: {first}, then {second}."
    )


def read_map(explanation: Explanation, method: str = "Grad-CAM") -> str:
    """Say in which half of the face crop the map's mass lies, beside what a uniform map would give (50 %)."""
    where = f"{method} for {explanation.target} at {layer_title(explanation.layer)}"
    if not explanation.has_positive_evidence:
        return f"{where} finds no positive evidence for {explanation.target}."
    share = upper_share(explanation.heatmap)
    if abs(share - 0.5) < LEVEL:
        return f"The mass of {where} is spread evenly over the upper and lower half of the face."
    half, part = ("upper", share) if share > 0.5 else ("lower", 1 - share)
    return f"{percent(part)} of the mass of {where} lies on the {half} half of the face (a uniform map: 50 %)."
