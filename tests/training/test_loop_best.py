"""Which epoch is kept, and what val decides while a run goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from safetensors.torch import load_file

from engine.training.loop import BEST, Trainer
from engine.training.recipe import change
from tests.training.made import recipe_of, trainer_in


def play(trainer: Trainer, accuracies: list[float], monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Run with made-up val accuracies; return the first kernel after each validation."""
    kernels: list[bytes] = []
    left = iter(accuracies)

    def measured() -> float:
        kernels.append(trainer.model.state_dict()["body.0.weight"].contiguous().numpy().tobytes())
        return next(left)

    monkeypatch.setattr(trainer, "_val_accuracy", measured)
    assert trainer.run()
    return kernels


def kernel_of(path: Path) -> bytes:
    return load_file(path)["body.0.weight"].numpy().tobytes()


def test_the_best_epoch_is_the_one_val_prefers_and_not_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = trainer_in(tmp_path)
    kernels = play(trainer, [0.2, 0.6, 0.6, 0.4], monkeypatch)
    assert trainer.progress.epoch == 4
    assert (trainer.progress.best_epoch, trainer.progress.best_accuracy) == (2, 0.6)  # of two equal ones the earlier
    assert kernel_of(tmp_path / BEST) == kernels[1] != kernels[3]
    trainer.load_best()
    assert trainer.model.state_dict()["body.0.weight"].contiguous().numpy().tobytes() == kernels[1]


def test_val_chooses_between_the_weights_and_their_average(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = change(change(recipe_of(), "regularisation", ema=0.9), "schedule", epochs=2)
    trainer = trainer_in(tmp_path, recipe)
    kernels = play(trainer, [0.3, 0.2, 0.4, 0.5], monkeypatch)  # weights, average, weights, average
    assert (trainer.progress.best_epoch, trainer.progress.best_kind) == (2, "ema")
    assert kernel_of(tmp_path / BEST) == kernels[3] != kernels[2]
    # Measuring the average leaves the trained weights where they were.
    assert trainer.model.state_dict()["body.0.weight"].contiguous().numpy().tobytes() == kernels[2]
    assert [row["val_accuracy"] for row in trainer.progress.history] == [0.3, 0.5]


def test_early_stopping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = trainer_in(tmp_path, change(recipe_of(), "schedule", epochs=20, early_stop=3))
    play(trainer, [0.1, 0.5, 0.4, 0.5, 0.3, 0.9], monkeypatch)
    assert trainer.progress.epoch == 5  # three epochs without a better one after the second
    assert trainer.progress.best_epoch == 2
    again = trainer_in(tmp_path, change(recipe_of(), "schedule", epochs=20, early_stop=3))
    again.resume()
    assert again.finished


def test_plateau_lowers_the_rate_of_the_next_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = change(recipe_of(), "schedule", kind="plateau", epochs=5, patience=1, factor=0.1)
    trainer = trainer_in(tmp_path, recipe)
    rates: list[float] = []
    monkeypatch.setattr(trainer, "_val_accuracy", iter([0.5, 0.4, 0.4, 0.4, 0.4]).__next__)
    trainer.run(listener=lambda _report: rates.append(trainer.optimiser.param_groups[0]["lr"]))
    assert rates[5:9] == pytest.approx([0.05] * 4)
    assert rates[9:] == pytest.approx([0.005] * 6)
