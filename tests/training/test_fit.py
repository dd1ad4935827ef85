from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from engine.data.dataset import FaceDataset
from engine.data.registry import load_dataset
from engine.errors import CheckpointError, DataError, UsageError
from engine.measure.split import predict_dataset
from engine.models.checkpoint import load_checkpoint
from engine.synthetic import plant_cue
from engine.training.loop import BEST, STATE, Trainer
from engine.training.recipe import change
from tests.made import make_dataset
from tests.training.made_fit import narrow_recipe, train_in


def test_training_on_files_makes_a_checkpoint_that_has_learnt(place: Path, patterns: Path) -> None:
    result = train_in(place, recipe=change(narrow_recipe("cbam"), "schedule", epochs=10))
    assert result.finished
    assert result.epochs_done == 10
    assert result.best_val_accuracy >= 0.5  # chance is 1/7
    loaded = load_checkpoint("mine")
    assert loaded.card == result.card
    private = load_dataset("fer2013", "private", data=patterns)
    right = predict_dataset(loaded.model, loaded.card.input, private).argmax(1) == private.labels
    assert float(right.mean()) >= 0.5


def test_the_card_says_how_it_came_about(place: Path, patterns: Path) -> None:
    result = train_in(place, seed=7)
    card = result.card
    assert card is not None
    train, val = (load_dataset("fer2013", split, data=patterns) for split in ("train", "val"))
    assert card.data == {
        "dataset": "fer2013",
        "train": {"split": "train", "n": len(train), "fingerprint": train.fingerprint},
        "val": {"split": "val", "n": len(val), "fingerprint": val.fingerprint},
        "person_independent": False,
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
    assert "not person-independent" in chosen["protocol"]
    rows = list(csv.DictReader((result.out / "history.csv").open()))
    assert max(float(row["val_accuracy"]) for row in rows) == result.best_val_accuracy
    assert float(rows[result.best_epoch - 1]["val_accuracy"]) == result.best_val_accuracy
    assert card.notes == ()


def test_the_checkpoint_holds_the_chosen_epoch_and_not_the_last(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    accuracies = iter((0.2, 0.6, 0.4, 0.1))
    monkeypatch.setattr("engine.training.loop.Trainer._val_accuracy", lambda _trainer: next(accuracies))
    result = train_in(place, recipe=change(narrow_recipe(), "regularisation", ema=0.0))
    assert (result.best_epoch, result.best_val_accuracy) == (2, 0.6)
    best, last = (load_file(place / "runs" / "mine" / name) for name in (BEST, STATE))
    written = load_file(result.out / "weights.safetensors")["block1.conv.weight"]
    assert torch.equal(written, best["block1.conv.weight"].half())
    assert not torch.equal(written, last["model.block1.conv.weight"].half())


def test_minutes_stop_it_and_resume_reaches_the_same_weights(place: Path) -> None:
    whole = train_in(place, "whole")
    stopped = train_in(place, "parts", minutes=0)
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

    assert not train_in(place, "parts", resume=True, on_trainer=stop_after_eight).finished
    finished = train_in(place, "parts", resume=True)
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
            train_in(place)
    assert not (place / "checkpoints" / "mine").exists()
    result = train_in(place, resume=True)
    assert result.card is not None
    assert result.card.weights_sha256 == load_checkpoint("mine").card.weights_sha256


def test_an_existing_checkpoint_or_unfinished_run_is_not_touched(place: Path) -> None:
    train_in(place, minutes=0)
    with pytest.raises(UsageError, match="unfinished run 'mine' exists; continue it with --resume, or choose another"):
        train_in(place)
    (place / "checkpoints" / "mine").mkdir(parents=True)
    with pytest.raises(CheckpointError, match="Checkpoint 'mine' exists already"):
        train_in(place, resume=True)


def test_resuming_with_another_recipe_or_seed_or_data(place: Path) -> None:
    train_in(place, minutes=0)
    with pytest.raises(CheckpointError, match="another recipe"):
        train_in(place, recipe=change(narrow_recipe(), "schedule", epochs=1), resume=True)
    with pytest.raises(CheckpointError, match="another seed"):
        train_in(place, seed=1, resume=True)
    with pytest.raises(CheckpointError, match="another data"):
        train_in(place, limit=35, resume=True)


def test_a_finished_run_goes_on_if_more_epochs_are_asked_for(place: Path) -> None:
    epochs = narrow_recipe().schedule.epochs
    first = train_in(place)
    assert first.card is not None
    with pytest.raises(CheckpointError, match="remove it first, or give more --epochs than it was trained for"):
        train_in(place, resume=True)
    # The warm-up of so short a run may have been cut to fit.
    more = change(narrow_recipe(), "schedule", epochs=epochs + 2, warmup_epochs=0.75)
    longer = train_in(place, recipe=more, resume=True)
    assert longer.finished
    assert longer.epochs_done == epochs + 2
    assert longer.card is not None
    assert longer.card.recipe["epochs_before"] == [epochs]
    history = (place / "checkpoints" / "mine" / "history.csv").read_text().splitlines()
    assert len(history) == 1 + epochs + 2
    with pytest.raises(CheckpointError, match="exists already"):
        train_in(place, recipe=change(narrow_recipe(), "schedule", epochs=epochs + 4))


def test_start_from_takes_what_fits_and_leaves_new_gates(place: Path) -> None:
    base = train_in(place, "base")
    assert base.card is not None
    model_at_start: dict[str, torch.Tensor] = {}

    def look(trainer: Any) -> None:
        model_at_start.update({key: value.clone() for key, value in trainer.model.state_dict().items()})

    recipe = change(narrow_recipe("cbam"), "model", start_from="base")
    card = train_in(place, "gated", recipe=recipe, on_trainer=look).card
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
    train_in(place, "base")
    monkeypatch.setattr("engine.training.fit.build_model", lambda *_, **__: torch.nn.Linear(3, 3))
    with pytest.raises(CheckpointError, match="Nothing in 'base' fits this architecture"):
        train_in(place, "other", recipe=change(narrow_recipe(), "model", start_from="base"))


def test_a_try_on_few_pictures_spans_the_classes_and_says_so(place: Path) -> None:
    seen: list[int] = []
    result = train_in(
        place,
        limit=35,
        recipe=change(narrow_recipe(), "schedule", epochs=1, warmup_epochs=0.0),
        on_trainer=lambda trainer: seen.extend(trainer.labels.tolist()),
    )
    assert len(seen) == 35
    assert set(seen) == set(range(7))
    assert result.card is not None
    assert result.card.notes == ("A try on at most 35 pictures of each split.",)


def test_missing_data_is_said_before_anything_is_made(place: Path) -> None:
    with pytest.raises(DataError, match="Expected fer2013 at 'nowhere'") as caught:
        train_in(place, data=place / "nowhere")
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
    recipe = change(change(narrow_recipe(), "data", dataset="synthetic", marked=True), "schedule", epochs=1)
    trainers: list[Trainer] = []
    result = train_in(place, recipe=recipe, on_trainer=trainers.append)
    for split, used in (("train", trainers[0].images), ("val", trainers[0].val_images)):
        wanted = [plant_cue(picture.image, picture.label) for picture in seen[split]]
        assert np.array_equal(used[:, 0].numpy(), np.stack(wanted))
        assert not np.array_equal(used[:, 0].numpy(), seen[split].images)
    assert result.card is not None
    assert result.card.recipe["data"]["marked"] is True
