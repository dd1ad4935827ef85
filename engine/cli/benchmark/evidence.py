"""``python -m engine benchmark evidence``: do explanations and gates point to where the evidence is known to be?"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.progress import Progress
from rich.table import Column, Table

from engine.cli.common import (
    STDERR,
    add_device_option,
    add_json_option,
    check_new_file,
    note,
    print_json,
    write_document,
)
from engine.errors import UsageError
from engine.evidence.pictures import VARIANTS, count_pictures
from engine.evidence.readings import EvidenceReadings, read_readings, readings_file, write_readings
from engine.evidence.report import EvidenceReport, GroupFigures, MapFigures
from engine.evidence.run import check_vocabulary, evidence_benchmark, read_limits, reading_settings
from engine.explain.methods.registry import METHODS, QUICK_METHODS, method_names
from engine.models.checkpoint import DEFAULT_MODEL, LoadedModel, load_checkpoint
from engine.statistics.intervals import Estimate
from engine.statistics.maps import REFERENCES
from engine.training.device import choose_device


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """Declare the options."""
    sub.add_argument("--model", default=DEFAULT_MODEL, help="checkpoint name or folder (default: %(default)s)")
    sub.add_argument("--dataset", default="synthetic", help="only synthetic has known evidence (default: %(default)s)")
    sub.add_argument("--split", default="test", help="train, val or test (default: %(default)s)")
    sub.add_argument(
        "--limit",
        action="append",
        metavar="[METHOD=]N",
        help="the first N pictures only, classes in equal numbers; with METHOD= for that one alone, as "
        "--limit scorecam=300 (may be given again)",
    )
    variants = "; ".join(f"{name}: {words}" for name, words in VARIANTS.items())
    sub.add_argument("--variant", default="plain", help=f"{variants} (default: %(default)s)")
    slow = ", ".join(name for name in METHODS if name not in QUICK_METHODS)
    sub.add_argument(
        "--methods",
        default=",".join(QUICK_METHODS),
        metavar="NAME[,NAME...]",
        help=f"{', '.join(METHODS)}, or all; {slow} take long (default: %(default)s)",
    )
    sub.add_argument("--seed", type=int, default=0, help="of random maps, marks and intervals (default: %(default)s)")
    add_device_option(sub)
    sub.add_argument("--out", type=Path, metavar="FILE", help="write the JSON document to this new file, too")
    sub.add_argument(
        "--resume",
        action="store_true",
        help="add to the result in --out: more methods, or more pictures; what it has is not measured again",
    )
    sub.epilog = (
        "With --out, what was read of each picture is kept in FILE.readings.parquet (without FILE's ending) batch by "
        "batch. A killed run goes on when the same command is given again; --resume extends a finished one."
    )
    add_json_option(sub)


def run(arguments: argparse.Namespace) -> int:
    """Measure and report."""
    if arguments.dataset != "synthetic":
        raise UsageError(
            f"Expected --dataset synthetic, whose evidence is known, got '{arguments.dataset}'; of other pictures "
            "nobody knows where the evidence lies."
        )
    if arguments.seed < 0:
        raise UsageError(f"Expected --seed of 0 or more, got {arguments.seed}; choose another.")
    _check_out(arguments.out, resume=arguments.resume)
    methods = method_names(arguments.methods)
    limit, limits = read_limits(arguments.limit or ())
    for name in limits:
        if name not in methods:
            raise UsageError(f"Got --limit for {name}, which is not among --methods; add it there, or leave it out.")
    total = max(count_pictures(arguments.split, limits.get(name, limit)) for name in methods)
    loaded = load_checkpoint(arguments.model, device=choose_device(arguments.device))
    check_vocabulary(loaded.card)
    readings, keep = _readings(arguments, loaded)
    with Progress(console=STDERR, disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task(f"{loaded.card.name} on synthetic {arguments.split}", total=total)
        report = evidence_benchmark(
            loaded.model,
            loaded.card,
            split=arguments.split,
            variant=arguments.variant,
            limit=limit,
            limits=limits,
            methods=methods,
            seed=arguments.seed,
            readings=readings,
            keep=keep,
            progress=lambda count: bar.advance(task, count),
        )
    document = report.as_dict()
    if arguments.out is not None:
        write_document(arguments.out, document, overwrite=arguments.resume)
    if arguments.json:
        print_json(document)
    else:
        _print(report)
    return 0


def _check_out(out: Path | None, *, resume: bool) -> None:
    """Refuse, before the work, a place that could not be written, or a result that cannot be added to.

    Raises:
        UsageError: with what to do.
    """
    if out is None:
        if resume:
            raise UsageError("--resume adds to an earlier result; say with --out which.")
        return
    if out.exists() and not resume:
        raise UsageError(
            f"'{out.name}' exists already; add to it with --resume, choose another --out, or remove it first."
        )
    check_new_file(out, overwrite=resume)
    if out.exists() and not readings_file(out).is_file():
        raise UsageError(
            f"'{out.name}' cannot be added to, for its readings '{readings_file(out).name}' are not beside it; choose "
            "another --out, or remove it first."
        )


def _readings(
    arguments: argparse.Namespace, loaded: LoadedModel
) -> tuple[EvidenceReadings | None, Callable[[EvidenceReadings], None] | None]:
    """Return the readings of an earlier run, where there are any, and what keeps new ones."""
    if arguments.out is None:
        return None, None
    file = readings_file(arguments.out)
    settings = reading_settings(loaded.card, split=arguments.split, variant=arguments.variant, seed=arguments.seed)
    readings = read_readings(file, settings)
    if readings is not None:
        read = ", ".join(f"{name} {readings.read(name):,}" for name in METHODS if readings.read(name))
        note(f"Going on with the pictures read in '{file.name}': {read or 'no method yet'}.")
    return readings, lambda grown: write_readings(file, grown)


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


def _row(row: MapFigures, apart: list[str], *, own_n: bool, off: bool) -> list[str]:
    source, figures = row.source, row.groups["all"]
    title = {"method": f"{source.name} {source.layer}".strip(), "gate": source.layer, "reference": source.name}[
        source.kind
    ]
    return [
        title,
        f"{source.grid[0]}x{source.grid[1]}",
        *([f"{figures.pictures:,}"] if own_n else []),
        _number(figures.figures["hit"]),
        _interval(figures.figures["enrichment"]),
        *(_number(row.groups[group].figures["enrichment"]) for group in apart),
        *([_number(figures.figures["off_face"])] if off else []),
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
    own_n = bool(report.shorter)
    off = not own_n or report.cue is None
    apart = [] if own_n else ["right", "wrong"]  # so that the table fits 80 columns; --json has everything
    if report.cue is not None:
        apart = ["fooled"]
        sys.stdout.write(
            f"{report.cue.followed:,} of {report.cue.differs:,} pictures with another class's mark were answered with "
            "the mark's class\n"
        )
    names = ("map", "grid", *(["n"] if own_n else []), "hit", "log2 (95 %)", *apart, *(["off"] if off else []), "above")
    fixed = [Column(name, no_wrap=True) for name in names]
    table = Table(*fixed, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for row in (*report.maps, *report.references):
        table.add_row(*_row(row, apart, own_n=own_n, off=off))
    STDERR.print(table)
    if own_n:
        note(
            "n: pictures with evidence; where they are fewer, the map was computed for the first pictures only, and is "
            "compared with the references over the same ones."
        )
    words = f"{' and '.join(apart)}: the same over pictures so answered. " if apart else ""
    note(
        "hit: the maximum lies on evidence. log2: enrichment; 0 is even, 1 twice as dense on evidence. "
        f"{words}{'off: mass off the face. ' if off else ''}"
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
