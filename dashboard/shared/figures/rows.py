"""Which rows the Compare page has, and what stands in each model's cell: gates by name, explanations, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np

from dashboard.report.text import gate_title, grid, layer_title, short
from dashboard.shared.figures.answers import pairs_of
from dashboard.shared.figures.map_card import MapCard, even_words, explanation_cards, is_even
from dashboard.shared.figures.pair import RANKS, TOP, PairedMaps, pair_evidence, pair_gates, signed
from engine.draw.overlay import display_ranges, placed_map, received_map
from engine.records import AttentionGate, FaceExplanation, Float32
from engine.statistics.agreement import agreement


@dataclass(frozen=True, eq=False)
class MapRow:
    """One quantity of every model.

    Attributes:
        name: the row's name, for example ``block 2``.
        size: its grids in words.
        cards: one a model; None where the model has no such gate.
        paired: the two models of the difference, or None where there is nothing to compare.
    """

    name: str
    size: str
    cards: tuple[MapCard | None, ...]
    paired: PairedMaps | None


def gate_map(gate: AttentionGate, target: int) -> Float32 | None:
    """Return a gate as a map (h, w), or None where it has no place in the picture.

    A ``cross`` gate gives what each place received, 1 for an even share (:mod:`engine.draw.overlay`).
    Of gates over rows, columns and both the mean over the channels is the map.
    An ``emotion`` gate gives that of class ``target``.
    """
    if gate.kind == "emotion":
        return np.ascontiguousarray(gate.weights[target])
    if gate.kind == "cross":
        return received_map(gate)
    return placed_map(gate)


def branch_words(gates: Sequence[AttentionGate]) -> str:
    """Say how gates over branches share their channels out; empty where there are none."""
    parts = [
        f"{layer_title(gate.layer)}: {', '.join(short(float(mean)) for mean in gate.weights.mean(axis=1))}"
        for gate in gates
        if gate.kind == "branch"
    ]
    return f"Shares of the branches, the mean over their channels. {'; '.join(parts)}." if parts else ""


def _layers(explained: Sequence[FaceExplanation], *, channel: bool) -> tuple[str, ...]:
    """Return the names of the gates that any model has, in forward order, those of the first model first."""
    return tuple(
        dict.fromkeys(gate.layer for one in explained for gate in one.gates if (gate.kind == "channel") == channel)
    )


def _gate(explained: FaceExplanation, layer: str) -> AttentionGate | None:
    return next((gate for gate in explained.gates if gate.layer == layer), None)


def gate_rows(
    explained: Sequence[FaceExplanation], target: str, pair: tuple[int, int], scale: str, *, say_even: bool = False
) -> tuple[MapRow, ...]:
    """Return a row for each gate that is a map, whichever model has it; one scale a row unless it is ``stretch``.

    With ``say_even``, attention that every place receives alike is said in words in place of a map that glows.
    """
    rows = []
    for layer in _layers(explained, channel=False):
        gates = [_gate(one, layer) for one in explained]
        maps = [
            None if gate is None else gate_map(gate, one.prediction.classes.index(target))
            for gate, one in zip(gates, explained, strict=True)
        ]
        present = [values for values in maps if values is not None]
        if not present:
            continue
        some = next(gate for gate in gates if gate is not None)
        natural = None if some.kind == "cross" else (0.0, 1.0)
        spans = iter(display_ranges(present, scale, natural=natural))
        title = gate_title(some.layer, some.kind)
        cards = tuple(None if values is None else MapCard(title, values, next(spans)) for values in maps)
        if say_even and natural is None:
            cards = tuple(
                MapCard(title, None, (0.0, 0.0), even_words(card.values))
                if card is not None and card.values is not None and is_even(card.values)
                else card
                for card in cards
            )
        one, two = maps[pair[0]], maps[pair[1]]
        paired = None
        if one is not None and two is not None:
            paired = pair_gates(one, two) if natural is not None else pair_evidence(one, two)
        rows.append(MapRow(title, _sizes(present), cards, paired))
    return tuple(rows)


def spatial_words(explained: Sequence[FaceExplanation], target: str) -> str:
    """Say what the maps of :func:`gate_rows` are, of each kind that any of the models has."""
    kinds = {gate.kind for one in explained for gate in one.gates}
    said = "What each block passed on (1) or held back (0), cell by cell. Class-agnostic: the same for every class"
    if "emotion" in kinds:
        said += f", but for the gate “emotion”, of which this is the map of {target}"
    if "cross" in kinds:
        said += ". Attention between cells: what each place received, 1 for an even share"
    return f"{said}."


def packed(present: Sequence[Sequence[bool]]) -> tuple[tuple[int | None, ...], ...]:
    """Return the drawn lines: for each model the row that stands in its column, or None for an empty place.

    A row that several models have is one line. Where two or more models have rows that no other has, as models of
    different backbones do, those move up below the others, each model's in its own order: a line of each would be a
    page of empty places. Lines whose places are not all the same row name their gates cell by cell. Where one model
    alone has such rows they are no lines at all, but :func:`solitary`.

    Args:
        present: for each row and model, whether the model has it; every row has one that does.
    """
    alone = _owners(present)
    lines: list[tuple[int | None, ...]] = [
        (index,) * len(here) for index, here in enumerate(present) if index not in alone
    ]
    if len(set(alone.values())) < 2:
        return tuple(lines)
    models = len(present[0]) if present else 0
    queues = [[index for index, owner in alone.items() if owner == model] for model in range(models)]
    return (*lines, *zip_longest(*queues))


def solitary(present: Sequence[Sequence[bool]]) -> tuple[int, tuple[int, ...]] | None:
    """Return (model, its rows) where a single model has rows that no other has, else None.

    They are drawn side by side in one strip: beside a net without gates, columns would reserve a line of empty places
    for each. ``present`` is as for :func:`packed`.
    """
    alone = _owners(present)
    owners = set(alone.values())
    return (owners.pop(), tuple(alone)) if len(owners) == 1 else None


def _owners(present: Sequence[Sequence[bool]]) -> dict[int, int]:
    """Return row → model for the rows that one model alone has."""
    return {index: here.index(True) for index, here in enumerate(map(list, present)) if here.count(True) == 1}


def explanation_row(explained: Sequence[FaceExplanation], pair: tuple[int, int], scale: str) -> MapRow:
    """Return the row of the explanations, each model's first map, on one scale unless it is ``stretch``."""
    maps = [one.maps[0] for one in explained]
    cards = explanation_cards(maps, scale, titles=[f"{entry.method} for {entry.target}" for entry in maps])
    one, two = (maps[index].heatmap.clip(min=0.0) for index in pair)
    layers = list(dict.fromkeys(entry.layer for entry in maps))
    name = layer_title(layers[0]) if len(layers) == 1 else "last layers"
    return MapRow(name, _sizes([entry.heatmap for entry in maps]), cards, pair_evidence(one, two))


def _sizes(maps: Sequence[Float32]) -> str:
    return ", ".join(dict.fromkeys(grid(values.shape) for values in maps))


def channel_rows(explained: Sequence[FaceExplanation]) -> tuple[tuple[str, tuple[AttentionGate | None, ...]], ...]:
    """Return (name, gate of each model or None) for each channel gate that any model has."""
    rows = []
    for layer in _layers(explained, channel=True):
        gates = tuple(_gate(one, layer) for one in explained)
        some = next(gate for gate in gates if gate is not None)
        rows.append((gate_title(some.layer, some.kind, explained[0].prediction.classes), gates))
    return tuple(rows)


def agreement_rows(
    models: Sequence[str], rows: Sequence[tuple[str, MapRow]], of: str = "models"
) -> list[dict[str, str | float | None]]:
    """Return a row for each map and pair of models that both have it: how alike it is on the coarsest common grid.

    ``of``: what the names in ``models`` are names of.
    """
    lines: list[dict[str, str | float | None]] = []
    for name, row in rows:
        for one, two in pairs_of(len(models)):
            first, second = row.cards[one], row.cards[two]
            if first is None or second is None or first.values is None or second.values is None:
                continue
            found = agreement(first.values, second.values)
            lines.append(
                {
                    "map": name,
                    of: f"{models[one]}, {models[two]}",
                    "common grid": f"{found.grid[0]} × {found.grid[1]}",
                    RANKS: found.spearman,
                    TOP: found.top_overlap,
                    "by chance": found.chance,
                }
            )
    return lines


def channel_difference(first: AttentionGate, second: AttentionGate, *, same_channels: bool = False) -> str:
    """Say how two channel gates differ in level and spread: the channels of two models are not the same features.

    With ``same_channels``, of one model on two pictures, which channel differs most is said, too.
    """
    spread = float(second.weights.std()) - float(first.weights.std())
    said = (
        f"mean {signed(second.mean - first.mean, 3)} · spread {signed(spread, 3)} "
        f"({short(float(first.weights.std()))} and {short(float(second.weights.std()))})"
    )
    if not same_channels:
        return said
    apart = second.weights - first.weights
    most = int(np.abs(apart).argmax())
    return (
        f"{said} · most in channel {most}: {short(float(first.weights[most]))} and "
        f"{short(float(second.weights[most]))} ({signed(float(apart[most]), 2)})"
    )


def lacking_words(owner: str, others: Sequence[str], what: str, count: int, *, some: bool) -> str:
    """Say in a line what one model alone has: ``cbam alone: 4 gates; baseline has none``.

    Args:
        owner, others: names. what: ``gate``, for example. count: how many. some: whether the others have any at all.
    """
    more = "" if count == 1 else "s"
    if some:
        return f"{owner} alone: {count} {what}{more}"
    return f"{owner} alone: {count} {what}{more}; {' and '.join(others)} {'has' if len(others) == 1 else 'have'} none"
