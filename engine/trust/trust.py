"""May what is shown for a face be believed? One call: whether each gate is used, and whether each map is faithful.

How long trust will take for a face: a small step of it is run and timed, and the rest is counted.

A single forward pass says little: the checks run pictures in batches, which a machine works off several times as fast,
and filling the removed pixels takes a time of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from torch import nn

from engine.data.transforms import normalise, to_tensor
from engine.explain.target import Target
from engine.models.locking import holding
from engine.models.taps import taps_of
from engine.records import FaceExplanation, InputSpec, UInt8
from engine.trust import faithfulness, gate_use
from engine.trust.faithfulness import removal_masks, steps_of
from engine.trust.faithfulness_record import Faithfulness
from engine.trust.gate_record import USED, WEAKLY_USED, GateUse
from engine.trust.imputers import IMPUTERS
from engine.trust.lenders import NOBODY, Lenders

Progress = Callable[[str, int, int], None]
"""Called with (what is being measured, steps done, steps wanted)."""


@dataclass(frozen=True, eq=False)
class TrustReport:
    """How far the explanation of one face may be believed.

    Attributes:
        model: the checkpoint's name.
        gates: one a gate, in forward order; empty for a model without attention.
        maps: one a map of the explanation, in its order.
        lenders: whose gates were lent for ``another picture``, in words.
        seed: of every draw.
        seconds: the whole measurement.
    """

    model: str
    gates: tuple[GateUse, ...]
    maps: tuple[Faithfulness, ...]
    lenders: str
    seed: int
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "gates": [gate.as_dict() for gate in self.gates],
            "maps": [item.as_dict() for item in self.maps],
            "lenders": self.lenders,
            "thresholds": {"used": USED, "weakly_used": WEAKLY_USED},
            "seed": self.seed,
            "seconds": round(self.seconds, 3),
        }


@torch.inference_mode(False)
def trust(  # noqa: PLR0913 - what it needs of a checkpoint is given one by one, not as a checkpoint
    model: nn.Module,
    explained: FaceExplanation,
    *,
    spec: InputSpec,
    classes: tuple[str, ...],
    others: Lenders = NOBODY,
    imputers: Sequence[str] = tuple(IMPUTERS),
    gate_draws: int = gate_use.DRAWS,
    map_draws: int = faithfulness.DRAWS,
    seed: int = 0,
    progress: Progress | None = None,
) -> TrustReport:
    """Ask of every gate and map of an explanation whether it may be believed.

    Args:
        model: the one that was explained, shared by threads; nothing on it changes.
        explained: gates, maps and the face as the model saw it. The gates are asked about the first map's target.
        spec: the model's input.
        classes: K names.
        others: who lend their gates, see :func:`engine.trust.lenders.lenders_of`; of nobody, another picture's gates
            are left out.
        imputers: for the maps, keys of IMPUTERS.
        gate_draws: permutations and lenders of each gate.
        map_draws: random maps.
        seed: of every draw.
        progress: see Progress.
    """
    started = time.perf_counter()

    def told(what: str) -> Callable[[int, int], None]:
        return lambda done, total: None if progress is None else progress(what, done, total)

    gates: tuple[GateUse, ...] = ()
    if taps_of(model):
        gates = gate_use.gate_use(
            model,
            explained.face[None],
            spec=spec,
            classes=classes,
            target=Target.parse(explained.maps[0].target, classes),
            others=others.pictures if len(others.pictures) else explained.face[None][:0],
            draws=gate_draws,
            seed=seed,
            progress=told("gates"),
        )
    maps = tuple(
        faithfulness.faithfulness(
            model,
            explained.face,
            item,
            spec=spec,
            classes=classes,
            imputers=imputers,
            draws=map_draws,
            seed=seed,
            progress=told(f"{item.method} at {item.layer}"),
        )
        for item in explained.maps
    )
    return TrustReport(explained.model, gates, maps, others.words, seed, time.perf_counter() - started)


_GRID: Final = (6, 6)
"""Of the order in which the step takes cells away; what a mask costs hardly depends on it."""


def gate_pictures() -> int:
    """Return how many pictures a gate takes: permuted, lent, the lenders; the face itself, its mean, ones."""
    return 3 * gate_use.DRAWS + 3


def map_pictures() -> int:
    """Return how many pictures a map takes: both orders of it, of each random map and of the centre, an imputer."""
    return len(IMPUTERS) * (faithfulness.DRAWS + 2) * 2 * (faithfulness.STEPS - 1)


@dataclass(frozen=True)
class TrustCost:
    """What trust costs a model on this machine.

    Attributes:
        forward_seconds: a picture's forward pass, within a batch.
        filling_seconds: filling the removed pixels of a picture, the mean over the imputers.
    """

    forward_seconds: float
    filling_seconds: float

    def __post_init__(self) -> None:
        if self.forward_seconds <= 0.0 or self.filling_seconds < 0.0:
            raise ValueError(f"expected times above 0, got {self}")

    def seconds(self, gates: int, maps: int) -> float:
        """Return how long so many gates and maps will take."""
        filled = maps * map_pictures()
        return (gates * gate_pictures() + filled) * self.forward_seconds + filled * self.filling_seconds


@torch.inference_mode(False)
@torch.no_grad()
def measure_cost(model: nn.Module, face: UInt8, *, spec: InputSpec) -> TrustCost:
    """Take a face apart once by each imputer, and time it; nothing on the model changes.

    Args:
        model: shared by threads; waiting for its lock does not count.
        face: (S, S) or (S, S, 3) uint8, as the model takes it.
        spec: the model's input.
    """
    cells = _GRID[0] * _GRID[1]
    order = np.random.default_rng(0).permutation(cells)
    masks = removal_masks(order, steps_of(cells, faithfulness.STEPS)[1:-1], _GRID, (face.shape[0], face.shape[1]))
    device = next(model.parameters()).device
    filling, forward = 0.0, list[float]()
    for impute in IMPUTERS.values():
        began = time.perf_counter()
        pictures = impute(face, masks, 0)
        x = normalise(to_tensor(pictures / 255.0).to(device), spec).contiguous(memory_format=torch.channels_last)  # type: ignore[arg-type]
        filling += (time.perf_counter() - began) / len(masks)
        with holding(model):
            if not forward:
                model(x).cpu()  # the first batch of its size may cost more than all that follow
            began = time.perf_counter()
            model(x).cpu()  # which waits for an accelerator
            forward.append((time.perf_counter() - began) / len(masks))
    # The mean, not the best: what is promised is kept on a machine that does other things, too.
    return TrustCost(sum(forward) / len(forward), filling / len(IMPUTERS))
