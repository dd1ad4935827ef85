"""The class statistics of ``attention.safetensors`` anew, with what most people saw as the class.

An analysis keeps its maps class by class, by the label, and no picture's own map: they cannot be sorted anew. So
pictures are passed through the model once more, at most :data:`MOST_OF_CLASS` of each class, evenly spaced in the data
set's order. The classes are averaged one by one, so that it does not matter that common ones are thinned out and rare
ones are not; n says how many there were. A picture's answer is the stored one.

What comes out has the same form, and holds means and variances over pictures, nobody's votes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from engine.analysis.class_regions import group_filter
from engine.analysis.files.attention import AttentionFile, group_of, open_attention, write_attention
from engine.analysis.files.places import FORMAT
from engine.analysis.store.query import Column, Filter
from engine.analysis.store.store import AnalysisStore
from engine.analysis.sweep.block import observe
from engine.analysis.sweep.statistics import MapStatistics
from engine.data.transforms import channels_last, normalise, to_tensor
from engine.errors import DataError
from engine.records import RunCard, UInt8
from engine.writing.whole import whole_file

MOST_OF_CLASS: Final = 200
"""Pictures of a class that are passed through the model: 1,400 at most for seven classes, so that it stays a matter of
seconds on two idle cores. The mean of 200 maps is known to a fourteenth of the maps' own spread."""
BATCH: Final = 32
"""Pictures to a forward pass: small, so that a person sees it go on and can leave."""

Progress = Callable[[int, int], None]
"""Told how many pictures are done, and of how many."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """The pictures that are passed through the model, in the data set's order.

    Attributes:
        ids: N names. classes: int64 (N,), what most people saw in each, an index of the model's classes.
        right: bool (N,), whether the model answers that. total: how many pictures there are to draw from.
    """

    ids: tuple[str, ...]
    classes: NDArray[np.int64]
    right: NDArray[np.bool_]
    total: int


def drawn_pictures(store: AnalysisStore, model: str, most: int = MOST_OF_CLASS) -> Drawn:
    """Choose the pictures; those in which most people saw none of the model's classes are not among them.

    Raises:
        UsageError: what people saw is not known here. DataError: no picture is left.
    """
    found: list[tuple[int, str, int, bool]] = []
    total = 0
    order = {
        name: row for row, name in enumerate(store.rows(columns=[Column("id")], limit=None).table["id"].to_pylist())
    }
    columns = [Column("id"), Column("as_people", model)]
    for index, label in enumerate(store.classes):
        where: Filter = group_filter(label, "all", model, "majority")
        names, right = (column.to_pylist() for column in store.rows(where, columns=columns, limit=None).table.columns)
        total += len(names)
        places = np.linspace(0, len(names) - 1, min(most, len(names))).round().astype(int)
        found += [(order[names[place]], names[place], index, bool(right[place])) for place in places]
    if not found:
        raise DataError(
            "Expected a picture in which most people saw a class of the model, got none; choose other data."
        )
    found.sort()
    return Drawn(
        tuple(name for _, name, _, _ in found),
        np.array([index for _, _, index, _ in found], np.int64),
        np.array([right for *_, right in found], np.bool_),
        total,
    )


def people_file(folder: Path, by_label: AttentionFile, votes_sha256: str) -> Path:
    """Return where in ``folder`` the statistics of these weights, pictures and votes are kept."""
    known = {key: by_label.metadata.get(key) for key in ("weights_sha256", "data_fingerprint", "split", "settings")}
    text = json.dumps([FORMAT, MOST_OF_CLASS, votes_sha256, known], sort_keys=True)
    return folder / f"{hashlib.sha256(text.encode()).hexdigest()[:24]}.safetensors"


def write_people_maps(
    model: nn.Module,
    card: RunCard,
    by_label: AttentionFile,
    drawn: Drawn,
    picture: Callable[[str], UInt8],
    out: Path,
    progress: Progress | None = None,
) -> None:
    """Pass the pictures through the model and write their statistics, complete or not at all.

    Args:
        model: of ``card``, on its device; its lock is held during each forward pass.
        by_label: the analysis's own statistics, whose layers and classes these have, too.
        picture: gives a picture by its id as the model takes it, uint8 (S, S) or (S, S, 3).
        out: the file to make, see :func:`people_file`.
        progress: told before each pass, and at the end; what it raises ends the work.

    Raises:
        DataError: a picture cannot be had.
    """
    device = next(model.parameters()).device
    classes = by_label.classes
    layer: str | None = by_label.metadata["settings"]["layer"]
    statistics: dict[str, MapStatistics] = {}
    for chosen in _batches(len(drawn.ids)):
        if progress is not None:
            progress(chosen.start, len(drawn.ids))
        images = np.stack([picture(name) for name in drawn.ids[chosen]])
        seen_as = drawn.classes[chosen]
        x = channels_last(normalise(to_tensor(images).to(device), card.input))
        seen = observe(model, x, torch.from_numpy(seen_as).to(device), classes, layer)
        groups = group_of(seen_as, drawn.right[chosen])
        for name, maps in seen.maps.items():
            new = MapStatistics.of(maps, groups, 2 * len(classes))
            statistics[name] = statistics[name].merge(new) if name in statistics else new
    if progress is not None:
        progress(len(drawn.ids), len(drawn.ids))
    metadata: dict[str, Any] = {**by_label.metadata, "classes_by": "majority", "drawn": [len(drawn.ids), drawn.total]}
    out.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(out) as part:
        write_attention(part, statistics, by_label.plane(), metadata)


def read_people_maps(file: Path) -> AttentionFile | None:
    """Open what :func:`write_people_maps` wrote; None where there is none, or it is damaged and is to be made anew."""
    try:
        return open_attention(file, "") if file.is_file() else None
    except DataError:
        return None


def _batches(total: int) -> Iterator[slice]:
    for start in range(0, total, BATCH):
        yield slice(start, min(start + BATCH, total))


def drawn_words(file: AttentionFile) -> str:
    """Say of how many pictures the means are, and why of no more."""
    used, total = file.metadata["drawn"]
    if used == total:
        return f"All {total:,} pictures in which most people saw a class of the model."
    return (
        f"{used:,} of the {total:,} pictures in which most people saw a class of the model: of each class "
        f"{MOST_OF_CLASS:,} at most, evenly spaced in the data set’s order."
    )
