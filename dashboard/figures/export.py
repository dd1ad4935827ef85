"""What the download buttons hand out: the raw arrays as NPZ, the numbers as JSON."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.records import AttentionGate, Explanation, FaceExplanation


def _map_key(entry: Explanation) -> str:
    return f"{entry.method}.{entry.layer}.{entry.target}"


def npz_bytes(explanation: FaceExplanation, maps: Sequence[Explanation]) -> bytes:
    """Return the raw arrays, on their native grids, as a compressed NPZ.

    Keys: ``face`` (uint8, as the model saw it), ``probabilities`` and ``logits`` (K,), ``classes`` (K,) text,
    ``gate.<layer>`` each gate's weights, ``map.<method>.<layer>.<target>`` each explanation.
    """
    arrays: dict[str, Any] = {
        "face": explanation.face,
        "probabilities": explanation.prediction.probabilities,
        "logits": explanation.prediction.logits,
        "classes": np.array(explanation.prediction.classes),
    }
    arrays |= {f"gate.{gate.layer}": gate.weights for gate in explanation.gates}
    arrays |= {f"map.{_map_key(entry)}": entry.heatmap for entry in maps}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def _gate_document(gate: AttentionGate) -> dict[str, Any]:
    return {
        "layer": gate.layer,
        "kind": gate.kind,
        "shape": list(gate.shape),
        "min": gate.minimum,
        "mean": gate.mean,
        "max": gate.maximum,
    }


def _map_document(entry: Explanation) -> dict[str, Any]:
    return {
        "method": entry.method,
        "layer": entry.layer,
        "target": entry.target,
        "shape": list(entry.heatmap.shape),
        "signed": entry.signed,
        "positive_evidence": entry.has_positive_evidence,
        "raw_min": entry.raw_minimum,
        "raw_max": entry.raw_maximum,
    }


def json_text(explanation: FaceExplanation, maps: Sequence[Explanation], *, source: str) -> str:
    """Return the numbers as JSON: prediction, gates and maps with shape and range, where the face lay.

    Args:
        explanation: the face's answer and gates.
        maps: the explanations shown beside it.
        source: the picture's name, without a path.
    """
    prediction = explanation.prediction
    document = {
        "model": explanation.model,
        "source": source,
        "box": explanation.box.as_list() if explanation.box else None,
        "label": prediction.label,
        "confidence": prediction.confidence,
        "probabilities": {
            name: float(value) for name, value in zip(prediction.classes, prediction.probabilities, strict=True)
        },
        "gates": [_gate_document(gate) for gate in explanation.gates],
        "maps": [_map_document(entry) for entry in maps],
    }
    return json.dumps(document, indent=1) + "\n"
