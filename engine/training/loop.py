"""The training loop: resumable at any step, every random number a function of (seed, epoch, step).

The exponential moving average of a model's weights.

What a training run tells while it goes on.

Progressive resizing: a run's first epochs see small pictures, the last ones the whole size.

[1] M. Tan, Q. V. Le. EfficientNetV2: Smaller Models and Faster Training. ICML 2021, arXiv:2104.00298, section 4.

Departure from [1]: two sizes, and the augmentation's strength does not follow them (the recipe's ``ramp_epochs`` does).
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save
from torch import Tensor, nn

from engine.data.dataset import FaceDataset
from engine.data.transforms import augment, normalise, to_tensor
from engine.errors import UsageError
from engine.records import InputSpec
from engine.training.device import autocast, half_precision_helps
from engine.training.objective import (
    Objective,
    balanced_weights,
    logit_offsets,
    mix,
    parts_of,
    smooth_one_hot,
    smoothed,
)
from engine.training.optim import build_optimiser, learning_rate_factor, plateau_reductions, set_learning_rate
from engine.training.processes import ALONE, Parallel, Processes, check_batch, same_buffers
from engine.training.sections import Recipe, Schedule
from engine.training.state import Progress, load_state, save_state
from engine.training.teaching import Hints, Teachers
from engine.training.votes import class_shares
from engine.writing.whole import whole_file


def start_average(model: nn.Module) -> dict[str, Tensor]:
    """Return a copy of the model's state, to be moved by :func:`follow`."""
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


@torch.no_grad()
def follow(average: dict[str, Tensor], model: nn.Module, decay: float, step: int) -> None:
    """Move the average in place towards the model's state; counts and the like are copied.

    Args:
        average: of :func:`start_average`.
        model: after step ``step`` of the whole run, from 0.
        decay: in [0, 1), how much of the average stays. Early on it follows quickly, by (1 + step) / (10 + step), else
            it would remember the random start.
    """
    decay = min(decay, (1 + step) / (10 + step))
    for name, value in model.state_dict().items():
        if value.is_floating_point():
            average[name].lerp_(value, 1 - decay)
        else:
            average[name].copy_(value)


def as_shown(x: Tensor, schedule: Schedule, epoch: int) -> Tensor:
    """Return the pictures as the model sees them in this epoch.

    Args:
        x: (B, C, S, S), normalised.
        schedule: of the recipe.
        epoch: from 0.

    Returns:
        ``x``, or (B, C, small_side, small_side), bilinear and antialiased, in the run's first ``small_until``.
    """
    if epoch >= schedule.small_until * schedule.epochs:
        return x
    return F.interpolate(x, size=(schedule.small_side,) * 2, mode="bilinear", align_corners=False, antialias=True)


@dataclass(frozen=True)
class StepReport:
    """What a progress bar shows: epoch from 1, share of it done, mean loss so far, best val accuracy in [0, 1]."""

    epoch: int
    epochs: int
    done: float
    loss: float
    best_accuracy: float
    seconds_left: float


Listener = Callable[[StepReport], None]

STATE = "state.safetensors"
BEST = "best.safetensors"


def step_generator(seed: int, epoch: int, step: int) -> torch.Generator:
    """A CPU generator that depends on nothing but its arguments."""
    state = np.random.SeedSequence([seed, epoch, step]).generate_state(2, np.uint32)
    generator = torch.Generator()
    generator.manual_seed(int(state[0]) << 32 | int(state[1]))
    return generator


class Trainer:
    """One run of a recipe, on one process or as one of several that share each batch.

    Args:
        model: built, on ``device``.
        recipe: what to do.
        spec: the model's input.
        train, val: datasets with the model's classes; ``val`` alone chooses the best epoch.
        folder: where the state, the history and the best weights are kept.
        seed: of data order, augmentation and dropout.
        device: where to compute.
        processes: those that share the run; only the first writes.
        sampling: float32 (N,), how often each training picture is drawn, in proportion; None: each once an epoch.
    """

    def __init__(  # noqa: PLR0913 - all but the first two are named
        self,
        model: nn.Module,
        recipe: Recipe,
        *,
        spec: InputSpec,
        train: FaceDataset,
        val: FaceDataset,
        folder: Path,
        seed: int,
        device: torch.device,
        processes: Processes = ALONE,
        sampling: Tensor | None = None,
    ) -> None:
        batch = recipe.optimiser.batch_size
        check_batch(batch, recipe.optimiser.accumulate, processes)
        if len(train) < batch:
            raise UsageError(
                f"The training split has {len(train)} pictures, fewer than one batch of {batch}; "
                "give a smaller --batch-size."
            )
        self.recipe, self.spec, self.seed, self.device, self.folder = recipe, spec, seed, device, folder
        self.model = model.to(memory_format=torch.channels_last)
        self.images, self.labels = to_tensor(train.images).to(device), torch.from_numpy(train.labels).to(device)
        self.val_images, self.val_labels = to_tensor(val.images).to(device), torch.from_numpy(val.labels).to(device)
        self.classes = len(train.classes)
        self.targets = None if train.targets is None else torch.from_numpy(train.targets).to(device)
        self.steps = len(train) // batch
        self.half = half_precision_helps(device)
        weights = None
        if recipe.loss.class_weights == "balanced":
            weights = balanced_weights(np.bincount(train.labels, minlength=self.classes)).to(device)
        offsets = None
        if recipe.loss.logit_adjustment > 0:
            offsets = logit_offsets(class_shares(train), recipe.loss.logit_adjustment).to(device)
        self.objective = Objective(recipe, weights, offsets)
        self.teachers: Teachers | None = None
        if recipe.distillation.teachers:
            self.teachers = Teachers(
                recipe.distillation, classes=train.classes, spec=spec, device=device, half=self.half
            )
        self.hints: Hints | None = None
        if recipe.hints.teacher:
            self.hints = Hints(recipe.hints, self.model, spec=spec, device=device, half=self.half)
        self.processes, self.sampling = processes, sampling
        self.parallel = Parallel(self.model, self.objective, processes, device) if processes.total > 1 else None
        self.optimiser = build_optimiser(self.model, recipe.optimiser)
        self.ema = start_average(model) if recipe.regularisation.ema else None
        # What teaches is data too: a run must not go on with a teacher that was trained anew meanwhile.
        taught_by = [teacher["weights_sha256"] for teacher in self.teachers.described()] if self.teachers else []
        taught_by += [self.hints.loaded.card.weights_sha256] if self.hints else []
        data = [train.fingerprint, val.fingerprint, *taught_by]
        self.progress = Progress(recipe=recipe.as_dict(), seed=seed, data=data)
        self.stop_requested = False
        self._since = time.monotonic()

    def resume(self) -> None:
        """Continue from the saved state; a no-op where none was saved yet."""
        path = self.folder / STATE
        if not path.exists():
            return
        self.progress = load_state(path, self.progress, self.model, self.ema, self.optimiser)

    def save(self) -> None:
        """Write the state, with the time spent so far."""
        if not self.processes.leads:
            return
        now = time.monotonic()
        self.progress.seconds += now - self._since
        self._since = now
        save_state(self.folder / STATE, self.progress, self.model, self.ema, self.optimiser)

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or early stopping has ended the run."""
        progress, schedule = self.progress, self.recipe.schedule
        waited = progress.epoch - progress.best_epoch
        stopped = schedule.early_stop > 0 and progress.best_epoch > 0 and waited >= schedule.early_stop
        return progress.epoch >= schedule.epochs or stopped

    def run(self, *, seconds: float | None = None, listener: Listener | None = None) -> bool:
        """Train until done, until ``seconds`` are over or until ``stop_requested``; return whether the run is finished.

        The state is saved after each epoch and when stopping, so calling :meth:`resume` and :meth:`run` again gives the
        same result as never having stopped.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._since = started = time.monotonic()
        steps_done = 0
        while not self.finished:
            order = self._order(step_generator(self.seed, self.progress.epoch, 1 << 30))
            while self.progress.step < self.steps:
                stop = self.stop_requested or (seconds is not None and time.monotonic() - started > seconds)
                if self.processes.any(stop, self.device):
                    self.save()
                    return False
                self._step(order)
                steps_done += 1
                if listener is not None:
                    pace = (time.monotonic() - started) / steps_done
                    listener(self._report(pace))
            self._end_epoch()
            self.save()
        return True

    def _order(self, generator: torch.Generator) -> Tensor:
        """Return which pictures an epoch takes, int64 (N,): each once, or drawn with replacement by ``sampling``."""
        if self.sampling is None:
            return torch.randperm(len(self.images), generator=generator)
        return torch.multinomial(self.sampling, len(self.images), replacement=True, generator=generator)

    def _report(self, pace: float) -> StepReport:
        progress, epochs = self.progress, self.recipe.schedule.epochs
        left = (epochs - progress.epoch) * self.steps - progress.step
        return StepReport(
            epoch=progress.epoch + 1,
            epochs=epochs,
            done=progress.step / self.steps,
            loss=progress.loss_sum / max(progress.seen, 1),
            best_accuracy=max(progress.best_accuracy, 0.0),
            seconds_left=left * pace,
        )

    def _learning_rate(self) -> float:
        schedule = self.recipe.schedule
        accuracies = [row["val_accuracy"] for row in self.progress.history]
        reductions = plateau_reductions(accuracies, schedule.patience, schedule.factor)
        epoch = self.progress.epoch + self.progress.step / self.steps
        return self.recipe.optimiser.learning_rate * learning_rate_factor(schedule, epoch, plateau_factor=reductions)

    def _step(self, order: Tensor) -> None:
        recipe, progress = self.recipe, self.progress
        generator = step_generator(self.seed, progress.epoch, progress.step)
        dropout = int(torch.randint(2**31, (1,), generator=generator))
        torch.manual_seed(dropout + self.processes.rank)  # each process has pictures of its own to drop from
        batch = recipe.optimiser.batch_size
        chosen = order[progress.step * batch : (progress.step + 1) * batch].to(self.device)
        variation = recipe.augmentation.at(progress.epoch + progress.step / self.steps)
        own = self.processes.part(len(chosen))
        if self.targets is None:
            targets = smooth_one_hot(self.labels[chosen], self.classes, recipe.loss.label_smoothing)
        else:
            targets = smoothed(self.targets[chosen], recipe.loss.label_smoothing)
        regular = recipe.regularisation
        if regular.mixup > 0 and progress.epoch < recipe.schedule.epochs * (1 - regular.mixup_off):
            whole = normalise(augment(self.images[chosen], variation, generator), self.spec)
            mixed, targets = mix(whole, targets, regular.mixup, generator)
            x = mixed[own]
        else:
            x = normalise(augment(self.images[chosen[own]], variation, generator, part=own, of=len(chosen)), self.spec)
        self.model.train()
        self.optimiser.zero_grad(set_to_none=True)
        value = self._gradients(x, targets)
        if recipe.optimiser.clip > 0:
            nn.utils.clip_grad_norm_(self.model.parameters(), recipe.optimiser.clip)
        rate = self._learning_rate()
        set_learning_rate(self.optimiser, rate)
        self.optimiser.step()
        if self.ema is not None:
            follow(self.ema, self.model, regular.ema, progress.epoch * self.steps + progress.step)
        if not np.isfinite(value):
            raise UsageError("The loss became NaN or infinite; try a smaller --learning-rate.")
        progress.loss_sum += value * len(chosen)
        progress.seen += len(chosen)
        progress.step += 1

    def _gradients(self, x: Tensor, targets: Tensor) -> float:
        """Add the gradients of a batch's loss, part by part where the recipe accumulates, and return the loss.

        ``x`` is this process's part of the batch, ``targets`` are the whole batch's.
        """
        count, value = self.recipe.optimiser.accumulate, 0.0
        labels_here = targets[self.processes.part(len(targets))]
        parts = list(zip(parts_of(x, count), parts_of(labels_here, count), strict=True))
        divided = count * self.processes.total > 1
        for number, (part, labels) in enumerate(parts, start=1):
            taught = None if self.teachers is None else self.teachers.probabilities(part)
            shown = as_shown(part, self.recipe.schedule, self.progress.epoch)  # the teachers saw the whole size
            pictures = shown.contiguous(memory_format=torch.channels_last)
            with autocast(self.device, enabled=self.half):
                answer = (
                    self.objective.ask(self.model, pictures) if self.parallel is None else self.parallel.ask(pictures)
                )
            loss = self.objective(answer, labels, taught, whole=targets if divided else None)
            if self.hints is not None:
                loss = loss + self._hinted(part) * (len(part) / len(targets))
            if self.parallel is None:
                loss.backward()  # type: ignore[no-untyped-call]
            else:
                self.parallel.backward(loss, last=number == len(parts))
            value += float(loss.detach())
        return self.processes.summed(value, self.device)

    def _hinted(self, x: Tensor) -> Tensor:
        assert self.hints is not None  # noqa: S101 - asked for by whoever has it
        done = (self.progress.epoch + self.progress.step / self.steps) / self.recipe.schedule.epochs
        weight = self.hints.weight(done)
        return self.hints.loss(x) * weight if weight > 0 else x.new_zeros(())  # past the end: no pass of the teacher

    def _end_epoch(self) -> None:
        progress = self.progress
        if self.parallel is not None:
            same_buffers(self.model)
        candidates = {"weights": self._val_accuracy()}
        if self.ema is not None:
            own = {k: v.detach().clone() for k, v in self.model.state_dict().items()}
            try:
                self.model.load_state_dict(self.ema)
                candidates["ema"] = self._val_accuracy()
            finally:
                self.model.load_state_dict(own)
        kind = max(candidates, key=lambda key: candidates[key])
        row = {
            "epoch": progress.epoch + 1,
            "learning_rate": self._learning_rate(),
            "train_loss": progress.loss_sum / max(progress.seen, 1),
            "val_accuracy": candidates[kind],
            "val_accuracy_weights": candidates["weights"],
            "val_accuracy_ema": candidates.get("ema", float("nan")),
        }
        progress.history.append(row)
        if candidates[kind] > progress.best_accuracy:
            progress.best_accuracy, progress.best_epoch, progress.best_kind = candidates[kind], progress.epoch + 1, kind
            chosen = self.ema if kind == "ema" and self.ema is not None else self.model.state_dict()
            if self.processes.leads:
                with whole_file(self.folder / BEST) as part:
                    part.write_bytes(save({k: v.detach().cpu().contiguous().clone() for k, v in chosen.items()}))
        progress.epoch, progress.step, progress.loss_sum, progress.seen = progress.epoch + 1, 0, 0.0, 0
        if self.processes.leads:
            self._write_history()

    @torch.no_grad()
    def _val_accuracy(self) -> float:
        self.model.eval()
        right = 0
        own = self.processes.part(len(self.val_images))
        images, labels = self.val_images[own], self.val_labels[own]
        for start in range(0, len(images), 256):
            x = normalise(images[start : start + 256], self.spec)
            with autocast(self.device, enabled=self.half):
                logits = self.model(x.contiguous(memory_format=torch.channels_last))
            right += int((logits.argmax(1) == labels[start : start + 256]).sum())
        return int(self.processes.summed(right, self.device)) / len(self.val_images)

    def _write_history(self) -> None:
        with (
            whole_file(self.folder / "history.csv") as part,
            part.open("w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.DictWriter(file, fieldnames=list(self.progress.history[0]))
            writer.writeheader()
            writer.writerows(self.progress.history)

    def load_best(self) -> None:
        """Put the weights of the epoch that ``val`` chose into the model."""
        self.model.load_state_dict(load_file(self.folder / BEST))
