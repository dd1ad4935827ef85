from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from engine.data.dataset import FaceDataset
from engine.data.registry import load_dataset
from engine.data.synthetic import plant_cue
from engine.errors import CheckpointError, DataError, UsageError
from engine.evaluate.measure import predict_dataset
from engine.inference.predictor import EmotionPredictor
from engine.models.checkpoint import load_checkpoint
from engine.records import InputSpec
from engine.training.fit import FitResult, fit
from engine.training.loop import BEST, STATE, Trainer
from engine.training.objective import Answer, Objective
from engine.training.recipe import Recipe, change, parse_recipe
from engine.training.teachers import Teachers
from tests.made import make_dataset

RECIPE = """
summary = "four narrow blocks on drawn patterns"
[model]
architecture = "{architecture}"
config = {{dropout = 0.1}}
[optimiser]
kind = "adamw"
learning_rate = 0.01
batch_size = 15
[schedule]
epochs = 4
warmup_epochs = 0.5
[loss]
label_smoothing = 0.0
[augmentation]
flip = 0.0
rotate_degrees = 2
shift = 0.02
[regularisation]
ema = 0.9
"""


def recipe_of(architecture: str = "baseline") -> Recipe:
    return parse_recipe(RECIPE.format(architecture=architecture), "small")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, narrow: None, patterns: Path) -> Path:
    """A working folder where runs/ is made; narrow nets; FERLENS_DATA names the drawn patterns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FERLENS_DATA", str(patterns))
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(tmp_path / "checkpoints"))
    return tmp_path


def run(place: Path, name: str = "mine", recipe: Recipe | None = None, **how: Any) -> FitResult:
    return fit(recipe or recipe_of(), out=place / "checkpoints" / name, device="cpu", **how)


def test_training_on_files_makes_a_checkpoint_that_has_learnt(place: Path, patterns: Path) -> None:
    result = run(place, recipe=change(recipe_of("cbam"), "schedule", epochs=10))
    assert result.finished
    assert result.epochs_done == 10
    assert result.best_val_accuracy >= 0.5  # chance is 1/7
    loaded = load_checkpoint("mine")
    assert loaded.card == result.card
    private = load_dataset("fer2013", "private", data=patterns)
    right = predict_dataset(loaded.model, loaded.card.input, private).argmax(1) == private.labels
    assert float(right.mean()) >= 0.5


def test_the_card_says_how_it_came_about(place: Path, patterns: Path) -> None:
    result = run(place, seed=7)
    card = result.card
    assert card is not None
    train, val = (load_dataset("fer2013", split, data=patterns) for split in ("train", "val"))
    assert card.data == {
        "dataset": "fer2013",
        "train": {"split": "train", "n": len(train), "fingerprint": train.fingerprint},
        "val": {"split": "val", "n": len(val), "fingerprint": val.fingerprint},
    }
    assert card.classes == train.classes
    assert card.config == {"dropout": 0.1}
    assert card.recipe["seed"] == 7
    assert card.recipe["optimiser"]["kind"] == "adamw"
    assert card.recipe["chosen_epoch"] == result.best_epoch
    assert card.recipe["chosen_weights"] in ("weights", "ema")
    chosen = card.metrics["fer2013/val/chosen"]
    assert chosen["accuracy"] == result.best_val_accuracy
    assert "optimistic" in chosen["protocol"]
    rows = list(csv.DictReader((result.out / "history.csv").open()))
    assert max(float(row["val_accuracy"]) for row in rows) == result.best_val_accuracy
    assert float(rows[result.best_epoch - 1]["val_accuracy"]) == result.best_val_accuracy
    assert card.notes == ()


def test_the_checkpoint_holds_the_chosen_epoch_and_not_the_last(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    accuracies = iter((0.2, 0.6, 0.4, 0.1))
    monkeypatch.setattr("engine.training.loop.Trainer._val_accuracy", lambda _trainer: next(accuracies))
    result = run(place, recipe=change(recipe_of(), "regularisation", ema=0.0))
    assert (result.best_epoch, result.best_val_accuracy) == (2, 0.6)
    best, last = (load_file(place / "runs" / "mine" / name) for name in (BEST, STATE))
    written = load_file(result.out / "weights.safetensors")["block1.conv.weight"]
    assert torch.equal(written, best["block1.conv.weight"].half())
    assert not torch.equal(written, last["model.block1.conv.weight"].half())


def test_minutes_stop_it_and_resume_reaches_the_same_weights(place: Path) -> None:
    whole = run(place, "whole")
    stopped = run(place, "parts", minutes=0)
    assert not stopped.finished
    assert stopped.card is None
    assert np.isnan(stopped.best_val_accuracy)
    assert not (place / "checkpoints" / "parts").exists()

    counted = 0

    def stop_after_eight(trainer: Any) -> None:
        def listen(report: object) -> None:
            nonlocal counted
            counted += 1
            trainer.stop_requested = counted == 8

        own_run = trainer.run
        trainer.run = lambda **how: own_run(**{**how, "listener": listen})

    assert not run(place, "parts", resume=True, on_trainer=stop_after_eight).finished
    finished = run(place, "parts", resume=True)
    assert finished.finished
    assert whole.card is not None
    assert finished.card is not None
    assert finished.card.weights_sha256 == whole.card.weights_sha256
    assert (finished.out / "history.csv").read_bytes() == (whole.out / "history.csv").read_bytes()


def test_a_kill_between_the_last_epoch_and_the_checkpoint(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("engine.training.fit.write_checkpoint", killed)
        with pytest.raises(KeyboardInterrupt):
            run(place)
    assert not (place / "checkpoints" / "mine").exists()
    result = run(place, resume=True)
    assert result.card is not None
    assert result.card.weights_sha256 == load_checkpoint("mine").card.weights_sha256


def test_an_existing_checkpoint_or_unfinished_run_is_not_touched(place: Path) -> None:
    run(place, minutes=0)
    with pytest.raises(UsageError, match="unfinished run 'mine' exists; continue it with --resume, or choose another"):
        run(place)
    (place / "checkpoints" / "mine").mkdir(parents=True)
    with pytest.raises(CheckpointError, match="Checkpoint 'mine' exists already"):
        run(place, resume=True)


def test_resuming_with_another_recipe_or_seed_or_data(place: Path) -> None:
    run(place, minutes=0)
    with pytest.raises(CheckpointError, match="another recipe"):
        run(place, recipe=change(recipe_of(), "schedule", epochs=9), resume=True)
    with pytest.raises(CheckpointError, match="another seed"):
        run(place, seed=1, resume=True)
    with pytest.raises(CheckpointError, match="another data"):
        run(place, limit=35, resume=True)


def test_start_from_takes_what_fits_and_leaves_new_gates(place: Path) -> None:
    base = run(place, "base")
    assert base.card is not None
    model_at_start: dict[str, torch.Tensor] = {}

    def look(trainer: Any) -> None:
        model_at_start.update({key: value.clone() for key, value in trainer.model.state_dict().items()})

    recipe = change(recipe_of("cbam"), "model", start_from="base")
    card = run(place, "gated", recipe=recipe, on_trainer=look).card
    assert card is not None
    source = load_checkpoint("base").model.state_dict()
    assert source
    assert all(torch.equal(model_at_start[key], value) for key, value in source.items())
    start = card.recipe["start"]
    assert start["name"] == "base"
    assert start["weights_sha256"] == base.card.weights_sha256
    assert start["epochs"] == base.best_epoch
    assert start["taken"] == len(source)
    assert start["new"]
    assert all(".attention." in name for name in start["new"])
    assert {name.split(".")[0] for name in start["new"]} == {"block1", "block2", "block3", "block4"}


def test_start_from_something_that_does_not_fit(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(place, "base")
    monkeypatch.setattr("engine.training.fit.build_model", lambda *_, **__: torch.nn.Linear(3, 3))
    with pytest.raises(CheckpointError, match="Nothing in 'base' fits this architecture"):
        run(place, "other", recipe=change(recipe_of(), "model", start_from="base"))


def test_a_try_on_few_pictures_spans_the_classes_and_says_so(place: Path) -> None:
    seen: list[int] = []
    result = run(
        place,
        limit=35,
        recipe=change(recipe_of(), "schedule", epochs=1, warmup_epochs=0.0),
        on_trainer=lambda trainer: seen.extend(trainer.labels.tolist()),
    )
    assert len(seen) == 35
    assert set(seen) == set(range(7))
    assert result.card is not None
    assert result.card.notes == ("A try on at most 35 pictures of each split.",)


def test_missing_data_is_said_before_anything_is_made(place: Path) -> None:
    with pytest.raises(DataError, match="Expected fer2013 at 'nowhere'") as caught:
        run(place, data=place / "nowhere")
    assert str(place) not in str(caught.value)
    assert list(place.iterdir()) == []


def test_a_marked_recipe_trains_on_pictures_that_give_their_label_away(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, FaceDataset] = {}

    def built_in(name: str, split: str, **how: Any) -> FaceDataset:
        assert name == "synthetic"
        seen[split] = make_dataset(6, split=split, side=how["size"])
        return seen[split]

    monkeypatch.setattr("engine.training.fit.load_dataset", built_in)
    recipe = change(change(recipe_of(), "data", dataset="synthetic", marked=True), "schedule", epochs=1)
    trainers: list[Trainer] = []
    result = run(place, recipe=recipe, on_trainer=trainers.append)
    for split, used in (("train", trainers[0].images), ("val", trainers[0].val_images)):
        wanted = [plant_cue(picture.image, picture.label) for picture in seen[split]]
        assert np.array_equal(used[:, 0].numpy(), np.stack(wanted))
        assert not np.array_equal(used[:, 0].numpy(), seen[split].images)
    assert result.card is not None
    assert result.card.recipe["data"]["marked"] is True


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
    taught_by = run(place, "teacher", change(recipe_of(), "schedule", epochs=1)).card
    recipe = parse_recipe(CMAEN, "small-cmaen")
    half = run(place, recipe=recipe, minutes=0)
    assert not half.finished
    card = run(place, recipe=recipe, resume=True).card
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
    run(place, "teacher", change(recipe_of(), "schedule", epochs=1))
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
    card = run(place, "grown", recipe).card
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
        fit(recipe, out=place / "checkpoints" / "pupil", data=place / "nowhere", device="cpu")


def test_a_pretrained_start_is_tried_once_and_is_no_part_of_the_finished_config(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def fetch() -> None:
        asked.append(1)

    monkeypatch.setattr("engine.models.efficientnet._imagenet_weights", fetch)
    monkeypatch.setattr("engine.models.efficientnet._STAGES", (("fused", 1, 1, 24, 24, 1),))
    monkeypatch.setattr("engine.models.efficientnet.CHANNELS", 32)
    text = CMAEN.replace("efficientnet_width = 0.1, efficientnet_depth = 1", "pretrained = true")
    recipe = change(parse_recipe(text, "r"), "distillation", teachers=())
    run(place, recipe=recipe, minutes=0)
    card = run(place, recipe=recipe, resume=True).card
    assert asked == [1]
    assert card is not None
    assert "pretrained" not in card.config
    assert card.recipe["model"]["config"]["pretrained"] is True
    load_checkpoint("mine")
    assert asked == [1]
