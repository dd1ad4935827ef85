from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.errors import UnknownNameError, UsageError
from engine.live.pipeline import overlay_layers, read_faces, resolve_layer
from engine.predictor import EmotionPredictor
from engine.records import AttentionGate, Explanation
from tests.live.made_live import Told, texture


@pytest.fixture
def predictor(checkpoints: Path) -> EmotionPredictor:
    return EmotionPredictor("cbam", detector=Told())


CROPS = [texture(1, 60), texture(2, 90), texture(3, 48)]


def test_all_faces_at_once_answer_as_each_alone(predictor: EmotionPredictor) -> None:
    together = read_faces(predictor, CROPS)
    assert all(answer.face_map is None for answer in together)
    for crop, answer in zip(CROPS, together, strict=True):
        (alone,) = predictor.predict_faces([crop])
        np.testing.assert_allclose(answer.prediction.logits, alone.logits, rtol=1e-4, atol=1e-4)
    assert len({answer.prediction.logits.tobytes() for answer in together}) == 3
    assert read_faces(predictor, []) == ()


@pytest.mark.parametrize(("overlay", "layer"), [("gate", "block3.spatial"), ("gradcam", "block2")])
def test_maps_are_those_of_an_explanation(predictor: EmotionPredictor, overlay: str, layer: str) -> None:
    answers = read_faces(predictor, CROPS, overlay=overlay, layer=layer)  # type: ignore[arg-type]
    for crop, answer in zip(CROPS, answers, strict=True):
        explained = predictor.explain_crop(crop, layer=layer.removesuffix(".spatial"))
        assert answer.prediction.label == explained.prediction.label
        if isinstance(answer.face_map, AttentionGate):
            (gate,) = (gate for gate in explained.gates if gate.layer == layer)
            np.testing.assert_allclose(answer.face_map.weights, gate.weights, rtol=1e-3, atol=1e-5)
        else:
            assert isinstance(answer.face_map, Explanation)
            assert answer.face_map.target == explained.maps[0].target
            np.testing.assert_allclose(answer.face_map.heatmap, explained.maps[0].heatmap, rtol=1e-2, atol=1e-4)
            assert answer.face_map.raw_minimum <= float(answer.face_map.heatmap.min())


def test_the_model_is_left_as_it_was(predictor: EmotionPredictor) -> None:
    predictor.model.train()
    read_faces(predictor, CROPS[:1], overlay="gradcam", layer="block4")
    assert predictor.model.training
    assert all(parameter.grad is None for parameter in predictor.model.parameters())
    assert not any(module._forward_hooks for module in predictor.model.modules())


def test_layers_by_their_short_or_full_name(predictor: EmotionPredictor) -> None:
    spatial = tuple(f"block{index}.spatial" for index in range(1, 5))
    assert overlay_layers(predictor, "gate") == spatial
    assert overlay_layers(predictor, "gradcam") == predictor.gradcam_layers
    assert overlay_layers(predictor, "none") == ()
    assert resolve_layer(predictor, "gate", "block3") == resolve_layer(predictor, "gate", "block3.spatial")
    assert resolve_layer(predictor, "gate", None) == "block4.spatial"
    assert resolve_layer(predictor, "none", "anything") == ""


def test_what_cannot_be_drawn_is_said(predictor: EmotionPredictor) -> None:
    with pytest.raises(UnknownNameError, match="Unknown overlay 'heat'; valid: none, gate, gradcam"):
        resolve_layer(predictor, "heat", None)
    with pytest.raises(UnknownNameError, match="Unknown layer 'block9'"):
        resolve_layer(predictor, "gradcam", "block9")
    with pytest.raises(UsageError, match="but 'baseline' has none; choose the overlay gradcam"):
        resolve_layer(EmotionPredictor("baseline", detector=Told()), "gate", None)
