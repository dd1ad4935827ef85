"""What a run does with pictures, gradients and teachers, step by step."""

from __future__ import annotations

import csv
import functools
import operator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from engine.data.transforms import normalise, to_tensor
from engine.errors import UsageError
from engine.models.architecture import DEFAULT_INPUT
from engine.models.checkpoint import load_checkpoint
from engine.training.loop import STATE, StepReport, Trainer, step_generator
from engine.training.objective import distillation_loss
from engine.training.recipe import change
from tests.made import make_dataset
from tests.training.made import PLAIN, outcome, recipe_of, trainer_in


def test_training_learns(tmp_path: Path) -> None:
    trainer = trainer_in(tmp_path, change(recipe_of(), "schedule", epochs=8), train=make_dataset(28, seed=1))
    before = trainer._val_accuracy()
    assert trainer.run()
    rows = list(csv.DictReader((tmp_path / "history.csv").open()))
    assert [int(row["epoch"]) for row in rows] == list(range(1, 9))
    assert float(rows[-1]["train_loss"]) < 0.5 * float(rows[0]["train_loss"])
    assert before < 0.4  # chance is 1/7
    assert trainer.progress.best_accuracy > 0.8
    trainer.load_best()
    assert trainer._val_accuracy() == trainer.progress.best_accuracy


def test_the_seed_decides(tmp_path: Path) -> None:
    runs = [trainer_in(tmp_path / str(i), seed=seed) for i, seed in enumerate((0, 0, 1))]
    for run in runs:
        run.run()
    first, again, other = (outcome(run) for run in runs)
    assert first == again
    assert first["best"] != other["best"]


def test_an_epoch_shows_each_picture_once_in_another_order_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = trainer_in(tmp_path, change(recipe_of(), "schedule", epochs=2))
    shown: list[list[int]] = []
    own_step = trainer._step

    def step(order: torch.Tensor) -> None:
        start = trainer.progress.step * 28
        shown.append(order[start : start + 28].tolist())
        own_step(order)

    monkeypatch.setattr(trainer, "_step", step)
    trainer.run()
    first, second = functools.reduce(operator.iadd, shown[:3], []), functools.reduce(operator.iadd, shown[3:], [])
    assert sorted(first) == sorted(second) == list(range(84))
    assert first != second


def test_only_kernels_and_matrices_decay(tmp_path: Path) -> None:
    decayed, plain = trainer_in(tmp_path).optimiser.param_groups
    assert (decayed["weight_decay"], plain["weight_decay"]) == (5e-4, 0.0)
    assert [p.ndim for p in decayed["params"]] == [4, 4, 2]
    assert all(p.ndim == 1 for p in plain["params"])


def test_mixup_ends_before_the_run_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = change(recipe_of(), "regularisation", mixup=0.3, mixup_off=0.5)
    trainer = trainer_in(tmp_path, recipe)
    epochs: list[int] = []

    def seen(x: torch.Tensor, targets: torch.Tensor, *rest: object) -> tuple[torch.Tensor, torch.Tensor]:
        epochs.append(trainer.progress.epoch)
        return x, targets

    monkeypatch.setattr("engine.training.loop.mix", seen)
    trainer.run()
    assert epochs == [0, 0, 0, 1, 1, 1]


def test_clipping_bounds_the_gradient(tmp_path: Path) -> None:
    trainer = trainer_in(tmp_path, change(recipe_of(), "optimiser", clip=1e-3))
    norms: list[float] = []
    trainer.run(
        listener=lambda _report: norms.append(
            float(torch.stack([p.grad.norm() for p in trainer.model.parameters() if p.grad is not None]).norm())
        )
    )
    assert max(norms) <= 1.001e-3


def test_a_report_tells_where_the_run_stands(tmp_path: Path) -> None:
    reports: list[StepReport] = []
    trainer_in(tmp_path).run(listener=reports.append)
    assert [(r.epoch, r.epochs, round(r.done, 2)) for r in reports[:4]] == [
        (1, 4, 0.33),
        (1, 4, 0.67),
        (1, 4, 1.0),
        (2, 4, 0.33),
    ]
    assert reports[0].best_accuracy == 0.0 < reports[3].best_accuracy
    assert reports[-1].seconds_left == 0.0 < reports[0].seconds_left
    assert all(report.loss > 0 for report in reports)


def test_fewer_pictures_than_a_batch(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has 21 pictures, fewer than one batch of 28; give a smaller --batch-size"):
        trainer_in(tmp_path, train=make_dataset(3))


def test_a_loss_that_is_no_number_ends_the_run_and_is_not_saved(tmp_path: Path) -> None:
    text = PLAIN.replace("0.05", "1e18").replace("warmup_epochs = 0.5", "warmup_epochs = 0.0")
    trainer = trainer_in(tmp_path, recipe_of(text))
    with pytest.raises(UsageError, match="NaN or infinite; try a smaller --learning-rate"):
        trainer.run()
    if (tmp_path / STATE).exists():
        assert all(bool(value.isfinite().all()) for value in load_file(tmp_path / STATE).values())


def test_step_generators_are_functions_of_their_arguments() -> None:
    def drawn(*where: int) -> float:
        return float(torch.rand(1, generator=step_generator(*where), dtype=torch.float64))

    assert drawn(1, 2, 3) == drawn(1, 2, 3)
    assert len({drawn(seed, epoch, step) for seed in (0, 1) for epoch in (0, 1) for step in (0, 1)}) == 8


class NoNorm(nn.Module):
    """Nothing in it depends on the rest of the batch."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(64, 7)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.body(x)
        return out


@pytest.mark.parametrize("extra", ["", "class_weights = 'balanced'"])
def test_two_half_batches_are_one_batch(tmp_path: Path, extra: str) -> None:
    recipe = recipe_of(PLAIN.replace("label_smoothing = 0.0", f"label_smoothing = 0.1\n{extra}"))
    states = []
    for count in (1, 2):
        torch.manual_seed(5)
        changed = change(recipe, "optimiser", accumulate=count)
        trainer = trainer_in(tmp_path / str(count), changed, model=NoNorm())
        trainer.half = False  # bf16 rounds sums of halves otherwise
        trainer.run()
        states.append((trainer.model.state_dict(), trainer.progress.history[-1]["train_loss"]))
    assert states[0][1] == pytest.approx(states[1][1], rel=1e-4)
    for key, value in states[0][0].items():
        torch.testing.assert_close(states[1][0][key], value, rtol=1e-3, atol=1e-5)


def test_distillation_moves_the_student_towards_the_teacher(tmp_path: Path, checkpoints: Path) -> None:
    """The teacher is untrained, so nothing but its answers can bring the student near them."""
    teacher = load_checkpoint("baseline").model
    val = make_dataset(6, split="val", seed=2, side=48)
    x = normalise(to_tensor(val.images), DEFAULT_INPUT)

    def divergence(kind: str) -> float:
        torch.manual_seed(0)
        text = PLAIN + ("[distillation]\nteachers = ['baseline']\nweight = 1.0\ntemperature = 1.0\n" if kind else "")
        student = nn.Sequential(nn.AvgPool2d(4), nn.Flatten(), nn.Linear(144, 7))
        trainer = Trainer(
            student,
            recipe_of(text),
            spec=DEFAULT_INPUT,
            train=make_dataset(12, seed=1, side=48),
            val=val,
            folder=tmp_path / (kind or "none"),
            seed=0,
            device=torch.device("cpu"),
        )
        trainer.run()
        with torch.no_grad():
            taught = torch.softmax(teacher(x), dim=1)
            return float(distillation_loss(student.eval()(x), taught, temperature=1.0))

    assert divergence("taught") < 0.5 * divergence("")


def test_an_epoch_takes_each_picture_once_or_draws_by_weight(tmp_path: Path) -> None:
    trainer = trainer_in(tmp_path, recipe_of(PLAIN))
    count = len(trainer.images)
    assert sorted(trainer._order(step_generator(0, 0, 0)).tolist()) == list(range(count))
    trainer.sampling = torch.zeros(count)
    trainer.sampling[3], trainer.sampling[5] = 1.0, 3.0
    drawn = torch.cat([trainer._order(step_generator(0, epoch, 0)) for epoch in range(40)])
    assert set(drawn.tolist()) == {3, 5}
    assert float((drawn == 5).float().mean()) == pytest.approx(0.75, abs=0.05)
