"""The API's JSON documents, from the engine's records."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from engine.draw.overlay import overlay_explanation, overlay_gate, png_bytes
from engine.predict.bundle import describe
from engine.records import FaceExplanation, Float32, PicturePrediction, RunCard, UInt8

Document = dict[str, Any]


def prediction_document(
    found: PicturePrediction, *, model: str, largest_number: int, notes: tuple[str, ...]
) -> Document:
    """Return the faces of one picture, the largest first.

    ``box`` is left, top, width, height in pixels, or null where no face was found and the whole picture was read.
    """
    shown = found.faces[:largest_number]
    said = list(notes)
    if any(face.box is None for face in shown):
        said.append("No face was found, so the whole picture was classified; its answer means little.")
    if len(shown) < len(found.faces):
        said.append(f"Of {len(found.faces)} faces the {len(shown)} largest are answered.")
    return {
        "source": found.source,
        "model": model,
        "faces": [
            {
                "box": None if face.box is None else face.box.as_list(),
                "label": face.prediction.label,
                "confidence": round(face.prediction.confidence, 5),
                "probabilities": {name: round(value, 5) for name, value in face.prediction.ranked()},
            }
            for face in shown
        ],
        "notes": said,
    }


def explanation_document(
    explained: FaceExplanation, *, source: str, face: int, faces: int, pictures: bool, notes: tuple[str, ...]
) -> Document:
    """Return a face's explanation: :func:`engine.predict.bundle.describe`, with the values of each gate and map.

    Args:
        explained: the explanation.
        source: the picture's name.
        face: which face it is, of ``faces``.
        faces: how many there are; 0 where none was found.
        pictures: whether to add each spatial gate and map drawn over the face, as a PNG's data address.
        notes: sentences about the picture.
    """
    document = describe(explained)
    for entry, gate in zip(document["gates"], explained.gates, strict=True):
        entry["values"] = _values(gate.weights)
        if pictures and gate.kind == "spatial":
            entry["picture"] = _address(overlay_gate(explained.face, gate))
    for entry, item in zip(document["maps"], explained.maps, strict=True):
        entry["values"] = _values(item.heatmap)
        drawn = overlay_explanation(explained.face, item) if pictures else None
        if drawn is not None:
            entry["picture"] = _address(drawn)
    return {"source": source, "face": face, "faces": faces, **document, "notes": list(notes)}


def model_document(
    card: RunCard, *, spatial_gates: tuple[str, ...], layers: tuple[str, ...], default: bool
) -> Document:
    """Return what a client needs to know of a model, with what was measured."""
    return {
        "name": card.name,
        "default": default,
        "architecture": card.architecture,
        "classes": list(card.classes),
        "input": {"size": card.input.size, "channels": card.input.channels},
        "parameters": card.parameters,
        "layers": list(layers),
        "spatial_gates": list(spatial_gates),
        "metrics": card.metrics,
    }


def _values(array: Float32) -> Any:
    return np.round(array.astype(np.float64), 5).tolist()


def _address(picture: UInt8) -> str:
    return "data:image/png;base64," + base64.b64encode(png_bytes(picture)).decode("ascii")
