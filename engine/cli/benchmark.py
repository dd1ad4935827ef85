"""``python -m engine benchmark``: measure explanations against known evidence, or how fast a part works."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.progress import Progress
from rich.table import Column, Table

from engine.cli import (
    benchmark_faces,
    benchmark_gates,
    benchmark_live,
    benchmark_robustness,
    benchmark_store,
    benchmark_what_if,
)
from engine.cli.common import STDERR, add_json_option, note, print_json
from engine.cli.new_file import check_new_file, write_document
from engine.errors import UsageError
from engine.evaluate.bootstrap import Estimate
from engine.evaluate.evidence_benchmark import check_vocabulary, evidence_benchmark
from engine.evaluate.evidence_pictures import VARIANTS, count_pictures
from engine.evaluate.evidence_references import REFERENCES
from engine.evaluate.evidence_report import EvidenceReport, GroupFigures, MapFigures
from engine.explain.methods import METHODS, QUICK_METHODS, method_names
from engine.models.checkpoint import DEFAULT_MODEL, load_checkpoint
from engine.training.device import choose_device

BENCHMARKS: Final[dict[str, str]] = {
    "evidence": "do explanations and gates point to where the evidence of built-in faces is known to be?",
    "faces": "how quickly are the built-in faces drawn?",
    "gates": "is each attention gate used, over a split and for each class? Each is replaced, and the answers compared",
    "live": "how long does a camera's frame take, and how well are faces tracked, on films whose truth is known?",
    "robustness": "how accuracy falls with blur, noise, JPEG, brightness and occlusion, at five severities",
    "store": "how quickly does the analysis store answer the dashboard, at a million pictures?",
    "what-if": "how long does an edit of a face take, until answer, gates and Grad-CAM follow?",
}
_ELSEWHERE: Final = {
    "faces": benchmark_faces,
    "gates": benchmark_gates,
    "live": benchmark_live,
    "robustness": benchmark_robustness,
    "store": benchmark_store,
    "what-if": benchmark_what_if,
}
"""The benchmarks that have a file of their own."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the benchmarks and their options."""
    which = parser.add_subparsers(dest="benchmark", metavar="BENCHMARK", required=True)
    sub = which.add_parser("evidence", help=BENCHMARKS["evidence"], description=BENCHMARKS["evidence"])
    sub.add_argument("--model", default=DEFAULT_MODEL, help="checkpoint name or folder (default: %(default)s)")
    sub.add_argument("--dataset", default="synthetic", help="only synthetic has known evidence (default: %(default)s)")
    sub.add_argument("--split", default="test", help="train, val or test (default: %(default)s)")
    sub.add_argument("--limit", type=int, metavar="N", help="the first N pictures only, classes in equal numbers")
    variants = "; ".join(f"{name}: {words}" for name, words in VARIANTS.items())
    sub.add_argument("--variant", default="plain", help=f"{variants} (default: %(default)s)")
    sub.add_argument(
        "--methods",
        default=",".join(QUICK_METHODS),
        metavar="NAME[,NAME...]",
        help=f"{', '.join(METHODS)}, or all; the last three take long (default: %(default)s)",
    )
    sub.add_argument("--seed", type=int, default=0, help="of random maps, marks and intervals (default: %(default)s)")
    sub.add_argument("--device", default="cpu", help="auto, cuda, mps or cpu (default: %(default)s)")
    sub.add_argument("--out", type=Path, metavar="FILE", help="write the JSON document to this new file, too")
    add_json_option(sub)
    for name, module in _ELSEWHERE.items():
        module.add_arguments(which.add_parser(name, help=BENCHMARKS[name], description=BENCHMARKS[name]))


def run(arguments: argparse.Namespace) -> int:
    """Measure and report."""
    module = _ELSEWHERE.get(arguments.benchmark)
    return _run_evidence(arguments) if module is None else module.run(arguments)


def _run_evidence(arguments: argparse.Namespace) -> int:
    if arguments.dataset != "synthetic":
        raise UsageError(
            f"Expected --dataset synthetic, whose evidence is known, got '{arguments.dataset}'; of other pictures "
            "nobody knows where the evidence lies."
        )
    if arguments.seed < 0:
        raise UsageError(f"Expected --seed of 0 or more, got {arguments.seed}; choose another.")
    check_new_file(arguments.out)
    methods = method_names(arguments.methods)
    total = count_pictures(arguments.split, arguments.limit)
    loaded = load_checkpoint(arguments.model, device=choose_device(arguments.device))
    check_vocabulary(loaded.card)
    with Progress(console=STDERR, disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task(f"{loaded.card.name} on synthetic {arguments.split}", total=total)
        report = evidence_benchmark(
            loaded.model,
            loaded.card,
            split=arguments.split,
            variant=arguments.variant,
            limit=arguments.limit,
            methods=methods,
            seed=arguments.seed,
            progress=lambda count: bar.advance(task, count),
        )
    document = report.as_dict()
    if arguments.out is not None:
        write_document(arguments.out, document)
    if arguments.json:
        print_json(document)
    else:
        _print(report)
    return 0


def _number(found: Estimate) -> str:
    return "–" if found.mean is None else f"{found.mean:.2f}"


def _interval(found: Estimate) -> str:
    ends = "" if found.low is None or found.high is None else f" ({found.low:.2f} to {found.high:.2f})"
    return _number(found) + ends


def _initials() -> str:
    return ", ".join(f"{name[0]} {name}" for name in REFERENCES)


def _above(figures: GroupFigures) -> str:
    """Return the initials of the references that the map beats by the whole interval of the paired difference.

    Compared in mass, not in enrichment, whose mean a scattered map such as the random one has a penalty on.
    """
    beaten = [name[0] for name, minus in figures.minus.items() if (minus["mass"].low or 0.0) > 0.0]
    return " ".join(beaten) or "–"


def _row(row: MapFigures, apart: list[str]) -> list[str]:
    source, figures = row.source, row.groups["all"]
    title = {"method": f"{source.name} {source.layer}".strip(), "gate": source.layer, "reference": source.name}[
        source.kind
    ]
    return [
        title,
        f"{source.grid[0]}x{source.grid[1]}",
        _number(figures.figures["hit"]),
        _interval(figures.figures["enrichment"]),
        *(_number(row.groups[group].figures["enrichment"]) for group in apart),
        _number(figures.figures["off_face"]),
        _above(figures) if figures.minus else "",
    ]


def _print(report: EvidenceReport) -> None:
    left_out = sum(report.excluded.values())
    what = ", ".join(f"{count} {name}" for name, count in report.excluded.items())
    sys.stdout.write(
        f"{report.model} on synthetic {report.split} ({report.variant}): {report.scored:,} pictures scored, "
        f"{report.right:,} answered rightly; {left_out:,} left out for want of evidence"
        f"{f' ({what})' if what else ''}\n"
    )
    apart = ["right", "wrong"]
    if report.cue is not None:
        apart = ["fooled"]
        sys.stdout.write(
            f"{report.cue.followed:,} of {report.cue.differs:,} pictures with another class's mark were answered with "
            "the mark's class\n"
        )
    fixed = [Column(name, no_wrap=True) for name in ("map", "grid", "hit", "log2 (95 %)", *apart, "off", "above")]
    table = Table(*fixed, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for row in (*report.maps, *report.references):
        table.add_row(*_row(row, apart))
    STDERR.print(table)
    note(
        "hit: the maximum lies on evidence. log2: enrichment; 0 is even, 1 twice as dense on evidence. "
        f"{' and '.join(apart)}: the same over pictures so answered. off: mass off the face. "
        f"above: surely more mass on evidence than {_initials()}. ceiling: the most that the grid allows."
    )
    for row in report.maps:
        if empty := row.groups["all"].empty:
            where = f" at {row.source.layer}" if row.source.layer else ""
            note(f"{row.source.name}{where}: {empty:,} maps without positive evidence, counted apart.")
    for name, reason in report.refused.items():
        note(f"{name} left out: {reason}.")
    if report.not_scored:
        note(f"Not scored, for they are no maps over the picture: {', '.join(report.not_scored)}.")
