"""An explanation as files: one overlay PNG a map, and ``explanation.npz`` with the raw arrays on their native grids."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from engine.draw.overlay import (
    display_ranges,
    draw_channel_gate,
    overlay,
    overlay_explanation,
    overlay_gate,
    placed_gates,
    png_bytes,
    received_map,
)
from engine.explain.methods.registry import METHODS
from engine.models.checkpoint import library_versions
from engine.predict.pairs import PairExplanation
from engine.records import FaceExplanation, UInt8
from engine.writing.whole import write_files


def describe(explained: FaceExplanation) -> dict[str, Any]:
    """Return the JSON-ready document of an explanation: prediction, gates and maps with their raw ranges."""
    prediction = explained.prediction
    return {
        "model": explained.model,
        "box": None if explained.box is None else explained.box.as_list(),
        "label": prediction.label,
        "confidence": round(prediction.confidence, 5),
        "probabilities": {name: round(value, 5) for name, value in prediction.ranked()},
        "gates": [
            {
                "layer": gate.layer,
                "kind": gate.kind,
                "shape": list(gate.shape),
                "min": round(gate.minimum, 6),
                "mean": round(gate.mean, 6),
                "max": round(gate.maximum, 6),
            }
            for gate in explained.gates
        ],
        "maps": [
            {
                "kind": item.method,
                "layer": item.layer,
                "target": item.target,
                "class_agnostic": METHODS[item.method].class_agnostic,
                "shape": list(item.heatmap.shape),
                "min": round(float(item.heatmap.min()), 6),
                "mean": round(float(item.heatmap.mean()), 6),
                "max": round(float(item.heatmap.max()), 6),
                "raw_min": round(item.raw_minimum, 6),
                "raw_max": round(item.raw_maximum, 6),
                "signed": item.signed,
                "positive_evidence": item.has_positive_evidence,
                "settings": dict(item.settings),
            }
            for item in explained.maps
        ],
        "seconds": round(explained.seconds, 4),
        "versions": library_versions(),
    }


def raw_arrays(explained: FaceExplanation) -> dict[str, np.ndarray[Any, Any]]:
    """Return every array: ``face``, ``logits``, ``probabilities``, ``gate/<layer>``, ``map/<method>/<layer>``.

    A method that needs no layer gives ``map/<method>``.
    """
    return {
        "face": explained.face,
        "logits": explained.prediction.logits,
        "probabilities": explained.prediction.probabilities,
        **{f"gate/{gate.layer}": gate.weights for gate in explained.gates},
        **{"/".join(filter(None, ("map", item.method, item.layer))): item.heatmap for item in explained.maps},
    }


def npz_bytes(explained: FaceExplanation, frames: Mapping[str, UInt8] | None = None) -> bytes:
    """Return :func:`raw_arrays`, and ``frames`` beside them, as the bytes of a compressed ``.npz``."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **raw_arrays(explained), **(frames or {}))  # type: ignore[arg-type]
    return buffer.getvalue()


def json_text(explained: FaceExplanation, measured: Mapping[str, Any] | None = None) -> str:
    """Return :func:`describe`, and what else was measured of the face (name → JSON-ready), as JSON text."""
    return json.dumps(describe(explained) | dict(measured or {}), indent=1, ensure_ascii=False) + "\n"


def _drawn_gates(explained: FaceExplanation, under: UInt8) -> dict[str, UInt8]:
    """Return file name → picture of every gate that can be drawn, see :func:`write_bundle`."""
    drawn: dict[str, UInt8] = {}
    for gate in placed_gates(explained.gates):
        drawn[f"gate-{gate.layer}.png"] = overlay_gate(under, gate)
    for gate in explained.gates_of("emotion"):
        for name, weights in zip(explained.prediction.classes, gate.weights, strict=True):
            drawn[f"gate-{gate.layer}.{name}.png"] = overlay(under, weights, smooth=False)
    for gate in explained.gates_of("cross"):
        received = received_map(gate)
        if received is not None:
            (limits,) = display_ranges([received], natural=None)
            drawn[f"gate-{gate.layer}.received.png"] = overlay(under, received, limits=limits, smooth=False)
    for gate in explained.gates_of("channel"):
        drawn[f"gate-{gate.layer}.png"] = draw_channel_gate(gate)
    return drawn


def write_bundle(
    explained: FaceExplanation | PairExplanation, out: Path, measured: Mapping[str, Any] | None = None
) -> tuple[str, ...]:
    """Write the overlays (fixed 0-1 scale for gates), ``explanation.npz`` and ``.json``; return the file names.

    Spatial gates and maps lie over the face; a gate by emotion is drawn once for each; a channel gate, having no place
    there, is drawn as ranked columns, and of attention between cells what each place receives, from 0 on. A map with
    nothing to show (see :func:`overlay_explanation`) is not drawn; its numbers are in the other two files.

    Of a pair of frames ``face`` is the difference that the model saw; ``onset`` and ``apex`` are written beside it, and
    everything lies over the apex. ``measured`` stands in the JSON file beside :func:`describe`.
    """
    frames: dict[str, UInt8] = {}
    if isinstance(explained, PairExplanation):
        frames = {"onset": explained.onset, "apex": explained.apex}
        explained = explained.explained
    under = frames.get("apex", explained.face)
    written = {f"{name}.png": png_bytes(picture) for name, picture in {"face": explained.face, **frames}.items()}
    written |= {name: png_bytes(drawn) for name, drawn in _drawn_gates(explained, under).items()}
    for item in explained.maps:
        drawn = overlay_explanation(under, item)
        if drawn is not None:
            written["-".join(filter(None, (item.method, item.layer))) + ".png"] = png_bytes(drawn)
    written["explanation.npz"] = npz_bytes(explained, frames)
    written["explanation.json"] = json_text(explained, measured).encode()
    write_files(out, written)
    return tuple(written)
