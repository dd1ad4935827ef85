"""``gate_use.json`` of an analysis: written complete or not at all, read back checked, or a sentence why not.

``python -m engine benchmark gates`` writes it. It is bound to the weights by their sha256: what other weights did with
their gates says nothing about these.

The record of how much each gate of a model is used, over a sample of a split and for each class.

A figure is a mean over pictures with its 95 % bootstrap interval; :mod:`engine.trust.gate_record` says what the
figures of one picture are, and where the bounds between used, weakly used and not used lie. The verdict on a gate
follows the largest mean distance among the replacements that keep the gate's level, as there.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from engine.analysis.files.answer_shares import SHARES, AnswerShares, PictureShares
from engine.analysis.files.places import analysis_folder
from engine.analysis.files.sums import fits_sum, tell_sum
from engine.documents import DocumentError, read_stored
from engine.errors import DataError, UnknownNameError, UsageError
from engine.records import GATE_DIMENSIONS, GateKind, RunCard
from engine.statistics.intervals import LEVEL, RESAMPLES, Estimate
from engine.trust.gate_record import REPLACEMENTS, USED, WEAKLY_USED, ReplacementName, Verdict, verdict_of
from engine.writing.whole import whole_file

ALL: Final = "all"
"""The group of all sampled pictures; the other groups are the true classes."""

FORMAT: Final = 1
"""Raised when the file's contents change in a way that old readers do not understand."""

FIGURES: Final[dict[str, tuple[float, float]]] = {
    "distance": (0.0, 1.0),
    "flips": (0.0, 1.0),
    "logit_change": (-math.inf, math.inf),
    "accuracy_change": (-1.0, 1.0),
}
"""Figure → its range: total variation distance of the probabilities, share of draws with another class on top, change
of the explained logit, change of the share of right answers."""


@dataclass(frozen=True)
class GateEffect:
    """What one replacement of one gate did to one group of pictures.

    Attributes:
        layer, kind: the gate's.
        replacement: a key of REPLACEMENTS. draws: how often it was drawn for each picture.
        group: ``all`` or a true class.
        figures: each of :data:`FIGURES`; replaced minus unchanged, where it is a change.
    """

    layer: str
    kind: GateKind
    replacement: ReplacementName
    draws: int
    group: str
    figures: Mapping[str, Estimate]

    def __post_init__(self) -> None:
        if self.replacement not in REPLACEMENTS or self.kind not in GATE_DIMENSIONS or self.draws < 1:
            raise ValueError(
                f"expected a replacement of a gate, drawn once or more, got {self.replacement} of a gate of kind "
                f"{self.kind}, {self.draws}"
            )
        if set(self.figures) != set(FIGURES):
            raise ValueError(f"expected the figures {', '.join(FIGURES)}, got {', '.join(self.figures)}")
        for name, (least, most) in FIGURES.items():
            found = self.figures[name]
            known = [value for value in (found.low, found.mean, found.high) if value is not None]
            in_order = all(first <= second for first, second in pairwise(known))
            whole = len(known) == (0 if found.n == 0 else 1 if found.n == 1 else 3)
            inside = all(math.isfinite(value) and least <= value <= most for value in known)
            if found.n < 0 or not (in_order and whole and inside):
                raise ValueError(f"expected {name} in [{least}, {most}] inside its interval, got {found}")

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "layer": self.layer,
            "kind": self.kind,
            "replacement": self.replacement,
            "draws": self.draws,
            "group": self.group,
            **{name: self.figures[name].as_dict() for name in FIGURES},
        }


@dataclass(frozen=True, eq=False)
class SplitGateUse:
    """Whether each gate of a model is used, over a sample of a split and for each class.

    Attributes:
        model: its name. weights_sha256: of the weights that were measured.
        dataset, split: where the pictures are from. total: how many the split has.
        pictures: class → how many of it were drawn, in the order of the model's classes.
        target: whose logit ``logit_change`` follows, as asked: ``predicted``, ``true``, a class or a contrast.
        seed: of the sample, the permutations, the lenders and the intervals.
        accuracy: group → share of right answers with the gates as they are.
        effects: every gate, replacement and group, in that order.
        shares: what a ``cmaen`` is made of, else None.
        seconds: the whole measurement.
    """

    model: str
    weights_sha256: str
    dataset: str
    split: str
    total: int
    pictures: Mapping[str, int]
    target: str
    seed: int
    accuracy: Mapping[str, Estimate]
    effects: tuple[GateEffect, ...]
    shares: AnswerShares | None
    seconds: float

    def __post_init__(self) -> None:
        groups = (ALL, *self.pictures)
        if not 0 < self.n <= self.total or tuple(self.accuracy) != groups:
            raise ValueError(f"expected 1 to {self.total} pictures and an accuracy of {', '.join(groups)}")
        by_gate: dict[str, list[GateEffect]] = {}
        for effect in self.effects:
            by_gate.setdefault(effect.layer, []).append(effect)
            expected = self.n if effect.group == ALL else self.pictures.get(effect.group)
            if any(found.n != expected for found in effect.figures.values()):
                raise ValueError(f"expected figures of {expected} pictures of {effect.group}, got other ones")
        if not by_gate:
            raise ValueError("expected one gate or more, got none")
        for layer, mine in by_gate.items():
            names = [name for name in REPLACEMENTS if any(effect.replacement == name for effect in mine)]
            wanted = [(name, group) for name in names for group in groups]
            if [(effect.replacement, effect.group) for effect in mine] != wanted or names == ["ones"]:
                raise ValueError(f"expected each group once for each replacement of {layer}, got {len(mine)} rows")

    @property
    def n(self) -> int:
        """How many pictures were drawn."""
        return sum(self.pictures.values())

    @property
    def groups(self) -> tuple[str, ...]:
        """``all``, then the classes."""
        return (ALL, *self.pictures)

    @cached_property
    def gates(self) -> dict[str, GateKind]:
        """Layer → kind, in the model's order."""
        return {effect.layer: effect.kind for effect in self.effects}

    @property
    def draws(self) -> int:
        """The most draws of a replacement."""
        return max(effect.draws for effect in self.effects)

    def of(self, layer: str, group: str = ALL) -> tuple[GateEffect, ...]:
        """Return each replacement of a gate for a group of pictures.

        Raises:
            UnknownNameError: there is no such gate or group.
        """
        if layer not in self.gates:
            raise UnknownNameError("gate", layer, self.gates)
        if group not in self.groups:
            raise UnknownNameError("group of pictures", group, self.groups)
        return tuple(effect for effect in self.effects if (effect.layer, effect.group) == (layer, group))

    def deciding(self, layer: str, group: str = ALL) -> GateEffect:
        """Return the replacement that decides: the largest mean distance of those that keep the gate's level."""
        kept = [effect for effect in self.of(layer, group) if effect.replacement != "ones"]
        return max(kept, key=lambda effect: effect.figures["distance"].mean or 0.0)

    def verdict(self, layer: str, group: str = ALL) -> Verdict | None:
        """Return ``used``, ``weakly used`` or ``not used``; None where the group has no picture."""
        mean = self.deciding(layer, group).figures["distance"].mean
        return None if mean is None else verdict_of(mean)

    def as_dict(self) -> dict[str, Any]:
        """Return the document that is written and printed."""
        return {
            "format": FORMAT,
            "model": self.model,
            "weights_sha256": self.weights_sha256,
            "dataset": self.dataset,
            "split": self.split,
            "total": self.total,
            "pictures": dict(self.pictures),
            "target": self.target,
            "seed": self.seed,
            "thresholds": {"used": USED, "weakly_used": WEAKLY_USED},
            "intervals": f"percentile bootstrap over pictures, {RESAMPLES} resamples, level {LEVEL}",
            "verdicts": {layer: {group: self.verdict(layer, group) for group in self.groups} for layer in self.gates},
            "accuracy": {group: found.as_dict() for group, found in self.accuracy.items()},
            "effects": [effect.as_dict() for effect in self.effects],
            "cmaen": None if self.shares is None else self.shares.as_dict(),
            "seconds": round(self.seconds, 3),
        }


GATE_USE: Final = "gate_use.json"


def gate_use_file(checkpoint: Path, dataset: str, split: str) -> Path:
    """Return where the gates' use on a split lies, in the folder of its analysis."""
    return analysis_folder(checkpoint, dataset, split) / GATE_USE


def gate_use_command(model: str, dataset: str, split: str, *, force: bool = False) -> str:
    """Return the command that measures a model's gates and writes (with ``force``, replaces) the file."""
    command = f"python -m engine benchmark gates --model {model} --dataset {dataset} --split {split}"
    return command + " --force" if force else command


def check_place(out: Path, *, overwrite: bool) -> None:
    """Refuse, before the work, a file that is there and may not be replaced, or whose folder is not there.

    Raises:
        UsageError: with what to do.
    """
    if out.exists() and not overwrite:
        raise UsageError(f"'{out.parent.name}/{out.name}' exists already; replace it with --force.")
    if not out.parent.is_dir():
        raise UsageError(
            f"There is no folder '{out.parent.name}' for '{out.name}'; analyse the split first (python -m engine "
            "analyze), or say another place with --out."
        )


def write_gate_use(out: Path, use: SplitGateUse, *, overwrite: bool = False) -> None:
    """Write beside the place and rename, so that the file is complete or absent.

    Raises:
        UsageError: as :func:`check_place`.
    """
    check_place(out, overwrite=overwrite)
    tell_sum(out, known=False)  # whatever ends this, the report tells of no other file than is there
    with whole_file(out) as partial:
        text = json.dumps(use.as_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        partial.write_text(text, encoding="utf-8")
        check_place(out, overwrite=overwrite)  # again: another run may have been quicker
    tell_sum(out)


def read_gate_use(path: Path, card: RunCard, *, dataset: str, split: str) -> SplitGateUse | None:
    """Read and check how a model's gates are used on a split; None where there is no such file.

    Raises:
        DataError: the file is damaged, or of another model, split or other weights.
    """

    def read(document: Any) -> SplitGateUse:
        if not fits_sum(path):
            raise DocumentError("it is damaged: its sha256 is not the one that the report tells")
        return _use(document)

    def fault(use: SplitGateUse) -> str:
        if (use.model, use.dataset, use.split) != (card.name, dataset, split):
            return f"it is of '{use.model}' on {use.dataset} {use.split}"
        if use.weights_sha256 != card.weights_sha256:
            return "it was measured with other weights"
        return "" if tuple(use.pictures) == card.classes else "its classes are not the model's"

    return read_stored(path, read, fault, lambda what: _broken(path, card, dataset, split, what))


def _broken(path: Path, card: RunCard, dataset: str, split: str, what: str) -> DataError:
    return DataError(
        f"Expected how the gates of '{card.name}' are used in '{path.parent.name}/{path.name}', but {what}; measure "
        f"again with: {gate_use_command(card.name, dataset, split, force=True)}"
    )


def _number(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"expected a number, got {value!r}")
    return float(value)


def _estimate(values: Mapping[str, Any]) -> Estimate:
    return Estimate(_number(values["mean"]), _number(values["low"]), _number(values["high"]), int(values["n"]))


def _shares(values: Mapping[str, Any] | None) -> AnswerShares | None:
    if values is None:
        return None
    weights = values["weights"]
    return AnswerShares(
        gamma=_number(values["gamma"]),
        weights=None if weights is None else (float(weights[0]), float(weights[1])),
        pictures=tuple(
            PictureShares(str(row["id"]), str(row["label"]), {name: _number(row[name]) for name in SHARES})
            for row in values["pictures"]
        ),
        means={
            str(group): {name: _estimate(found[name]) for name in SHARES} for group, found in values["means"].items()
        },
    )


def _use(document: Mapping[str, Any]) -> SplitGateUse:
    if document["format"] != FORMAT:
        other = "a newer" if type(document["format"]) is int and document["format"] > FORMAT else "an older"
        raise DocumentError(f"it was made by {other} FERLens (this one reads format {FORMAT})")
    return SplitGateUse(
        model=str(document["model"]),
        weights_sha256=str(document["weights_sha256"]),
        dataset=str(document["dataset"]),
        split=str(document["split"]),
        total=int(document["total"]),
        pictures={str(name): int(count) for name, count in document["pictures"].items()},
        target=str(document["target"]),
        seed=int(document["seed"]),
        accuracy={str(group): _estimate(found) for group, found in document["accuracy"].items()},
        effects=tuple(
            GateEffect(
                str(row["layer"]),
                row["kind"],
                row["replacement"],
                int(row["draws"]),
                str(row["group"]),
                {name: _estimate(row[name]) for name in FIGURES},
            )
            for row in document["effects"]
        ),
        shares=_shares(document["cmaen"]),
        seconds=float(document["seconds"]),
    )
