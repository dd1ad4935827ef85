"""Where a map lies, class by class, with intervals: shares of its mass by region, entropy and centre of mass.

Means are over pictures, their 95 % intervals by the percentile bootstrap of :mod:`engine.statistics.intervals`. A
picture whose map has nothing positive has no place; it is left out, and the n of each estimate says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.analysis.files.attention import ClassAttention
from engine.analysis.store.query import Column, Filter
from engine.analysis.store.store import TRUTHS, AnalysisStore
from engine.analysis.sweep.statistics import entropy_nats, places
from engine.edit.face_template import REGIONS
from engine.errors import UnknownNameError
from engine.statistics.intervals import RESAMPLES, Estimate, bootstrap_means

ANSWERS: Final[dict[str, bool | None]] = {"all": None, "right": True, "wrong": False}
"""Group of pictures → what :class:`engine.analysis.store.query.Filter` asks for."""

OF_LABEL: Final = "gradcam.true"
"""The map whose figures are kept for the class that a picture is labelled with."""

Float64 = NDArray[np.float64]


@dataclass(frozen=True)
class ClassPlace:
    """Where the maps of one class's pictures lie.

    Attributes:
        label: the true class.
        masses: region → share of the map's positive sum, in [0, 1].
        entropy_nats: of single maps, from 0 (one cell) to the log of the number of cells (even).
        centre_x, centre_y: centre of mass, fractions of the picture's width and height.
    """

    label: str
    masses: dict[str, Estimate]
    entropy_nats: Estimate
    centre_x: Estimate
    centre_y: Estimate


def mass_columns(layer: str) -> tuple[str, ...]:
    """Return the names of the columns that hold a map's region masses, in the order of ``REGIONS``."""
    return tuple(f"{layer}.mass.{region}" for region in REGIONS)


def group_filter(label: str, group: str, model: str | None, truth: str = "label", layer: str = "") -> Filter:
    """Return the pictures of a class in a group of :data:`ANSWERS`, by the answers of ``model``.

    ``truth``: one of :data:`engine.analysis.store.store.TRUTHS`; by ``majority`` the class is what most people saw, and
    right is what answers that. ``layer``: the map that is asked about. Figures of ``gradcam.true`` are kept for the
    labelled class alone, so of these only pictures count that are labelled as most people saw them.
    """
    if group not in ANSWERS:
        raise UnknownNameError("group of pictures", group, ANSWERS)
    if truth not in TRUTHS:
        raise UnknownNameError("kind of truth", truth, TRUTHS)
    if truth == "majority":
        labelled = (label,) if layer == OF_LABEL else ()
        return Filter(labels=labelled, majority=(label,), as_people=ANSWERS[group], model=model)
    return Filter(labels=(label,), correct=ANSWERS[group], model=model)


def class_places(
    store: AnalysisStore, layer: str, *, model: str | None = None, group: str = "all", truth: str = "label",
    seed: int = 0, resamples: int = RESAMPLES, labels: Sequence[str] | None = None,
) -> tuple[ClassPlace, ...]:  # fmt: skip
    """Estimate where a map lies for each of K classes.

    Args:
        store: holds the pictures. layer: a spatial gate or Grad-CAM of ``model``; None is the store's first.
        group: which pictures, of :data:`ANSWERS`. truth: what says which class a picture is of, see
            :func:`group_filter`. seed, resamples: of the bootstrap. labels: the classes that are wanted; None for all.

    Raises:
        UsageError: by ``majority``, where what people saw is not known.
    """
    names = (*mass_columns(layer), f"{layer}.entropy", f"{layer}.centre_x", f"{layer}.centre_y")
    columns = [Column(name, model) for name in names]
    found = []
    for label in store.classes if labels is None else labels:
        table = store.rows(group_filter(label, group, model, truth, layer), columns=columns, limit=None).table
        values = np.column_stack(
            [column.to_numpy(zero_copy_only=False).astype(np.float64) for column in table.itercolumns()]
        )
        *masses, entropy, x, y = bootstrap_means(values, seed=seed, resamples=resamples)
        found.append(ClassPlace(label, dict(zip(REGIONS, masses, strict=True)), entropy, x, y))
    return tuple(found)


@dataclass(frozen=True)
class MeanMapPlace:
    """The same figures of a class's mean map, one figure each: averaging blurs, so its entropy is the larger one.

    NaN where the mean map has nothing positive; ``cells`` is how many cells the map has.
    """

    entropy_nats: float
    centre_x: float
    centre_y: float
    cells: int


def mean_map_places(of: ClassAttention) -> tuple[MeanMapPlace, ...]:
    """Read the mean maps (K, h, w) of a spatial gate or Grad-CAM."""
    if of.mean is None:
        raise ValueError(f"expected a map on a grid, got the channel gate {of.layer}")
    where, entropy = places(of.mean), entropy_nats(of.mean)
    cells = of.mean.shape[1] * of.mean.shape[2]
    return tuple(
        MeanMapPlace(float(entropy[k]), float(where.centre_x[k]), float(where.centre_y[k]), cells)
        for k in range(len(of.count))
    )
