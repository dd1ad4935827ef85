"""Is a map faithful? Take away what it marks, and see whether the answer goes faster than with random maps.

[1] V. Petsiuk, A. Das, K. Saenko. RISE: Randomized Input Sampling for Explanation of Black-box Models. BMVC 2018,
    arXiv:1806.07421 (insertion and deletion).
[2] Y. Rong et al. A Consistent and Efficient Evaluation Strategy for Attribution Methods. ICML 2022,
    arXiv:2202.00449 (ROAD; MoRF and LeRF).

What is measured, and what the score and its verdict mean, stands in :mod:`engine.trust.faithfulness_record`; how
cells are ranked in :mod:`engine.trust.faithfulness`; what takes a removed pixel's place in
:mod:`engine.trust.imputers`. Departures from both papers: cells of the map's native grid go, not pixels of an
enlarged map; a map counts only against random maps and a centre prior on its own grid and picture.

Which pixels go first: a map's native cells by rank, ties broken by a seeded draw.

Ranks, not thresholds: in a Grad-CAM half of the cells may be exactly 0, and "remove what is at or above the 60th
percentile" would then remove everything at once. Cells, not enlarged pixels: a 6x6 map has 36 things to say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.data.transforms import normalise, to_tensor
from engine.errors import UnknownNameError
from engine.explain.target import ResolvedTarget, Target
from engine.models.locking import holding
from engine.records import Explanation, Float32, InputSpec, UInt8
from engine.statistics.maps import centre_prior, random_maps
from engine.trust.faithfulness_record import VALUES, Curves, Faithfulness, Subject, Value, luck_interval
from engine.trust.imputers import IMPUTERS

Int64 = NDArray[np.int64]
Bool = NDArray[np.bool_]


def ranked_cells(heatmap: NDArray[np.floating], seed: int = 0) -> Int64:
    """Return the cells of a map (h, w), largest first, as (h w,) row-major numbers; equal cells in a drawn order.

    Only the order counts: a constant map gives a random order, an all-negative map its least negative cell first.
    """
    flat = heatmap.ravel()
    drawn = np.random.default_rng(seed).permutation(len(flat))
    return np.asarray(drawn[np.argsort(-flat[drawn], kind="stable")], dtype=np.int64)


def steps_of(cells: int, steps: int) -> Int64:
    """Return how many cells are gone at each of ``steps`` even steps, (steps + 1,) from 0 to ``cells``."""
    return np.asarray(np.rint(np.arange(steps + 1) * (cells / steps)), dtype=np.int64)


def removal_masks(order: Int64, counts: Int64, grid: tuple[int, int], sides: tuple[int, int]) -> Bool:
    """Return which pixels are gone after the first ``counts`` cells of ``order``: (len(counts), *sides) bool.

    A pixel belongs to the cell that its centre lies in, also where the side is no multiple of the grid.
    """
    position = np.empty(len(order), dtype=np.int64)
    position[order] = np.arange(len(order))
    # centres in half pixels, so that the division is exact
    rows, columns = ((2 * np.arange(side) + 1) * cells // (2 * side) for cells, side in zip(grid, sides, strict=True))
    of_pixel = position.reshape(grid)[rows[:, None], columns[None]]
    return np.asarray(of_pixel[None] < counts[:, None, None])


STEPS: Final = 10
"""Even steps from the whole picture to nothing, unless said."""

DRAWS: Final = 20
"""Random maps, unless said: a map beyond all of 20 and their reverses is one that chance gives once in 41."""

_ROWS: Final = 128
"""Pictures in one forward pass; bounds the memory."""

Progress = Callable[[int, int], None]
"""Called with (maps done, wanted), counting the random and centre maps, under each imputer."""


class _Runner:
    """Runs changed pictures of one face through a shared model and reads the explained answer."""

    def __init__(self, model: nn.Module, face: UInt8, spec: InputSpec, value: Value) -> None:
        self.model, self.face, self.spec, self.value = model, face, spec, value
        self.device = next(model.parameters()).device

    @torch.no_grad()
    def logits(self, pictures: UInt8 | Float32) -> Tensor:
        """Map (M, S, S[, 3]) in [0, 255] to logits (M, K); the lock is free between the batches."""
        rows = []
        for start in range(0, len(pictures), _ROWS):
            unit = to_tensor(pictures[start : start + _ROWS].astype(np.float32) / 255.0)  # type: ignore[arg-type]
            x = normalise(unit.to(self.device), self.spec).contiguous(memory_format=torch.channels_last)
            with holding(self.model):
                rows.append(self.model(x).float())
        return torch.cat(rows)

    def answers(self, pictures: Float32, target: ResolvedTarget) -> Float32:
        """Map (M, S, S[, 3]) in [0, 255] to the explained probability or logit (M,)."""
        logits = self.logits(pictures)
        read = target.probability(logits) if self.value == "probability" else target.scalar(logits)
        return np.asarray(read.cpu().numpy(), dtype=np.float32)


def _curves_of(
    run: _Runner,
    subject: Subject,
    maps: NDArray[np.floating],
    *,
    imputer: str,
    target: ResolvedTarget,
    steps: int,
    seed: int,
    tick: Callable[[], None],
) -> Curves:
    """Take the cells of each of R maps (R, h, w) away in both directions."""
    grid = maps.shape[1:]
    cells = grid[0] * grid[1]
    counts = steps_of(cells, min(steps, cells))
    impute = IMPUTERS[imputer]
    sides = run.face.shape[0], run.face.shape[1]
    # The ends are the same for every order: the whole picture, and one of which nothing is left.
    ends_masks = removal_masks(np.arange(cells), counts[[0, -1]], grid, sides)
    first, last = run.answers(impute(run.face, ends_masks, seed), target)
    both = np.empty((2, len(maps), len(counts)), dtype=np.float32)
    both[..., 0], both[..., -1] = first, last
    for number, heatmap in enumerate(maps):
        order = ranked_cells(heatmap, seed)
        masks = [removal_masks(one, counts[1:-1], grid, sides) for one in (order, order[::-1])]
        answers = run.answers(impute(run.face, np.concatenate(masks), seed), target)
        both[:, number, 1:-1] = answers.reshape(2, -1)
        tick()
    if subject == "random":  # each counts with its reverse, whose curves are the same two the other way round
        both = np.concatenate([both, both[::-1]], axis=1)
    shares = (counts / cells).astype(np.float32)
    return Curves(subject, imputer, shares, both[0], both[1])


@torch.inference_mode(False)
def faithfulness(  # noqa: PLR0913 - what it needs of a checkpoint is given one by one, not as a checkpoint
    model: nn.Module,
    face: UInt8,
    explanation: Explanation,
    *,
    spec: InputSpec,
    classes: tuple[str, ...],
    imputers: Sequence[str] = tuple(IMPUTERS),
    value: Value = "probability",
    steps: int = STEPS,
    draws: int = DRAWS,
    seed: int = 0,
    progress: Progress | None = None,
) -> Faithfulness:
    """Measure how faithful a map of one face is, against ``draws`` random maps and a centre prior on its grid.

    Args:
        model: shared by threads; its lock is held for each batch, nothing on it changes.
        face: (S, S) or (S, S, 3) uint8, the picture that was explained.
        explanation: the map, on its native grid (h, w), and the target that it explains. Any map will do, a spatial
            gate too; its cells count by rank.
        spec: the model's input.
        classes: K names.
        imputers: one or more keys of IMPUTERS.
        value: what the curves follow.
        steps: even steps from everything to nothing; at most one a cell.
        draws: random maps.
        seed: of ties, random maps and imputation noise.
        progress: see Progress.

    Raises:
        UnknownNameError: an imputer, value or target class that there is none of.
        ValueError: the map has fewer than 2 cells, or more than the picture has pixels a side.
    """
    for name in imputers:
        if name not in IMPUTERS:
            raise UnknownNameError("imputer", name, IMPUTERS)
    if value not in VALUES:
        raise UnknownNameError("value", value, VALUES)
    grid = explanation.heatmap.shape
    finer = grid[0] > face.shape[0] or grid[1] > face.shape[1]
    if explanation.heatmap.size < 2 or finer or steps < 2 or draws < 1 or not imputers:
        raise ValueError(
            f"expected 2 steps, 1 draw, 1 imputer and 2 cells or more, at most {face.shape[0]} down and "
            f"{face.shape[1]} across, got {steps}, {draws}, {len(imputers)} and {grid}"
        )
    run = _Runner(model, face, spec, value)
    target = Target.parse(explanation.target, classes).settle(run.logits(face[None]), classes)
    subjects: dict[Subject, NDArray[np.floating]] = {
        "map": explanation.heatmap[None],
        "random": random_maps(range(draws), (grid[0], grid[1]), seed=seed),
        "centre": centre_prior((grid[0], grid[1]))[None],
    }
    total, done = len(imputers) * (draws + 2), 0

    def tick() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, total)

    curves = {
        (subject, name): _curves_of(run, subject, maps, imputer=name, target=target, steps=steps, seed=seed, tick=tick)
        for name in imputers
        for subject, maps in subjects.items()
    }
    own, random, centre = (
        np.mean([curves[subject, name].areas for name in imputers], axis=0) for subject in ("map", "random", "centre")
    )
    return Faithfulness(
        method=explanation.method,
        layer=explanation.layer,
        target=target.name,
        value=value,
        curves=tuple(curves.values()),
        score=luck_interval(float(own[0]), random),
        beaten=float((random < own[0]).mean()),
        over_centre=float(own[0] - centre[0]),
    )
