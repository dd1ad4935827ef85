"""Read the planted-evidence benchmark's shipped document back into its records, or say in a sentence what is wrong.

A checkpoint ships one document a variant: ``analysis/evidence-<split>/evidence-<variant>.json``, as
``python -m engine benchmark evidence --out`` writes it. Documents of before maps had numbers of pictures of their own
are read, too: there, every map has all. The counts in it are checked against one another, so that a
file cut short, edited by hand or written for another model is noticed before a figure of it is shown.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from engine.documents import read_stored
from engine.errors import DataError
from engine.evidence.pictures import VARIANTS
from engine.evidence.report import CEILING, CueAnswers, EvidenceReport, GroupFigures, MapFigures, MapSource
from engine.evidence.scores import METRICS
from engine.records import RunCard
from engine.statistics.intervals import Estimate
from engine.statistics.maps import REFERENCES


def evidence_file(variant: str, split: str = "test") -> Path:
    """Return where the results of ``variant`` lie within a checkpoint's folder."""
    # A folder of its own: the analysis of a split is one folder that is written, and replaced, as a whole.
    return Path("analysis") / f"evidence-{split}" / f"evidence-{variant}.json"


def read_evidence(path: Path, card: RunCard, *, variant: str, split: str = "test") -> EvidenceReport | None:
    """Read and check the results of a model; None where there is no such file.

    Args:
        path: the JSON file.
        card: of the model whose results are wanted.
        variant: a key of :data:`engine.evidence.pictures.VARIANTS`.
        split: of the data set ``synthetic``.

    Raises:
        DataError: the file is damaged, contradicts itself, or is of another model, variant, split or other weights.
    """

    def fault(report: EvidenceReport) -> str:
        came = (report.model, report.variant, report.split, report.classes)
        if came != (card.name, variant, split, card.classes):
            return f"it is of '{report.model}', variant {report.variant}, split {report.split}"
        return "" if report.weights_sha256 == card.weights_sha256 else "it was measured with other weights"

    return read_stored(path, _report, fault, lambda what: _broken(path, card, variant, what))


def benchmark_command(name: str, variant: str, out: str) -> str:
    """Return the command that measures model ``name`` and writes the file ``out``."""
    which = "" if variant == "plain" else f" --variant {variant}"
    return f"python -m engine benchmark evidence --model {name}{which} --out {out}"


def _broken(path: Path, card: RunCard, variant: str, what: str) -> DataError:
    return DataError(
        f"Expected the {variant} evidence results of '{card.name}' in '{path.name}', but {what}; remove the file and "
        f"measure again with: {benchmark_command(card.name, variant, 'FILE')}."
    )


def _require(condition: bool, expected: str, came: object) -> None:
    if not condition:
        raise ValueError(f"expected {expected}, got {came}")


def _count(value: object, name: str) -> int:
    _require(isinstance(value, int) and not isinstance(value, bool) and value >= 0, f"{name} as a count", value)
    return int(value)  # type: ignore[call-overload, no-any-return]


def _number(value: object, name: str) -> float | None:
    if value is None:
        return None
    ok = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    _require(ok, f"{name} as a finite number or null", value)
    return float(value)  # type: ignore[arg-type]


def _estimate(values: dict[str, Any], name: str) -> Estimate:
    mean, low, high = (_number(values[key], f"{name} {key}") for key in ("mean", "low", "high"))
    n = _count(values["n"], f"{name} n")
    _require((mean is None) == (n == 0), f"a mean of {name} where n > 0, none where n = 0", (mean, n))
    if mean is not None and low is not None and high is not None:
        # Five digits are written of each, so the ends may lie a rounding off.
        _require(low - 1e-5 <= mean <= high + 1e-5, f"the mean of {name} inside its interval", (low, mean, high))
    return Estimate(mean, low, high, n)


def _figures(values: dict[str, Any], name: str) -> dict[str, Estimate]:
    return {metric: _estimate(values[metric], f"{metric} of {name}") for metric in METRICS}


def _group(values: dict[str, Any], name: str) -> GroupFigures:
    minus = {reference: _figures(found, f"{name} minus {reference}") for reference, found in values["minus"].items()}
    group = GroupFigures(_count(values["pictures"], "pictures"), _count(values["empty"], "empty"), {}, minus)
    _require(group.empty <= group.pictures, f"at most {group.pictures} empty maps of {name}", group.empty)
    group.figures.update(_figures(values, name))
    counts = {estimate.n for estimate in group.figures.values()}
    _require(counts == {group.pictures - group.empty}, f"n = {group.pictures - group.empty} of {name}", sorted(counts))
    return group


def _row(values: dict[str, Any], kinds: tuple[str, ...], groups: dict[str, Any], drawn: int) -> MapFigures:
    kind, name, layer = (str(values[key]) for key in ("kind", "name", "layer"))
    _require(kind in kinds, f"a kind among {kinds}", kind)
    height, width = (_count(side, "a side of the grid") for side in values["grid"])
    _require(min(height, width) > 0, "a grid of one cell or more", (height, width))
    _require(set(values["groups"]) == set(groups), f"the groups {sorted(groups)}", sorted(values["groups"]))
    found = {group: _group(values["groups"][group], f"{name} {layer} over {group}") for group in groups}
    if kind != "reference":
        missing = {
            reference for figures in found.values() for reference in REFERENCES if reference not in figures.minus
        }
        _require(not missing, f"{name} {layer} compared with every reference", f"none with {sorted(missing)}")
    pictures = _count(values.get("pictures", drawn), f"pictures of {name} {layer}")  # older files: every map has all
    return MapFigures(MapSource(kind, name, layer, (height, width)), found, pictures)  # type: ignore[arg-type]


def _report(document: dict[str, Any]) -> EvidenceReport:
    _require(document["benchmark"] == "evidence", "the evidence benchmark", document["benchmark"])
    _require(document["dataset"] == "synthetic", "the data set synthetic", document["dataset"])
    _require(document["variant"] in VARIANTS, f"a variant among {sorted(VARIANTS)}", document["variant"])
    groups = document["groups"]
    cue = document["cue"]
    drawn = _count(document["pictures"], "pictures")
    report = EvidenceReport(
        model=str(document["model"]),
        weights_sha256=str(document["weights_sha256"]),
        split=str(document["split"]),
        variant=str(document["variant"]),
        seed=_count(document["seed"], "seed"),
        classes=tuple(str(name) for name in document["classes"]),
        pictures=drawn,
        scored=_count(document["scored"], "scored"),
        right=_count(document["right"], "right"),
        excluded={str(name): _count(count, name) for name, count in document["excluded"].items()},
        maps=tuple(_row(row, ("method", "gate"), groups, drawn) for row in document["maps"]),
        references=tuple(_row(row, ("reference",), groups, drawn) for row in document["references"]),
        not_scored=tuple(str(name) for name in document["not_scored"]),
        cue=None if cue is None else CueAnswers(_count(cue["differs"], "differs"), _count(cue["followed"], "followed")),
        refused={str(name): str(why) for name, why in document.get("refused", {}).items()},  # older files have none
    )
    _check_whole(report)
    return report


def _check_whole(report: EvidenceReport) -> None:
    _require(report.right <= report.scored <= report.pictures, "right <= scored <= pictures", report.scored)
    left_out = sum(report.excluded.values())
    _require(
        report.scored + left_out == report.pictures, f"{report.pictures} pictures in all", report.scored + left_out
    )
    _require((report.cue is not None) == (report.variant == "spurious"), "a cue for spurious only", report.cue)
    _require(bool(report.maps), "one map or more", 0)
    sizes = {"all": report.scored, "right": report.right, "wrong": report.scored - report.right}
    if report.cue is not None:
        sizes["fooled"] = report.cue.followed
    of_prefix = {report.pictures: sizes}
    for row in (*report.maps, *report.references):
        found = {name: figures.pictures for name, figures in row.groups.items()}
        words = f"the groups of {row.source.name} over {row.pictures} pictures"
        _require(row.pictures <= report.pictures, f"at most {report.pictures} pictures", row.pictures)
        _require(found == of_prefix.setdefault(row.pictures, found), f"{words} as of others over them", found)
        fits = found["all"] == found["right"] + found["wrong"] <= row.pictures
        _require(fits and all(found[name] <= size for name, size in sizes.items()), f"{words} to add up", found)
    there = {(row.source, row.pictures) for row in report.references}
    for row in report.maps:
        for name in (*REFERENCES, CEILING):
            reference = MapSource("reference", name, "", row.source.grid)
            words = f"the reference '{name}' on {row.source.grid} over {row.pictures} pictures"
            _require((reference, row.pictures) in there, words, "none")
