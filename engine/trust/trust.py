"""May what is shown for a face be believed? One call: whether each gate is used, and whether each map is faithful."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from torch import nn

from engine.data.drawn import SPLIT_COUNTS, synthetic_face, synthetic_id
from engine.explain.target import Target
from engine.models.taps import taps_of
from engine.records import FaceExplanation, InputSpec, UInt8
from engine.synthetic.face import SIZES
from engine.trust import faithfulness as faithful
from engine.trust import gate_use as used
from engine.trust.faithfulness_record import Faithfulness
from engine.trust.gate_record import USED, WEAKLY_USED, GateUse
from engine.trust.imputers import IMPUTERS

LENDERS: Final = "drawn faces of the built-in data set"
"""Whose gates stand in where no other pictures are given."""

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


def built_in_lenders(count: int, spec: InputSpec) -> UInt8:
    """Draw ``count`` faces of the built-in data set, every emotion in turn: (count, S, S) or (count, S, S, 3) uint8."""
    if not 1 <= count <= SPLIT_COUNTS["test"]:
        raise ValueError(f"expected 1 to {SPLIT_COUNTS['test']} faces, got {count}")
    drawn = int(np.clip(spec.size, *SIZES))
    faces = [synthetic_face(synthetic_id("test", i), drawn, spec.channels).image for i in range(count)]
    if drawn != spec.size:
        faces = [cv2.resize(face, (spec.size, spec.size), interpolation=cv2.INTER_AREA) for face in faces]
    return np.stack(faces)


def trust(  # noqa: PLR0913 - what it needs of a checkpoint is given one by one, not as a checkpoint
    model: nn.Module,
    explained: FaceExplanation,
    *,
    spec: InputSpec,
    classes: tuple[str, ...],
    others: UInt8 | None = None,
    imputers: Sequence[str] = tuple(IMPUTERS),
    gate_draws: int = used.DRAWS,
    map_draws: int = faithful.DRAWS,
    seed: int = 0,
    progress: Progress | None = None,
) -> TrustReport:
    """Ask of every gate and map of an explanation whether it may be believed.

    Args:
        model: the one that was explained, shared by threads; nothing on it changes.
        explained: gates, maps and the face as the model saw it. The gates are asked about the first map's target.
        spec: the model's input.
        classes: K names.
        others: faces (M, S, S[, 3]) uint8 that lend their gates, best of the same kind as the explained one; None
            draws as many built-in ones as there are draws.
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
        gates = used.gate_use(
            model,
            explained.face[None],
            spec=spec,
            classes=classes,
            target=Target.parse(explained.maps[0].target),
            others=built_in_lenders(gate_draws, spec) if others is None else others,
            draws=gate_draws,
            seed=seed,
            progress=told("gates"),
        )
    maps = tuple(
        faithful.faithfulness(
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
    lenders = LENDERS if others is None else f"{len(others)} other pictures"
    return TrustReport(explained.model, gates, maps, lenders, seed, time.perf_counter() - started)
