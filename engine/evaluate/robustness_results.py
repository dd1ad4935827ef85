"""Read a stored robustness document back into its record, or say in a sentence what is wrong with it.

It lies beside a checkpoint's analyses, ``analysis/robustness-<dataset>-<split>.json``, as
``python -m engine benchmark robustness --out`` writes it.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from engine.errors import DataError
from engine.evaluate.corruptions import CORRUPTIONS, SEVERITIES
from engine.measure.robustness import BENCHMARK, RobustnessReport, RobustnessRow
from engine.records import RunCard
from engine.statistics.intervals import Estimate


def robustness_file(dataset: str, split: str) -> Path:
    """Return where the results of a split lie within a checkpoint's folder."""
    return Path("analysis") / f"robustness-{dataset}-{split}.json"


def robustness_command(model: str, dataset: str, split: str) -> str:
    """Return the command that measures a model and writes the file."""
    out = Path("checkpoints") / model / robustness_file(dataset, split)
    return (
        f"python -m engine benchmark robustness --model {model} --dataset {dataset} --split {split} --json "
        f"--out {out.as_posix()}"
    )


def read_robustness(path: Path, card: RunCard, *, dataset: str, split: str) -> RobustnessReport | None:
    """Read and check the results of a model; None where there is no such file.

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
        report = _report(document)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        what = f"it is damaged ({type(error).__name__}: {error})"
        raise _broken(path, card, dataset, split, what) from error
    if (report.model, report.dataset, report.split) != (card.name, dataset, split):
        what = f"it is of '{report.model}' on {report.dataset} {report.split}"
        raise _broken(path, card, dataset, split, what)
    if report.weights_sha256 != card.weights_sha256:
        raise _broken(path, card, dataset, split, "it was measured with other weights")
    return report


def _broken(path: Path, card: RunCard, dataset: str, split: str, what: str) -> DataError:
    return DataError(
        f"Expected the robustness results of '{card.name}' in '{path.name}', but {what}; remove the file and measure "
        f"again with: {robustness_command(card.name, dataset, split)}"
    )


def _share(value: object, name: str) -> float:
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or not math.isfinite(value)
        or not 0 <= value <= 1
    ):
        raise ValueError(f"expected {name} in [0, 1], got {value}")
    return float(value)


def _estimate(values: dict[str, Any], pictures: int) -> Estimate:
    mean, low, high = (_share(values[key], key) for key in ("mean", "low", "high"))
    if not low <= mean <= high or values["n"] != pictures:
        raise ValueError(f"expected a mean of {pictures} pictures inside its interval, got {values}")
    return Estimate(mean, low, high, pictures)


def _report(document: dict[str, Any]) -> RobustnessReport:
    if document["benchmark"] != BENCHMARK:
        raise ValueError(f"expected the benchmark {BENCHMARK}, got {document['benchmark']}")
    pictures = int(document["pictures"])
    rows = tuple(
        RobustnessRow(
            str(row["corruption"]),
            int(row["severity"]),
            float(row["amount"]),
            _estimate(row, pictures),
            _share(row["macro_f1"], "macro_f1"),
        )
        for row in document["rows"]
    )
    expected = [(name, severity) for name in CORRUPTIONS for severity in SEVERITIES]
    if [(row.corruption, row.severity) for row in rows] != expected:
        raise ValueError(f"expected each of {', '.join(CORRUPTIONS)} at five severities, got {len(rows)} rows")
    return RobustnessReport(
        model=str(document["model"]),
        weights_sha256=str(document["weights_sha256"]),
        dataset=str(document["dataset"]),
        split=str(document["split"]),
        pictures=pictures,
        total=int(document["total"]),
        seed=int(document["seed"]),
        clean=_estimate(document["clean"], pictures),
        clean_macro_f1=_share(document["clean"]["macro_f1"], "macro_f1"),
        rows=rows,
    )
