"""The ranking on masses worked by hand, in a store that is made for it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from engine.analysis.class_regions import mass_columns
from engine.analysis.contrasts import typical_pictures
from engine.edit.face_template import REGIONS


def made_store(brows: list[float | None]) -> Any:
    """A store whose pictures have a share on the brows and the rest on the mouth, or no place at all."""
    columns: dict[str, Any] = {
        "id": [f"p{index}" for index in range(len(brows))],
        "predicted": ["fear"] * len(brows),
        "confidence": [0.5] * len(brows),
        "g.centre_x": [0.4] * len(brows),
        "g.centre_y": [0.6] * len(brows),
    }
    for name, region in zip(mass_columns("g"), REGIONS, strict=True):
        columns[name] = pa.array(
            [None if share is None else {"brows": share, "mouth": 1 - share}.get(region, 0.0) for share in brows],
            pa.float64(),
        )
    return SimpleNamespace(rows=lambda *_, **__: SimpleNamespace(table=pa.table(columns)))


def test_distance_is_the_mass_that_would_have_to_move() -> None:
    # Mean share on the brows .5, so the distances are .5, .1, .1, none, .3 and 0.
    found = typical_pictures(made_store([1.0, 0.4, 0.4, None, 0.2, 0.5]), "g", "fear", most=2)
    assert [(picture.id, round(picture.moved, 6)) for picture in found.nearest] == [("p5", 0.0), ("p1", 0.1)]
    assert [(picture.id, round(picture.moved, 6)) for picture in found.farthest] == [("p0", 0.5), ("p4", 0.3)]
    assert (found.n, found.without) == (5, 1)
    far = found.farthest[1]
    assert (far.masses["brows"], far.masses["mouth"], far.masses["eyes"]) == (0.2, 0.8, 0.0)
    assert (far.label, far.predicted, far.centre_x, far.centre_y) == ("fear", "fear", 0.4, 0.6)


@pytest.mark.parametrize(
    ("shares", "near", "far"), [([], 0, 0), ([None], 0, 0), ([0.3], 1, 0), ([0.3, 0.5, 0.9], 2, 1)]
)
def test_few_pictures_are_shared_out_between_the_ends(shares: list[float | None], near: int, far: int) -> None:
    found = typical_pictures(made_store(shares), "g", "fear", most=4)
    assert (len(found.nearest), len(found.farthest)) == (near, far)
    assert not {picture.id for picture in found.nearest} & {picture.id for picture in found.farthest}
