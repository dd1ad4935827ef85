"""The sections of a model card on what moves its answers beside the expression, and on what its attention is worth."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeVar

from engine.analysis.factors import DATASET, FACTORS, SPLIT, FactorReport, stored_factors
from engine.analysis.files.gate_use import SplitGateUse, gate_use_command, gate_use_file, read_gate_use
from engine.analysis.files.places import analyze_command
from engine.analysis.model_card.blocks import NOT_MEASURED, CardSection, CardTable, figure, percent
from engine.analysis.model_card.measured import WILSON
from engine.errors import FerLensError
from engine.evidence.document import benchmark_command, evidence_file, read_evidence
from engine.evidence.pictures import VARIANTS
from engine.evidence.report import EvidenceReport
from engine.measure.robustness import RobustnessReport, read_robustness, robustness_command, robustness_file
from engine.records import RunCard

Record = TypeVar("Record")

SPLITS: Final = (("fer2013", "private"), ("fer2013", "test"), ("synthetic", "test"))
"""Where stored measurements are looked for, the literature's split first."""


def known_biases(card: RunCard, checkpoint: Path) -> CardSection:
    """Return accuracy by what the built-in faces are like: pose, light, glasses, age lines."""
    heading = "Known biases, on drawn faces"
    command = analyze_command(card.name, DATASET, SPLIT)
    try:
        found = stored_factors(checkpoint)
    except FerLensError as error:
        return CardSection(heading, (f"Accuracy by factor: {NOT_MEASURED}. {error}",), commands=(command,))
    if found is None:
        return CardSection(
            heading,
            (f"Accuracy by pose, light, glasses, age lines and the like: {NOT_MEASURED}.",),
            commands=(command,),
        )
    return CardSection(heading, tuple(_said(found)), (), (_factor_table(found),))


def _said(found: FactorReport) -> Iterator[str]:
    yield (
        f"Measured on the built-in faces ({DATASET} {found.split}, single view, n = {found.n:,}, accuracy "
        f"{percent(found.accuracy)}). Each factor was drawn by chance, independently of the expression. Drawn faces "
        "are no people: a level of drawn skin or age is no group of persons, and equal figures here would not show "
        "that a model treats people alike."
    )
    differing = found.differing
    if differing:
        listed = []
        for name in differing:
            rows = [row for row in found.of(name) if row.accuracy.mean is not None]
            worst = min(rows, key=lambda row: row.accuracy.mean or 0.0)
            best = max(rows, key=lambda row: row.accuracy.mean or 0.0)
            ends = ", ".join(f"{row.level} {percent(row.accuracy)}" for row in (worst, best))
            listed.append(f"{FACTORS[name].words} ({ends})")
        yield f"Differs beyond chance by: {'; '.join(listed)}."
    else:
        yield "No factor's levels differ beyond chance."


def _factor_table(found: FactorReport) -> CardTable:
    rows = []
    for name, factor in FACTORS.items():
        for place, row in enumerate(found.of(name)):
            told = f"{found.p[name]:.2g}" if place == 0 else ""
            rows.append(
                (factor.words if place == 0 else "", row.level, f"{row.accuracy.n:,}", percent(row.accuracy), told)
            )
    return CardTable(
        ("factor", "level", "n", "accuracy", "p"),
        tuple(rows),
        f"{WILSON}; p: chi-squared test that all levels are answered alike, Holm-corrected over the "
        f"{len(FACTORS)} factors.",
    )


def worse_pictures(card: RunCard, checkpoint: Path) -> CardSection:
    """Return how accuracy falls when pictures get worse."""
    heading = "Worse pictures"

    def read(dataset: str, split: str) -> RobustnessReport | None:
        return read_robustness(checkpoint / robustness_file(dataset, split), card, dataset=dataset, split=split)

    found, problem = _first(read)
    if found is None:
        said = (
            f"Accuracy on blurred, noisy, compressed, brighter or covered pictures: {NOT_MEASURED}. {problem}".strip()
        )
        dataset = "synthetic" if card.data.get("dataset") == "synthetic" else "fer2013"
        split = "test" if dataset == "synthetic" else "private"
        return CardSection(heading, (said,), commands=(robustness_command(card.name, dataset, split),))
    names = dict.fromkeys(row.corruption for row in found.rows)
    rows = [("as they are", "0", percent(found.clean))]
    rows += [
        (name, str(row.severity), percent(row.accuracy))
        for name in names
        for row in found.rows
        if row.corruption == name and row.severity in (1, 3, 5)
    ]
    table = CardTable(
        ("pictures", "severity of 5", "accuracy"),
        tuple(rows),
        f"{found.dataset} {found.split}, single view, n = {found.pictures:,} of {found.total:,}; {WILSON}.",
    )
    return CardSection(heading, (), (), (table,))


def _first(read: Callable[[str, str], Record | None]) -> tuple[Record | None, str]:
    """Return the first stored record of :data:`SPLITS`, and what is wrong where none can be read."""
    problem = ""
    for dataset, split in SPLITS:
        try:
            found = read(dataset, split)
        except FerLensError as error:
            problem = str(error)
            continue
        if found is not None:
            return found, ""
    return None, problem


def attention(card: RunCard, checkpoint: Path, *, gates: bool) -> CardSection:
    """Return whether its gates are used and its maps lie on known evidence.

    Args:
        card: of the model. checkpoint: its folder. gates: whether it has any.
    """
    heading = "What its attention and its maps are worth"

    def read(dataset: str, split: str) -> SplitGateUse | None:
        return read_gate_use(gate_use_file(checkpoint, dataset, split), card, dataset=dataset, split=split)

    words, tables, commands = [], [], []
    use, problem = _first(read)
    if use is not None:
        tables.append(_gate_table(use))
    elif gates:
        words.append(f"Whether its gates are used: {NOT_MEASURED}. {problem}".strip())
        commands.append(gate_use_command(card.name, str(card.data.get("dataset") or DATASET), SPLIT))
    else:
        words.append("It has no attention gates.")
    report, problem = _evidence(card, checkpoint)
    if report is not None:
        tables.append(_evidence_table(report))
        if report.cue is not None:
            words.append(
                f"It answers with the planted mark's class in {report.cue.followed:,} of the {report.cue.differs:,} "
                f"pictures in which mark and face disagree (synthetic {report.split}, variant {report.variant})."
            )
    else:
        words.append(f"Whether its maps lie on evidence that is known: {NOT_MEASURED}. {problem}".strip())
        if card.domain == "faces":
            out = Path("checkpoints") / card.name / evidence_file("plain")
            commands.append(benchmark_command(card.name, "plain", out.as_posix()))
    return CardSection(heading, tuple(words), (), tuple(tables), tuple(commands))


def _evidence(card: RunCard, checkpoint: Path) -> tuple[EvidenceReport | None, str]:
    """Return the planted-evidence benchmark, the first variant that there is, and what is wrong with it."""
    problem = ""
    for variant in VARIANTS:
        try:
            found = read_evidence(checkpoint / evidence_file(variant), card, variant=variant)
        except FerLensError as error:
            problem = str(error)
            continue
        if found is not None:
            return found, ""
    return None, problem


def _gate_table(use: SplitGateUse) -> CardTable:
    rows = []
    for layer, kind in use.gates.items():
        effect = use.deciding(layer)
        flips = effect.figures["flips"]
        distance = effect.figures["distance"]
        rows.append((layer, kind, use.verdict(layer) or NOT_MEASURED, figure(distance), percent(flips)))
    return CardTable(
        ("gate", "kind", "verdict", "change of the probabilities", "answers that change"),
        tuple(rows),
        f"{use.dataset} {use.split}, n = {use.n:,} of {use.total:,} pictures, classes in equal numbers; each gate "
        "replaced in the way that keeps its level and changes most; total variation distance (0 to 1), 95 % "
        "bootstrap over pictures.",
    )


def _evidence_table(report: EvidenceReport) -> CardTable:
    rows = []
    for found in report.maps:
        if found.source.kind == "gate" or "all" not in found.groups:
            continue
        mass = found.groups["all"].figures["mass"]
        middle = found.groups["all"].minus["centre"]["mass"]
        more = "not told" if middle.low is None or middle.high is None else _beside(middle.low, middle.high)
        grid = " x ".join(map(str, found.source.grid))
        rows.append((found.source.name, found.source.layer or "the picture", grid, f"{mass.n:,}", percent(mass), more))
    return CardTable(
        ("map", "layer", "grid", "n", "mass on evidence", "than a spot in the middle"),
        tuple(rows),
        f"Planted evidence, variant {report.variant}, synthetic {report.split}; 95 % bootstrap over pictures.",
    )


def _beside(low: float, high: float) -> str:
    """Say whether a paired difference is surely more, surely less, or neither."""
    return "surely more" if low > 0 else "surely less" if high < 0 else "no different beyond chance"
