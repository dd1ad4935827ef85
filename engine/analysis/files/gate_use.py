"""``gate_use.json`` of an analysis: written complete or not at all, read back checked, or a sentence why not.

``python -m engine benchmark gates`` writes it. It is bound to the weights by their sha256: what other weights did with
their gates says nothing about these.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from engine.analysis.files.answer_shares import SHARES, AnswerShares, PictureShares
from engine.analysis.files.places import analysis_folder
from engine.analysis.gate_use_record import FIGURES, FORMAT, GateEffect, SplitGateUse
from engine.errors import DataError, UsageError
from engine.records import RunCard
from engine.statistics.intervals import Estimate

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
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as folder:
        partial = Path(folder) / out.name
        text = json.dumps(use.as_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        partial.write_text(text, encoding="utf-8")
        check_place(out, overwrite=overwrite)  # again: another run may have been quicker
        partial.replace(out)


def read_gate_use(path: Path, card: RunCard, *, dataset: str, split: str) -> SplitGateUse | None:
    """Read and check how a model's gates are used on a split; None where there is no such file.

    Raises:
        DataError: the file is damaged, or of another model, split or other weights.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _broken(path, card, dataset, split, "it is no whole JSON document") from error
    try:
        use = _use(document)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _broken(path, card, dataset, split, f"it is damaged ({type(error).__name__}: {error})") from error
    if (use.model, use.dataset, use.split) != (card.name, dataset, split):
        raise _broken(path, card, dataset, split, f"it is of '{use.model}' on {use.dataset} {use.split}")
    if use.weights_sha256 != card.weights_sha256:
        raise _broken(path, card, dataset, split, "it was measured with other weights")
    if tuple(use.pictures) != card.classes:
        raise _broken(path, card, dataset, split, "its classes are not the model's")
    return use


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
        raise ValueError(f"expected format {FORMAT}, got {document['format']}")
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
