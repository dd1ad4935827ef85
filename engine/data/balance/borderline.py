"""Borderline SMOTE, told pair by pair: which two pictures each new one lies between, and where.

H. Han, W.-Y. Wang, B.-H. Mao. Borderline-SMOTE: a new over-sampling method in imbalanced data sets learning. ICIC 2005
(borderline-1, as imbalanced-learn has it): of each class but the largest, only pictures *in danger* are built on, whose
nearest neighbours are in half or more, but not all, of other classes.

The sampler is given the rows of the identity matrix in place of pictures, and neighbours that look up the real points
by row. Each new row then reads as the weights of its two sources, exactly, whatever the space the distances are of.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, eye_array
from sklearn.neighbors import NearestNeighbors

from engine.data.dataset import Int64
from engine.errors import UsageError
from engine.extras import extra
from engine.records import Float32

DANGER_NEIGHBOURS: Final = 10
"""m of the paper: how many neighbours decide whether a picture is in danger."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """M new points, each ``(1 - weight) * first + weight * second``.

    Attributes:
        first: int64 (M,), positions; the source with the larger share.
        second: int64 (M,), positions; equal to ``first`` where an exact copy made a picture its own neighbour.
        weight: float64 (M,), the second's share, in [0, 0.5].
        built_on: the labels for which there was a picture in danger.
    """

    first: Int64
    second: Int64
    weight: NDArray[np.float64]
    built_on: tuple[int, ...]


class _Points:
    """An array that is shared, not copied, when an estimator that holds it is cloned."""

    def __init__(self, array: Float32) -> None:
        self.array = array

    def __deepcopy__(self, _memo: dict[int, Any]) -> _Points:
        return self


class _ByRow(NearestNeighbors):  # type: ignore[misc] # scikit-learn has no types
    """Nearest neighbours of rows of the identity matrix, by the points (N, D) that have those rows' numbers."""

    def __init__(self, *, points: _Points, n_neighbors: int) -> None:
        super().__init__(n_neighbors=n_neighbors, algorithm="brute")
        self.points = points

    def _looked_up(self, rows: csr_array) -> Float32:
        chosen: Float32 = self.points.array[np.asarray(rows.argmax(axis=1)).ravel()]
        return chosen

    def fit(self, X: csr_array, y: None = None) -> _ByRow:  # noqa: N803 - scikit-learn's names
        """Take the points of the rows ``X`` (n, N)."""
        super().fit(self._looked_up(X), y)
        return self

    def kneighbors(self, X: csr_array, n_neighbors: int | None = None, return_distance: bool = True) -> Any:  # noqa: FBT001, FBT002, N803, RUF100 - scikit-learn's signature
        """Return the neighbours of the rows ``X`` (n, N) among those fitted."""
        return super().kneighbors(self._looked_up(X), n_neighbors, return_distance)


def borderline_pairs(points: Float32, labels: Int64, *, neighbours: int, seed: int) -> Pairs:
    """Choose pairs that bring every class that has pictures in danger up to the largest.

    Args:
        points: float32 (N, D); Euclidean distance between them says who is near.
        labels: int64 (N,).
        neighbours: k of the paper: among how many of its own class's nearest a picture's partner is drawn.
        seed: of the draw.

    Raises:
        MissingExtraError: imbalanced-learn is not installed.
        UsageError: a class has too few pictures for so many neighbours, or there is but one class.
    """
    imblearn = extra("imblearn.over_sampling", "imbalanced-learn", "Borderline SMOTE")
    counts = np.bincount(labels)
    present = counts[counts > 0]
    if len(present) < 2:
        raise UsageError("Expected pictures of two classes or more to balance, got one; nothing is to be done.")
    fewest = int(present.min())
    if fewest < present.max() and fewest <= neighbours:
        raise UsageError(
            f"Expected more than {neighbours} training pictures in each class for --neighbours {neighbours}, but one "
            f"has {fewest}; give fewer --neighbours, or choose --method random."
        )
    if len(labels) <= DANGER_NEIGHBOURS:
        raise UsageError(
            f"Expected more than {DANGER_NEIGHBOURS} training pictures for borderline SMOTE, got {len(labels)}; "
            "choose --method random."
        )
    held = _Points(points)
    sampler = imblearn.BorderlineSMOTE(
        random_state=seed,
        # One more, since each point finds itself first.
        k_neighbors=_ByRow(points=held, n_neighbors=neighbours + 1),
        m_neighbors=_ByRow(points=held, n_neighbors=DANGER_NEIGHBOURS + 1),
        kind="borderline-1",
    )
    rows, _ = sampler.fit_resample(csr_array(eye_array(len(labels), dtype=np.float64)), labels)
    first, second, weight = _read_off(csr_array(rows)[len(labels) :])
    return Pairs(first, second, weight, tuple(sorted(int(label) for label in sampler.in_danger_indices)))


def _read_off(rows: csr_array) -> tuple[Int64, Int64, NDArray[np.float64]]:
    """Read each new row (M, N) as its two sources and the second's weight."""
    rows.eliminate_zeros()
    first = np.zeros(rows.shape[0], np.int64)
    second, weight = np.zeros_like(first), np.zeros(len(first))
    for number, (start, end) in enumerate(zip(rows.indptr[:-1], rows.indptr[1:], strict=True)):
        order = np.argsort(-rows.data[start:end], kind="stable")
        sources = rows.indices[start:end][order]
        first[number], second[number] = sources[0], sources[-1]
        weight[number] = rows.data[start:end][order[-1]] if len(sources) == 2 else 0.0
    return first, second, weight
