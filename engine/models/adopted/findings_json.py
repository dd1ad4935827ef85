"""Findings as JSON in a stored graph, and back: gates and layers at nodes of the graph.

Which cells the keys of attention are is long and often the same for many gates, so it is written once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from engine.errors import FerLensError, NetworkError
from engine.models.adopted.findings import FUSED_OPERAND, Findings, FoundGate, FoundLayer, LeftOut, Step
from engine.models.adopted.layout import Arrangement, AttentionLayout, GateLayout
from engine.models.adopted.places import Role
from engine.records import GATE_DIMENSIONS, KeyCells

_ROLES = frozenset(get_args(Role))


def to_json(findings: Findings) -> dict[str, Any]:
    """Return the findings as JSON; :func:`from_json` gives equal ones back."""
    cells = list(dict.fromkeys(gate.keys for gate in findings.gates if gate.keys is not None))
    return {
        "gates": [_gate(gate, cells) for gate in findings.gates],
        "layers": [_layer(layer) for layer in findings.layers],
        "offered": list(findings.offered),
        "features": None if findings.features is None else findings.features.operation,
        "left_out": [[one.module, one.reason] for one in findings.left_out],
        "candidates": [gate.describe() for gate in findings.candidates],
        "cells": [{"grid": list(one.grid), "windows": [list(window) for window in one.windows]} for one in cells],
    }


def _arranged(arrangement: Arrangement) -> dict[str, Any]:
    order = None if arrangement.order is None else list(arrangement.order)
    return {"axes": list(arrangement.axes), "order": order}


def _gate(gate: FoundGate, cells: list[KeyCells]) -> dict[str, Any]:
    layout = gate.layout
    return {
        "name": gate.name,
        "kind": gate.kind,
        "shape": list(gate.shape),
        "made_by": gate.made_by,
        "module": gate.module,
        "node": gate.step.operation,
        "operand": gate.operand,
        "stretched": list(gate.stretched),
        "among_itself": gate.among_itself,
        "cells": None if gate.keys is None else cells.index(gate.keys),
        "layout": {"axis": layout.axis}
        if isinstance(layout, AttentionLayout)
        else {
            **_arranged(layout.arrangement),
            "grid": list(layout.grid),
            "branches": layout.branches,
            "groups": layout.groups,
        },
    }


def _layer(layer: FoundLayer) -> dict[str, Any]:
    return {
        "name": layer.name,
        "kind": layer.kind,
        "node": layer.step.operation,
        "shape": list(layer.shape),
        "order": layer.order,
        "moves": layer.moves,
        "also": list(layer.also),
        "layout": _arranged(layer.arrangement),
    }


def from_json(found: Mapping[str, Any], nodes: frozenset[str]) -> Findings:
    """Read findings.

    Args:
        found: what :func:`to_json` gave, from a file that anyone may have written.
        nodes: the names of the graph's operations.

    Raises:
        NetworkError: it is no such thing.
    """
    try:
        cells = tuple(
            KeyCells(_grid(one["grid"]), tuple(tuple(map(int, window)) for window in one["windows"]))
            for one in found["cells"]
        )
        features = found["features"]
        findings = Findings(
            gates=tuple(_read_gate(gate, cells, nodes) for gate in found["gates"]),
            candidates=(),
            left_out=tuple(LeftOut(str(module), str(reason)) for module, reason in found["left_out"]),
            layers=tuple(_read_layer(layer, nodes) for layer in found["layers"]),
            offered=tuple(map(str, found["offered"])),
            features=None if features is None else _step(features, nodes),
        )
        for name in findings.offered:
            findings.layer(name)
        names = [gate.name for gate in findings.gates]
        if len(set(names)) < len(names) or not findings.offered:
            raise ValueError("gates of one name, or no layer")  # noqa: TRY301 - said as the rest is
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, FerLensError) as error:
        raise NetworkError(
            f"What the graph says of its gates and layers cannot be read ({str(error)[:80]}); it is damaged or was not "
            "written by FERLens, so it is not opened."
        ) from error
    return findings


def _step(node: Any, nodes: frozenset[str]) -> Step:
    if node not in nodes:
        raise ValueError(f"there is no operation '{str(node)[:40]}'")
    return Step(str(node), 1)


def _grid(sides: Any) -> tuple[int, int]:
    height, width = sides
    if not (isinstance(height, int) and isinstance(width, int) and 1 <= height <= 4096 and 1 <= width <= 4096):
        raise ValueError("a grid of no possible size")
    return height, width


def _groups(layout: Mapping[str, Any]) -> int:
    """Return how many groups lie in the batch; graphs of before they were known have none."""
    groups = int(layout.get("groups", 1))
    if groups < 1:
        raise ValueError("a gate of no groups")
    return groups


def _arrangement(document: Mapping[str, Any]) -> Arrangement:
    axes = tuple(document["axes"])
    if not _ROLES.issuperset(axes) or axes.count("picture") != 1:
        raise ValueError("axes that no tensor has")
    order = document["order"]
    return Arrangement(axes, None if order is None else tuple(map(int, order)))


def _read_gate(document: Mapping[str, Any], cells: tuple[KeyCells, ...], nodes: frozenset[str]) -> FoundGate:
    kind, layout = document["kind"], document["layout"]
    if kind not in GATE_DIMENSIONS or document["operand"] not in (0, 1, FUSED_OPERAND):
        raise ValueError(f"a gate of kind '{str(kind)[:20]}'")
    read: GateLayout | AttentionLayout = (
        AttentionLayout(int(layout["axis"]))
        if "axis" in layout
        else GateLayout(kind, _arrangement(layout), _grid(layout["grid"]), int(layout["branches"]), _groups(layout))
    )
    if (kind == "cross") != isinstance(read, AttentionLayout):
        raise ValueError("a gate whose layout is another kind's")
    return FoundGate(
        name=str(document["name"]),
        kind=kind,
        shape=tuple(map(int, document["shape"])),
        made_by=str(document["made_by"]),
        module=str(document["module"]),
        step=_step(document["node"], nodes),
        operand=document["operand"],
        layout=read,
        stretched=tuple(map(int, document["stretched"])),
        keys=None if document["cells"] is None else cells[int(document["cells"])],
        among_itself=bool(document["among_itself"]),
    )


def _read_layer(document: Mapping[str, Any], nodes: frozenset[str]) -> FoundLayer:
    channels, height, width = map(int, document["shape"])
    return FoundLayer(
        name=str(document["name"]),
        kind=str(document["kind"]),
        step=_step(document["node"], nodes),
        shape=(channels, *_grid((height, width))),
        arrangement=_arrangement(document["layout"]),
        order=int(document["order"]),
        moves=bool(document["moves"]),
        also=tuple(map(str, document["also"])),
    )
