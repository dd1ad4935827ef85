"""The pictures of a class whose map lies most and least like the class's mean.

A store keeps, of each picture's map, its shares of mass by region, not the map. So the distance of a picture is how
much of its map's mass would have to move to another region to reach the class's mean shares: half the sum of absolute
differences, from 0 to 1 (total variation). Where inside a region the map lies does not count.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analysis.class_regions import group_filter, mass_columns
from engine.analysis.store.query import Column
from engine.analysis.store.store import AnalysisStore
from engine.edit.face_template import REGIONS
from engine.errors import UsageError


@dataclass(frozen=True)
class TypicalPicture:
    """A picture and how far its map's region masses lie from the class's mean ones.

    Attributes:
        id, label, predicted: the picture, its true class, the model's answer.
        confidence: of the answer, in [0, 1].
        moved: the distance, in [0, 1].
        masses: region → share of the map's mass, in [0, 1].
        centre_x, centre_y: the map's centre of mass, fractions of the picture.
    """

    id: str
    label: str
    predicted: str
    confidence: float
    moved: float
    masses: dict[str, float]
    centre_x: float
    centre_y: float


@dataclass(frozen=True)
class Typical:
    """The ends of a class: nearest first, farthest first; ``n`` pictures were ranked, ``without`` have no place."""

    nearest: tuple[TypicalPicture, ...]
    farthest: tuple[TypicalPicture, ...]
    n: int
    without: int


def typical_pictures(
    store: AnalysisStore, layer: str, label: str, *, model: str | None = None, group: str = "all", most: int = 6
) -> Typical:
    """Rank the pictures of a class by one map of ``model``; a picture is at one end only.

    Args:
        store: holds the pictures. layer: a spatial gate or Grad-CAM; None as ``model`` is the store's first.
        label: the true class. group: ``all``, or those answered ``right`` or ``wrong``.
        most: pictures to an end; fewer where there are fewer than twice as many.
    """
    if most < 1:
        raise UsageError(f"Expected one picture or more to an end, got {most}.")
    names = ("id", "predicted", "confidence", f"{layer}.centre_x", f"{layer}.centre_y", *mass_columns(layer))
    table = store.rows(
        group_filter(label, group, model), columns=[Column(name, model) for name in names], limit=None
    ).table
    masses = np.column_stack(
        [column.to_numpy(zero_copy_only=False).astype(np.float64) for column in list(table.itercolumns())[5:]]
    )
    known = np.flatnonzero(np.isfinite(masses).all(axis=1))
    if not known.size:
        return Typical((), (), 0, len(table))
    moved = 0.5 * np.abs(masses[known] - masses[known].mean(axis=0)).sum(axis=1)
    order = np.argsort(moved, kind="stable")

    def picture(place: int) -> TypicalPicture:
        row = int(known[place])
        name, predicted, confidence, x, y = (table.column(k)[row].as_py() for k in range(5))
        shares = dict(zip(REGIONS, masses[row].tolist(), strict=True))
        return TypicalPicture(
            str(name), label, str(predicted), float(confidence), float(moved[place]), shares, float(x), float(y)
        )

    each = min(most, -(-len(order) // 2))
    far = order[max(each, len(order) - each) :][::-1]
    return Typical(
        tuple(picture(int(place)) for place in order[:each]),
        tuple(picture(int(place)) for place in far),
        len(known),
        len(table) - len(known),
    )
