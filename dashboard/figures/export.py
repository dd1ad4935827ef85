"""What the download buttons hand out: the raw arrays as NPZ, the numbers as JSON, named as ``engine explain`` does.

The page shows the explanation of every class, so a map's key here ends with its target.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from dashboard.report.text import grid
from engine.explain.cmaen_shares import CmaenShares
from engine.predict.bundle import describe, raw_arrays
from engine.records import Explanation, FaceExplanation


def named_arrays(explanation: FaceExplanation, maps: Sequence[Explanation]) -> dict[str, Any]:
    """Return the raw arrays, on their native grids.

    Keys: ``face`` (uint8, as the model saw it), ``probabilities`` and ``logits`` (K,), ``classes`` (K,) text,
    ``gate/<layer>`` each gate's weights, ``map/<method>/<layer>/<target>`` each explanation (a method that needs no
    layer: ``map/<method>/<target>``).
    """
    arrays: dict[str, Any] = {
        key: value for key, value in raw_arrays(explanation).items() if not key.startswith("map/")
    }
    arrays["classes"] = np.array(explanation.prediction.classes)
    for entry in maps:
        arrays["/".join(filter(None, ("map", entry.method, entry.layer, entry.target)))] = entry.heatmap
    return arrays


def npz_bytes(explanation: FaceExplanation, maps: Sequence[Explanation]) -> bytes:
    """Return :func:`named_arrays` as a compressed NPZ."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **named_arrays(explanation, maps))
    return buffer.getvalue()


def number_rows(explanation: FaceExplanation, maps: Sequence[Explanation]) -> list[dict[str, Any]]:
    """Return a row for each gate, then for each explanation: name, kind, grid, minimum, mean, maximum.

    Minimum and maximum of an explanation are those before any rectification.
    """
    gates = [
        {
            "name": gate.layer,
            "kind": gate.kind,
            "grid": grid(gate.shape),
            "min": gate.minimum,
            "mean": gate.mean,
            "max": gate.maximum,
        }
        for gate in explanation.gates
    ]
    drawn = [
        {
            "name": " → ".join(filter(None, (entry.layer, entry.target))),
            "kind": entry.method,
            "grid": grid(entry.heatmap.shape),
            "min": entry.raw_minimum,
            "mean": float(entry.heatmap.mean()),
            "max": entry.raw_maximum,
        }
        for entry in maps
    ]
    return gates + drawn


def json_text(
    explanation: FaceExplanation, maps: Sequence[Explanation], *, source: str, shares: CmaenShares | None = None
) -> str:
    """Return the numbers as JSON: the picture's name (without a path), the prediction, every gate and map.

    What a ``cmaen``'s answer is made of stands there as ``shares``.
    """
    document = {"source": source, **describe(replace(explanation, maps=tuple(maps)))}
    if shares is not None:
        document["shares"] = shares.as_dict()
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
