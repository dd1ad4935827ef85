"""The plan for an accelerator: what to train when one GPU can be had for ten minutes, in the order of its worth.

    python -m benchmarks.accelerator --data PATH --out OUT --minutes 9.5

1. five seeds of ``baseline``, ``spatial`` and ``cbam``, together: how much of their differences is chance;
2. ``cmaen`` at the size that two cores cannot train it at;
3. five seeds of ``lite0`` and of ``lite0-cbam``.

Each run is a process of its own, as many at a time as the machine has cores: these nets wait for their kernels to be
launched rather than for the GPU, and so wait side by side. When time ends every run is stopped after its step, and what
its best epoch (by val) has learnt is kept. It needs torch, numpy, Pillow and safetensors, the pictures, and a file of
EfficientNet-Lite0's ImageNet weights (the package's, or the one that FERLENS_LITE0_WEIGHTS names).

What it writes, as it goes: ``OUT/plan.json`` (each run's state, best val accuracy and epoch; the spread over seeds),
``OUT/<run>/`` (a checkpoint: fp16 weights, card, history) of the finished, ``OUT/unfinished/<run>/`` (weights and
history) of the others, ``OUT/answers/<run>.npz`` (float16 probabilities for val, public and private). The test pictures
choose nothing here. ``--tiny`` runs every step in a few minutes on a CPU. Where little may be brought back from the
machine, ``benchmarks/pack.py`` makes a few files of it, the best by val first.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import statistics
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

SEEDS: Final = 5
TOGETHER: Final[tuple[str, ...]] = ("baseline", "spatial", "cbam")
TO_WRITE_SECONDS: Final = 20.0
"""Kept free at the end for writing weights and answers."""


@dataclass(frozen=True)
class Job:
    """One run of the plan.

    Attributes:
        name: of its folder.
        recipe: a name of ``engine/training/recipes``.
        seed: of the run.
        changes: entries of the recipe by section, replaced.
    """

    name: str
    recipe: str
    seed: int
    changes: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Outcome:
    """What a run came to: ``state`` is finished, stopped or failed (``error`` says why); accuracy in [0, 1]."""

    name: str
    recipe: str
    seed: int
    state: str
    epochs: int = 0
    best_epoch: int = 0
    best_val_accuracy: float | None = None
    seconds: float = 0.0
    error: str = ""


def plan(*, tiny: bool = False) -> tuple[Job, ...]:
    """Return the runs in their order; ``tiny`` ones have the same steps over few pictures and one epoch."""
    seeds = range(2 if tiny else SEEDS)
    jobs = [(f"{recipe}-{seed}", recipe, seed) for seed in seeds for recipe in TOGETHER]
    jobs += [("cmaen-0", "cmaen", 0)]
    jobs += [(f"{recipe}-{seed}", recipe, seed) for seed in seeds for recipe in ("lite0", "lite0-cbam")]
    made = tuple(Job(name, recipe, seed, _changes(recipe)) for name, recipe, seed in jobs)
    return tuple(replace(job, changes=_tiny(job)) for job in made) if tiny else made


def _changes(recipe: str) -> dict[str, dict[str, Any]]:
    """What an accelerator does otherwise than two cores: the size and the epochs that the recipe's authors meant."""
    if recipe in TOGETHER:
        return {}
    side = 224 if recipe == "cmaen" else 128
    return {
        "model": {"input_size": side},
        "schedule": {"epochs": 20, "warmup_epochs": 1.0, "small_side": side * 3 // 4, "small_until": 0.7},
    }


def _tiny(job: Job) -> dict[str, dict[str, Any]]:
    small: dict[str, dict[str, Any]] = {
        "optimiser": {"batch_size": 8},
        "schedule": {"epochs": 1, "warmup_epochs": 0.5, "small_side": 0, "small_until": 0.0},
    }
    return small if job.recipe in TOGETHER else {**small, "model": {"input_size": 32}}


def run_job(job: Job, *, data: str, out: str, device: str, deadline: float, limit: int | None) -> Outcome:
    """Train one run until it is finished or ``deadline`` (of ``time.time()``), and keep what it has learnt.

    Runs in a process of its own, whose working folder becomes ``out``: unfinished runs are saved below it.
    """
    import torch

    from engine.errors import FerLensError
    from engine.training.fit import RUNS, Place, TrainingData, fit
    from engine.training.loop import Trainer
    from engine.training.recipe import change, load_recipe

    os.chdir(out)
    torch.set_num_threads(1)
    recipe = load_recipe(job.recipe)
    started = time.time()

    def stop_in_time(trainer: Trainer) -> None:
        def stop() -> None:
            trainer.stop_requested = True

        timer = threading.Timer(max(deadline - time.time(), 0.0), stop)
        timer.daemon = True
        timer.start()

    try:
        for section, values in job.changes.items():
            recipe = change(recipe, section, **values)
        result = fit(
            recipe,
            TrainingData(data, limit=limit),
            Place(Path(job.name), seed=job.seed, device=device, resume=True),
            on_trainer=stop_in_time,
        )
        folder = RUNS / job.name
        if result.finished:
            write_answers(Path(job.name), Path("answers") / f"{job.name}.npz", data=data, device=device, limit=limit)
            shutil.rmtree(folder)
        else:
            keep_unfinished(folder, Path("unfinished") / job.name)
    except (FerLensError, RuntimeError, OSError) as error:  # torch's own (no memory left, say) end one run, not all
        return Outcome(job.name, job.recipe, job.seed, "failed", seconds=time.time() - started, error=str(error)[:300])
    return Outcome(
        job.name,
        job.recipe,
        job.seed,
        "finished" if result.finished else "stopped",
        result.epochs_done,
        result.best_epoch,
        result.best_val_accuracy if result.best_epoch else None,
        round(time.time() - started, 1),
    )


def write_answers(checkpoint: Path, file: Path, *, data: str, device: str, limit: int | None) -> None:
    """Write the probabilities (N, K) float16 and labels (N,) of val, public and private to ``file`` (.npz)."""
    import numpy as np

    from engine.data.registry import load_dataset
    from engine.measure.split import predict_dataset
    from engine.models.checkpoint import load_checkpoint
    from engine.training.device import choose_device
    from engine.training.several import limited

    loaded = load_checkpoint(checkpoint.resolve(), device=choose_device(device))
    spec = loaded.card.input
    kept: dict[str, Any] = {}
    for split in ("val", "public", "private"):
        dataset = limited(load_dataset("fer2013", split, data=data, size=spec.size, channels=spec.channels), limit)
        kept[split] = predict_dataset(loaded.model, spec, dataset, batch_size=256).astype(np.float16)
        kept[f"{split}_labels"] = dataset.labels.astype(np.int8)
    file.parent.mkdir(exist_ok=True)
    np.savez_compressed(file, **kept)


def keep_unfinished(run: Path, place: Path) -> None:
    """Keep what an unfinished run has: the weights of its best epoch in fp16, and its history; nothing before one."""
    from safetensors.torch import load_file, save_file

    from engine.training.loop import BEST

    if not (run / BEST).exists():
        return
    place.mkdir(parents=True, exist_ok=True)
    weights = load_file(run / BEST)
    half = {
        key: value.half() if value.is_floating_point() and value.ndim > 1 else value for key, value in weights.items()
    }
    save_file(half, place / "weights.safetensors")
    shutil.copyfile(run / "history.csv", place / "history.csv")


def summary(jobs: Sequence[Job], outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the JSON-ready document: every run, and of each recipe the spread of val over its finished seeds."""
    done = {outcome.name: outcome for outcome in outcomes}
    runs = [asdict(done.get(job.name) or Outcome(job.name, job.recipe, job.seed, "not started")) for job in jobs]
    spread: dict[str, dict[str, Any]] = {}
    for recipe in dict.fromkeys(job.recipe for job in jobs):
        values = [
            outcome.best_val_accuracy
            for outcome in outcomes
            if outcome.recipe == recipe and outcome.state == "finished" and outcome.best_val_accuracy is not None
        ]
        if values:
            deviation = statistics.stdev(values) if len(values) > 1 else None
            spread[recipe] = {"seeds": len(values), "mean": statistics.mean(values), "standard_deviation": deviation}
    return {"benchmark": "accelerator", "val_accuracy": spread, "runs": runs}


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Carry the plan out and return its summary, which is written after every run as well."""
    started = time.time()
    out: Path = arguments.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    deadline = started + 60 * arguments.minutes - min(TO_WRITE_SECONDS, 6 * arguments.minutes)
    jobs = plan(tiny=arguments.tiny)
    outcomes: list[Outcome] = []
    # Not forked: CUDA does not survive that.
    context = multiprocessing.get_context("spawn")
    how = {
        "data": str(Path(arguments.data).resolve()),
        "out": str(out),
        "device": arguments.device,
        "deadline": deadline,
        "limit": 56 if arguments.tiny else None,
    }
    together = arguments.together or os.cpu_count() or 1
    with ProcessPoolExecutor(max_workers=together, mp_context=context, max_tasks_per_child=1) as pool:
        futures = [pool.submit(run_job, job, **how) for job in jobs]
        waiting = set(futures)
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                if future.cancelled():
                    continue
                outcomes.append(_outcome_of(future, jobs[futures.index(future)]))
                _write(out / "plan.json", summary(jobs, outcomes))
                print(f"{outcomes[-1].name}: {outcomes[-1].state}, {time.time() - started:.0f} s", file=sys.stderr)
            if time.time() > deadline:
                for future in waiting:
                    future.cancel()
    document = summary(jobs, outcomes)
    _write(out / "plan.json", document)
    return document


def _outcome_of(future: Future[Outcome], job: Job) -> Outcome:
    """Return what a process gave, or that it died (out of memory, say), which must not end the others' results."""
    try:
        return future.result()
    except BrokenProcessPool:
        return Outcome(job.name, job.recipe, job.seed, "failed", error="its process, or one beside it, died")


def _write(file: Path, document: dict[str, Any]) -> None:
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    partial.replace(file)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.accelerator", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--data", required=True, help="FER2013: a folder, an archive or a CSV")
    parser.add_argument("--out", type=Path, required=True, help="folder for everything that is made")
    parser.add_argument("--minutes", type=float, default=9.5, help="all in all (default: %(default)s)")
    parser.add_argument("--device", default="auto", help="auto, cuda, mps or cpu (default: %(default)s)")
    parser.add_argument("--together", type=int, default=0, help="runs at a time (default: one a core)")
    parser.add_argument("--tiny", action="store_true", help="every step over few pictures, to see that it works")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Carry it out and print the summary."""
    print(json.dumps(run(parse(arguments)), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
