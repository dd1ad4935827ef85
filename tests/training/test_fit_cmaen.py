from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from engine.errors import CheckpointError
from engine.models.checkpoint import load_checkpoint
from engine.predictor import EmotionPredictor
from engine.records import InputSpec
from engine.training.fit import Place, TrainingData, fit
from engine.training.objective import Answer, Objective
from engine.training.recipe import change, parse_recipe
from engine.training.teaching import Teachers
from tests.training.made_fit import narrow_recipe, train_in

CMAEN = """
[model]
architecture = "cmaen"
input_size = 64
input_channels = 1
config = { widths = [4, 8, 8, 16], efficientnet_width = 0.1, efficientnet_depth = 1, dropout = 0.1 }
[optimiser]
kind = "adamw"
learning_rate = 0.002
batch_size = 14
accumulate = 2
[schedule]
kind = "cosine-restarts"
epochs = 2
warmup_epochs = 0.5
restart_epochs = 1
[loss]
focal_gamma = 2
focal_weight = 0.3
[auxiliary]
emotion = 0.2
fusion = 0.2
[distillation]
teachers = ["teacher"]
"""


def test_cmaen_is_trained_taught_explained_and_rebuilt(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    taught_by = train_in(place, "teacher", change(narrow_recipe(), "schedule", epochs=1)).card
    recipe = parse_recipe(CMAEN, "small-cmaen")
    half = train_in(place, recipe=recipe, minutes=0)
    assert not half.finished
    card = train_in(place, recipe=recipe, resume=True).card
    assert card is not None
    assert taught_by is not None
    assert (card.architecture, card.input) == ("cmaen", InputSpec(64, 1, (0.449,), (0.226,)))
    said = card.recipe
    assert said["teachers"] == [{"name": "teacher", "weights_sha256": taught_by.weights_sha256}]
    assert said["imagenet_start"] is False
    assert sum(said["parameters_by_module"].values()) == card.parameters
    assert {"ecnn", "efficientnet", "cross", "fpn", "emotion_heads", "fusion"} <= set(said["parameters_by_module"])

    predictor = EmotionPredictor("mine")
    picture = np.tile(np.arange(96, dtype=np.uint8)[:, None] * 2, (1, 96))
    for layer in predictor.gradcam_layers:
        found = predictor.explain(picture, layer=layer, whole=True)
        assert np.isfinite(found.maps[0].heatmap).all()
    gates = {gate.layer: gate for gate in found.gates}
    assert len(gates) == 19
    assert gates["emotion.spatial"].shape == (7, 8, 8)
    assert gates["cross"].shape == (64, 4)
    assert gates["cross"].weights.sum(axis=1) == pytest.approx(np.ones(64), abs=1e-4)
    parts = predictor.model.parts(torch.zeros(2, 1, 64, 64))
    assert torch.equal(parts.logits, parts.weights[0] * parts.emotion + parts.weights[1] * parts.fusion)


def test_small_pictures_are_shown_to_the_model_and_whole_ones_to_its_teacher(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_in(place, "teacher", change(narrow_recipe(), "schedule", epochs=1))
    shown: dict[str, list[int]] = {"model": [], "teacher": []}
    ask, probabilities = Objective.ask, Teachers.probabilities

    def asked(self: Objective, model: nn.Module, x: Tensor) -> Answer:
        shown["model"].append(x.shape[-1])
        return ask(self, model, x)

    def taught(self: Teachers, x: Tensor) -> Tensor:
        shown["teacher"].append(x.shape[-1])
        return probabilities(self, x)

    monkeypatch.setattr(Objective, "ask", asked)
    monkeypatch.setattr(Teachers, "probabilities", taught)
    recipe = change(parse_recipe(CMAEN, "growing"), "schedule", small_side=32, small_until=0.5)
    card = train_in(place, "grown", recipe).card
    assert card is not None
    assert card.input.size == 64
    half = len(shown["model"]) // 2
    assert shown["model"] == [32] * half + [64] * half
    assert set(shown["teacher"]) == {64}


def test_a_missing_teacher_is_said_before_anything_is_loaded(place: Path) -> None:
    recipe = parse_recipe('[distillation]\nteachers = ["cmaen"]\n', "pupil")
    with pytest.raises(
        CheckpointError, match="learns from the weights of 'cmaen', which are not here; make them first"
    ):
        fit(recipe, TrainingData(place / "nowhere"), Place(place / "checkpoints" / "pupil", device="cpu"))


def test_a_pretrained_start_is_tried_once_and_is_no_part_of_the_finished_config(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def fetch() -> None:
        asked.append(1)

    monkeypatch.setattr("engine.models.cmaen.pathways._imagenet_weights", fetch)
    monkeypatch.setattr("engine.models.cmaen.pathways._STAGES", (("fused", 1, 1, 24, 24, 1),))
    monkeypatch.setattr("engine.models.cmaen.pathways.CHANNELS", 32)
    text = CMAEN.replace("efficientnet_width = 0.1, efficientnet_depth = 1", "pretrained = true")
    recipe = change(parse_recipe(text, "r"), "distillation", teachers=())
    train_in(place, recipe=recipe, minutes=0)
    card = train_in(place, recipe=recipe, resume=True).card
    assert asked == [1]
    assert card is not None
    assert "pretrained" not in card.config
    assert card.recipe["model"]["config"]["pretrained"] is True
    load_checkpoint("mine")
    assert asked == [1]
