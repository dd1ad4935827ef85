"""A run that is stopped, or dies, and goes on: bit for bit what it would have been, or refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from engine.errors import CheckpointError
from engine.training.loop import STATE, StepReport, Trainer
from engine.training.recipe import change
from tests.made import make_dataset
from tests.training.made import PLAIN, outcome, recipe_of, trainer_in

ALL_OF_IT = """
[optimiser]
kind = "{kind}"
learning_rate = {rate}
batch_size = 28
clip = 1.0
[schedule]
kind = "{schedule}"
epochs = 5
warmup_epochs = 0.5
patience = 0
[loss]
class_weights = "balanced"
[augmentation]
erase = 0.3
ramp_epochs = 2
[regularisation]
mixup = 0.2
mixup_off = 0.4
ema = 0.9
"""

RUNS = {
    "sgd one-cycle": ALL_OF_IT.format(kind="sgd", rate=0.05, schedule="one-cycle"),
    "sgd plateau": ALL_OF_IT.format(kind="sgd", rate=0.05, schedule="plateau"),
    "adamw plateau": ALL_OF_IT.format(kind="adamw", rate=0.003, schedule="plateau"),
    "adamw linear": ALL_OF_IT.format(kind="adamw", rate=0.003, schedule="linear"),
    "adamw restarts, focal beside, in two parts": ALL_OF_IT.format(
        kind="adamw", rate=0.003, schedule='cosine-restarts"\nrestart_epochs = 1.5\nrestart_factor = 2 # "'
    )
    .replace("batch_size = 28", "batch_size = 28\naccumulate = 2")
    .replace("[loss]", "[loss]\nfocal_gamma = 2.0\nfocal_weight = 0.5"),
}


class StopAfter:
    """A listener that asks its trainer to stop after some steps."""

    def __init__(self, trainer: Trainer, steps: int) -> None:
        self.trainer, self.steps = trainer, steps

    def __call__(self, report: StepReport) -> None:
        self.steps -= 1
        self.trainer.stop_requested = self.steps == 0


@pytest.mark.parametrize("name", RUNS)
def test_stopping_and_resuming_changes_not_one_bit(tmp_path: Path, name: str) -> None:
    recipe = recipe_of(RUNS[name])
    whole = trainer_in(tmp_path / "whole", recipe)
    assert whole.run()

    first = trainer_in(tmp_path / "parts", recipe)
    assert not first.run(listener=StopAfter(first, 4))  # in the middle of the second epoch
    assert (first.progress.epoch, first.progress.step) == (1, 1)
    second = trainer_in(tmp_path / "parts", recipe, weights_seed=99)  # as a new process: other weights until resumed
    second.resume()
    assert not second.run(listener=StopAfter(second, 2))  # between two epochs
    third = trainer_in(tmp_path / "parts", recipe, weights_seed=98)
    third.resume()
    assert not third.run(seconds=-1.0)  # time is over at once
    torch.randn(17)  # the global generator's state is no part of the run
    last = trainer_in(tmp_path / "parts", recipe, weights_seed=97)
    last.resume()
    assert last.run()
    expected, found = outcome(whole), outcome(last)
    assert expected.keys() == found.keys()
    assert [key for key in expected if expected[key] != found[key]] == []


def test_a_run_that_dies_between_saves_repeats_its_epoch(tmp_path: Path) -> None:
    recipe = recipe_of(RUNS["sgd one-cycle"])
    whole = trainer_in(tmp_path / "whole", recipe)
    whole.run()
    dying = trainer_in(tmp_path / "parts", recipe)
    steps = 0

    def die(report: StepReport) -> None:
        nonlocal steps
        steps += 1
        if steps == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dying.run(listener=die)
    last = trainer_in(tmp_path / "parts", recipe, weights_seed=99)
    last.resume()
    assert (last.progress.epoch, last.progress.step) == (2, 0)
    assert last.run()
    assert outcome(whole) == outcome(last)


def test_resuming_without_a_saved_run_starts_one(tmp_path: Path) -> None:
    trainer = trainer_in(tmp_path)
    trainer.resume()
    assert trainer.progress.epoch == 0


@pytest.mark.parametrize(
    ("section", "values"),
    [
        ("schedule", {"epochs": 1}),
        ("optimiser", {"kind": "adamw"}),
        ("regularisation", {"ema": 0.9}),
        ("augmentation", {"flip": 0.5}),
    ],
)
def test_resuming_with_another_recipe_is_refused(tmp_path: Path, section: str, values: dict[str, object]) -> None:
    first = trainer_in(tmp_path / "mine")
    first.run(listener=StopAfter(first, 1))
    second = trainer_in(tmp_path / "mine", change(recipe_of(), section, **values))
    with pytest.raises(CheckpointError, match="saved run 'mine' was made with another recipe; repeat its options"):
        second.resume()


def test_resuming_with_another_seed_or_data_is_refused(tmp_path: Path) -> None:
    first = trainer_in(tmp_path)
    first.run(listener=StopAfter(first, 1))
    with pytest.raises(CheckpointError, match="another seed"):
        trainer_in(tmp_path, seed=1).resume()
    with pytest.raises(CheckpointError, match="another data"):
        trainer_in(tmp_path, train=make_dataset(13, seed=1)).resume()


def test_a_run_does_not_go_on_with_another_teacher(tmp_path: Path, checkpoints: Path) -> None:
    recipe = recipe_of(PLAIN + "[distillation]\nteachers = ['baseline']\n")
    trainer = trainer_in(tmp_path, recipe)
    trainer.folder.mkdir(exist_ok=True)
    trainer.save()
    again = trainer_in(tmp_path, recipe)
    again.resume()
    assert again.teachers is not None
    again.progress.data = [*(again.progress.data or [])[:2], "0" * 64]
    with pytest.raises(CheckpointError, match="another data"):
        again.resume()


def test_a_damaged_state_is_refused(tmp_path: Path) -> None:
    first = trainer_in(tmp_path / "mine")
    first.run(listener=StopAfter(first, 1))
    data = (tmp_path / "mine" / STATE).read_bytes()
    (tmp_path / "mine" / STATE).write_bytes(data[:-100])
    with pytest.raises(CheckpointError, match="saved run 'mine' cannot be read"):
        trainer_in(tmp_path / "mine").resume()
