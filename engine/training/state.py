"""A run's saved state: one safetensors file with the tensors, and the progress as JSON in its header.

Random numbers need no saving: every step draws from generators seeded by (seed, epoch, step).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor, nn

from engine.errors import CheckpointError
from engine.training.sections import Recipe
from engine.writing.whole import whole_file


@dataclass
class Progress:
    """Where a run stands; everything but tensors.

    ``recipe``, ``seed``, ``data``: what the run is made with. ``lengthened`` lists how many epochs it had before it was
    resumed with more; its learning rates then are not those of one run of that length. ``data`` holds the fingerprints
    of train and val; None in a run that was saved before they were kept. ``epoch`` and ``step`` say which step comes
    next. ``history`` has one row an epoch. ``best_epoch`` is 1-based, 0 before the first validation.
    """

    recipe: dict[str, Any]
    seed: int
    data: list[str] | None = None
    epoch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    seen: int = 0
    seconds: float = 0.0
    best_epoch: int = 0
    best_accuracy: float = -1.0
    best_kind: str = ""
    history: list[dict[str, float]] = field(default_factory=list)
    lengthened: list[int] = field(default_factory=list)


def _optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    state = optimiser.state_dict()["state"]
    return {
        f"optimiser.{index}.{key}": value if isinstance(value, Tensor) else torch.tensor(float(value))
        for index, entries in state.items()
        for key, value in entries.items()
        if value is not None
    }


def save_state(
    path: Path, progress: Progress, model: nn.Module, ema: dict[str, Tensor] | None, optimiser: torch.optim.Optimizer
) -> None:
    """Write the state beside ``path`` and rename it there: a kill at any moment leaves the old one or the new one."""
    tensors = {f"model.{key}": value for key, value in model.state_dict().items()}
    tensors |= {f"ema.{key}": value for key, value in (ema or {}).items()}
    tensors |= _optimiser_tensors(optimiser)
    contiguous = {key: value.detach().cpu().contiguous().clone() for key, value in tensors.items()}
    with whole_file(path) as part:
        part.write_bytes(save(contiguous, metadata={"progress": json.dumps(asdict(progress))}))


def _as_json(value: dict[str, Any]) -> Any:
    """Return ``value`` as it comes back from JSON, where tuples are lists."""
    return json.loads(json.dumps(value))


def _with_new_entries(saved: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    """Return a saved recipe with the entries that recipes did not have when it was saved, at their defaults.

    A new entry's default is what was done before there was a choice.
    """
    defaults = asdict(Recipe(name=""))

    def filled(section: str, value: Any) -> Any:
        new = defaults.get(section)
        return {**new, **value} if isinstance(new, dict) and isinstance(value, dict) else value

    missing = {section: defaults[section] for section in expected if section not in saved and section in defaults}
    return {**missing, **{section: filled(section, value) for section, value in saved.items()}}


def _refuse_another(name: str, saved: Progress, expected: Progress) -> None:
    before, now = _as_json(_with_new_entries(saved.recipe, expected.recipe)), _as_json(expected.recipe)
    epochs, wanted = (recipe.get("schedule", {}).get("epochs", 0) for recipe in (before, now))
    if wanted > epochs:  # more of the same may be asked for
        saved.lengthened.append(epochs)
        before["schedule"]["epochs"] = wanted
        # A run of few epochs had its warm-up shortened to fit.
        before["schedule"] |= {key: now["schedule"][key] for key in ("warmup_epochs",) if key in now["schedule"]}
    different = [
        what
        for what, same in (
            ("recipe", before == now),
            ("seed", saved.seed == expected.seed),
            ("data", saved.data is None or saved.data == expected.data),
        )
        if not same
    ]
    if different:
        raise CheckpointError(
            f"The saved run '{name}' was made with another {' and '.join(different)}; "
            "repeat its options, or choose another --out."
        )


def load_state(
    path: Path, expected: Progress, model: nn.Module, ema: dict[str, Tensor] | None, optimiser: torch.optim.Optimizer
) -> Progress:
    """Restore what :func:`save_state` wrote, in place, and return the progress.

    Raises:
        CheckpointError: the file is damaged, or belongs to another recipe, seed, data or model than ``expected``.
    """
    try:
        with safe_open(path, "pt") as file:
            progress = Progress(**json.loads(file.metadata()["progress"]))
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a mapping
    except Exception as error:  # safetensors raises its own kinds; all mean the same to the reader
        raise CheckpointError(
            f"The saved run '{path.parent.name}' cannot be read ({error}); remove its folder, or choose another --out."
        ) from error
    # First, so that tensors of another optimiser or without an EMA are never half restored.
    _refuse_another(path.parent.name, progress, expected)
    progress.recipe, progress.data = expected.recipe, expected.data
    weights = {key[6:]: value for key, value in tensors.items() if key.startswith("model.")}
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError(
            f"The saved run '{path.parent.name}' belongs to another model; choose another --out."
        ) from error
    if ema is not None:
        for key in ema:
            ema[key].copy_(tensors[f"ema.{key}"])
    state = optimiser.state_dict()
    restored: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        if key.startswith("optimiser."):
            _, index, name = key.split(".", 2)
            restored.setdefault(int(index), {})[name] = value
    parameters = [p for group in optimiser.param_groups for p in group["params"]]
    for index, entries in restored.items():
        # In memory as the weights lie (channels last): fused optimisers walk both in the order of storage.
        like = parameters[index]
        restored[index] = {
            name: torch.empty_like(like).copy_(value) if value.shape == like.shape else value
            for name, value in entries.items()
        }
    state["state"] = restored
    optimiser.load_state_dict(state)
    return progress
