"""The tables of a paper: overall, by class, calibration, robustness, what people saw, and against another model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from engine.analysis.comparison import StoredComparison
from engine.analysis.paper.latex import Column, PaperTable, uncited
from engine.analysis.report_figures import ReportInput
from engine.statistics.comparison import Comparison
from engine.statistics.intervals import RESAMPLES, Estimate
from engine.statistics.paired import Difference

WILSON: Final = "95 % Wilson intervals over pictures [@wilson1927]"
BOOTSTRAP: Final = f"95 % percentile bootstrap over pictures, {RESAMPLES:,} resamples [@efron1993]"


def paper_tables(given: ReportInput, against: StoredComparison | None) -> tuple[PaperTable, ...]:
    """Return every table that there is something for."""
    return tuple(_tables(given, against))


def where(given: ReportInput) -> str:
    """Return on what everything was measured, as a caption says it."""
    answers = given.found.answers
    named = uncited(f"{answers.model} on {answers.dataset} {answers.split}")
    return f"{named}, single view, n = {given.found.figures.n:,}"


def _tables(given: ReportInput, against: StoredComparison | None) -> Iterator[PaperTable]:
    found = given.found
    yield PaperTable(
        "overall",
        f"Accuracy in per cent and macro F1, {where(given)}. Accuracy: {WILSON}; macro F1: {BOOTSTRAP}. "
        f"Protocol: {uncited(found.protocol.words) or 'see the methods'}.",
        (Column("pictures"), Column("n", "count"), Column("accuracy", "share"), Column("macro F1", "figure")),
        tuple(
            (one.name, one.figures.n, one.figures.accuracy, one.figures.macro_f1)
            if one.figures is not None
            else (f"{one.name} (not known)", 0, None, None)
            for one in found.subsets
        ),
    )
    yield PaperTable(
        "classes",
        f"Class by class, {where(given)}. Precision and recall in per cent: {WILSON}; F1: {BOOTSTRAP}. "
        "AUC and average precision (AP) of each class against the rest, without interval.",
        (
            Column("class"),
            Column("n", "count"),
            Column("precision", "share"),
            Column("recall", "share"),
            Column("F1", "figure"),
            Column("AUC", "figure"),
            Column("AP", "figure"),
        ),
        tuple(
            (
                row.name,
                row.support,
                row.precision,
                row.recall,
                row.f1,
                Estimate(roc.area, None, None, found.figures.n),
                Estimate(pr.area, None, None, found.figures.n),
            )
            for row, roc, pr in found.figures.shown.pick(
                tuple(zip(found.figures.per_class, found.roc.classes, found.pr.classes, strict=True))
            )
        ),
    )
    yield _calibration(given)
    if given.robustness is not None:
        report = given.robustness
        yield PaperTable(
            "robustness",
            f"Accuracy in per cent on worse pictures [@hendrycks2019], {where(given)}, of which "
            f"{report.pictures:,} were taken; severity 0 is the pictures as they are. {WILSON}.",
            (Column("corruption"), Column("severity", "count"), Column("accuracy", "share")),
            (("none", 0, report.clean), *((row.corruption, row.severity, row.accuracy) for row in report.rows)),
        )
    if given.people is not None:
        yield _people(given)
    if against is not None:
        yield _against(against.comparison)


def _calibration(given: ReportInput) -> PaperTable:
    found = given.found
    shown = [("as it answers", found.before)]
    said = ""
    if found.temperature is not None and found.after is not None:
        shown.append((f"at temperature {found.temperature.value:.3f}", found.after))
        said = f" The temperature [@guo2017] was fitted on the {found.temperature.n:,} pictures of val alone."
    bins = len(found.before.bins)
    return PaperTable(
        "calibration",
        f"Calibration, {where(given)}: expected calibration error (ECE) over {bins} equal-width bins [@naeini2015], "
        f"mean confidence, and mean negative log likelihood (NLL) in nats; without intervals.{said}",
        (Column("answers"), Column("ECE", "share"), Column("confidence", "share"), Column("NLL", "figure")),
        tuple(
            (name, *(Estimate(value, None, None, found.figures.n) for value in (one.ece, one.confidence, one.nll_nats)))
            for name, one in shown
        ),
    )


def _people(given: ReportInput) -> PaperTable:
    people = given.people or {}
    ceiling, side = people["human_ceiling"], people["mistakes"]["side_with"]

    def of(part: dict[str, float | int | None]) -> Estimate:
        return Estimate(part["mean"], part["low"], part["high"], int(part["n"] or 0))

    def share(part: dict[str, Any]) -> Estimate:
        low, high = part["interval"] or (None, None)
        return Estimate(part["share"], low, high, part["n"])

    rows = [
        ("one voter agrees with most of the others", of(ceiling["voter"])),
        ("the label agrees with most voters but one", of(ceiling["label"])),
        ("the model agrees with most voters but one", of(ceiling["model"])),
        ("the label is what most people saw", share(people["label_is_majority"])),
        ("the model says what most people saw", share(people["accuracy_on_majority"])),
        *((f"mistakes by the label in which people side with {who}", share(side[who])) for who in side),
    ]
    return PaperTable(
        "people",
        f"What ten people saw in each picture (FER+) [@barsoum2016], in per cent, {where(given)}. Agreements: "
        f"{BOOTSTRAP}; shares: {WILSON}.",
        (Column("what"), Column("n", "count"), Column("share", "share")),
        tuple((name, one.n, one) for name, one in rows),
    )


def _against(found: Comparison) -> PaperTable:
    def row(name: str, n: int, one: Difference) -> tuple[str, int, Estimate, Estimate, Estimate, float]:
        first, second = (Estimate(value, None, None, n) for value in (one.first, one.second))
        return name, n, first, second, Estimate(one.difference, one.low, one.high, n), one.p

    first, second = uncited(found.first), uncited(found.second)
    shown = found.shown.pick(found.per_class)
    return PaperTable(
        "comparison",
        f"{second} against {first} on the same pictures, single view, n = {found.n:,}, in per cent; differences, "
        f"{second} minus {first}, in points with the paired {BOOTSTRAP}. "
        "p: accuracy and recall by McNemar's exact test [@mcnemar1947], F1 by the bootstrap; those of the classes are "
        f"Holm-corrected [@holm1979]. {uncited(found.verdict)}",
        (
            Column("figure"),
            Column("n", "count"),
            Column(found.first, "share"),
            Column(found.second, "share"),
            Column("difference", "points"),
            Column("p", "p"),
        ),
        (
            row("accuracy", found.n, found.accuracy),
            row("macro F1", found.n, found.macro_f1),
            *(row(f"recall {one.name}", one.support, one.recall) for one in shown),
            *(row(f"F1 {one.name}", one.support, one.f1) for one in shown),
        ),
    )
