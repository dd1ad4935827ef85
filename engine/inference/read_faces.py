"""The faces of one frame through a model in one pass: the answers, and the map that is to be drawn on each.

B faces, K classes, (h, w) a map's native grid.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from engine.data.channels_last import channels_last
from engine.data.transforms import normalise, to_tensor
from engine.errors import UnknownNameError, UsageError
from engine.explain.explainer import to_prediction
from engine.explain.methods.cams import gradcam
from engine.live.frame import OVERLAYS, FaceMap, OverlayKind
from engine.models.locking import holding
from engine.models.taps import record_attention, taps_of
from engine.records import AttentionGate, Explanation, Prediction, UInt8

if TYPE_CHECKING:
    from engine.predictor import EmotionPredictor


@dataclass(frozen=True, eq=False)
class FaceAnswer:
    """One face's prediction and its map, where one was asked for."""

    prediction: Prediction
    face_map: FaceMap | None


def overlay_layers(predictor: EmotionPredictor, overlay: str) -> tuple[str, ...]:
    """Return the layers that ``overlay`` can be taken at, from the picture towards the answer; none for ``none``."""
    if overlay not in OVERLAYS:
        raise UnknownNameError("overlay", overlay, OVERLAYS)
    if overlay == "gate":
        return tuple(tap.layer for tap in taps_of(predictor.model) if tap.kind == "spatial")
    return predictor.gradcam_layers if overlay == "gradcam" else ()


def resolve_layer(predictor: EmotionPredictor, overlay: str, layer: str | None) -> str:
    """Return the layer's full name: the last one for None, ``block3.spatial`` for ``block3``; empty for ``none``.

    Raises:
        UnknownNameError: no such overlay or layer.
        UsageError: a gate is asked of a model that has no spatial one.
    """
    layers = overlay_layers(predictor, overlay)
    if overlay == "none":
        return ""
    if not layers:
        raise UsageError(
            f"Expected a model with a spatial attention gate for the overlay 'gate', but '{predictor.card.name}' has "
            "none; choose the overlay gradcam or none, or another model."
        )
    if layer is None:
        return layers[-1]
    for name in (layer, f"{layer}.spatial"):
        if name in layers:
            return name
    raise UnknownNameError("layer", layer, layers)


def read_faces(
    predictor: EmotionPredictor, crops: Sequence[UInt8], *, overlay: OverlayKind = "none", layer: str = ""
) -> tuple[FaceAnswer, ...]:
    """Classify the crops in one forward pass, with one backward pass more for Grad-CAM.

    Args:
        predictor: shared; its model's lock is held meanwhile.
        crops: B pictures, (H, W, 3) uint8 RGB each, any size.
        overlay: which map to take along.
        layer: where, as :func:`resolve_layer` gives it.
    """
    if not crops:
        return ()
    model, spec = predictor.model, predictor.card.input
    inputs = np.stack([predictor.model_input(crop) for crop in crops])
    x = channels_last(normalise(to_tensor(inputs).to(next(model.parameters()).device), spec))
    answered: list[Tensor] = []

    def best_logit(pictures: Tensor) -> Tensor:
        """(B,): the logit of each face's predicted class, which is what its Grad-CAM explains."""
        answered.append(model(pictures))
        return answered[-1].max(dim=1).values

    maps: list[FaceMap | None] = [None] * len(crops)
    began = time.perf_counter()
    with holding(model):
        if overlay == "gradcam":
            raw = gradcam(best_logit, model.activation_module(layer), x).cpu().numpy()  # type: ignore[operator]
        else:
            with torch.no_grad(), record_attention() as gates:
                best_logit(x)
    logits = answered[0].detach().float().cpu().numpy()
    seconds = (time.perf_counter() - began) / len(crops)
    predictions = [to_prediction(row, predictor.classes, seconds) for row in logits]
    if overlay == "gate":
        (weights,) = (gate.weights.float().cpu().numpy() for gate in gates if gate.layer == layer)
        maps = [AttentionGate(layer, "spatial", row.copy()) for row in weights]
    elif overlay == "gradcam":
        maps = [
            Explanation(
                "gradcam", layer, prediction.label, np.maximum(row, 0.0).astype(np.float32), signed=False,
                raw_minimum=float(row.min()), raw_maximum=float(row.max()), seconds=seconds,
            )
            for row, prediction in zip(raw, predictions, strict=True)
        ]  # fmt: skip
    return tuple(FaceAnswer(prediction, face_map) for prediction, face_map in zip(predictions, maps, strict=True))
