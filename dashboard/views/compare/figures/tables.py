"""Several pictures at once: what each model answers, and how alike two models' maps are over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dashboard.report.text import percent
from dashboard.shared.figures.pair import pair_evidence, signed
from engine.records import FaceExplanation
from engine.statistics.agreement import TOP_SHARE, Agreement
from engine.statistics.intervals import Estimate, bootstrap_means

Row = dict[str, str | float | None]


@dataclass(frozen=True, eq=False)
class Compared:
    """One picture of a selection.

    Attributes:
        name: the file's or the dataset's id.
        truth: its label, or None.
        explained: one a model, in the columns' order.
        comparable: False where the target makes no contrast for this picture, so that its maps are not counted.
    """

    name: str
    truth: str | None
    explained: tuple[FaceExplanation, ...]
    comparable: bool = True

    def agreement(self, pair: tuple[int, int]) -> Agreement | None:
        """Return how alike two models' maps are; None where one has no positive evidence, or none was asked for."""
        if not self.comparable:
            return None
        one, two = (self.explained[index].maps[0].heatmap.clip(min=0.0) for index in pair)
        paired = pair_evidence(one, two)
        return None if paired is None else paired.agreement


def selection_rows(models: Sequence[str], pictures: Sequence[Compared], pair: tuple[int, int]) -> list[Row]:
    """Return a row a picture: name, label where any is known, each model's answer, agreement of the pair's maps."""
    labelled = any(one.truth is not None for one in pictures)
    rows: list[Row] = []
    for one in pictures:
        row: Row = {"picture": one.name}
        if labelled:
            row["label"] = one.truth
        for model, explained in zip(models, one.explained, strict=True):
            answer = explained.prediction
            row[model] = f"{answer.label} {percent(answer.confidence)}"
        found = one.agreement(pair)
        row["Spearman"] = None if found is None else found.spearman
        row["top tenth in common"] = None if found is None else found.top_overlap
        rows.append(row)
    return rows


def _mean(found: Estimate, *, share: bool) -> str:
    def written(value: float) -> str:
        return percent(value) if share else signed(value, 2)

    if found.mean is None:
        return "not known"
    ends = "" if found.low is None or found.high is None else f" ({written(found.low)} to {written(found.high)})"
    return f"{written(found.mean)}{ends}"


def read_selection(models: Sequence[str], pictures: Sequence[Compared], pair: tuple[int, int]) -> str:
    """Say how often each model is right (where labels are known), how often the pair agree, and how alike maps are."""
    said = []
    known = [one for one in pictures if one.truth is not None]
    if known:
        right = [sum(one.explained[k].prediction.label == one.truth for one in known) for k in range(len(models))]
        counts = ", ".join(f"{model} {count}" for model, count in zip(models, right, strict=True))
        said.append(f"Answered as labelled, of {len(known)}: {counts}.")
    first, second = pair
    alike = sum(one.explained[first].prediction.label == one.explained[second].prediction.label for one in pictures)
    said.append(f"{models[first]} and {models[second]} give the same answer to {alike} of {len(pictures)}.")
    found = [one.agreement(pair) for one in pictures]
    table = np.array(
        [
            [np.nan, np.nan] if one is None else [np.nan if one.spearman is None else one.spearman, one.top_overlap]
            for one in found
        ]
    )
    ranks, top = bootstrap_means(table)
    chances = [one.chance for one in found if one is not None] or [TOP_SHARE]
    said.append(
        f"Their Grad-CAMs: rank correlation {_mean(ranks, share=False)}, n = {ranks.n}; of the strongest tenth of "
        f"cells {_mean(top, share=True)} are common, n = {top.n} (unrelated maps: "
        f"{percent(float(np.mean(chances)))})."
    )
    return " ".join(said)
