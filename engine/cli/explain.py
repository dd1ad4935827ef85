"""``python -m engine explain``: write the attention gates and an explanation of one picture."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.progress import Progress, TaskID
from rich.table import Table

from engine.cli.common import STDERR, add_json_option, note, print_json
from engine.errors import FerLensError, UsageError
from engine.explain.bundle import describe, write_bundle
from engine.explain.method import MID_GREY, Setup
from engine.explain.methods import METHODS, method_names
from engine.explain.target import Target, as_target
from engine.explain.trust import TrustReport, trust
from engine.inference.faces import default_detector
from engine.inference.predictor import EmotionPredictor
from engine.models.checkpoint import DEFAULT_MODEL
from engine.records import FaceExplanation


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("image", type=Path, metavar="IMAGE", help="the picture")
    parser.add_argument("--model", default=DEFAULT_MODEL, help="checkpoint name or folder (default: %(default)s)")
    parser.add_argument("--layer", help="explained layer, for example block3 (default: the last)")
    parser.add_argument(
        "--target",
        metavar="TARGET",
        help="what to explain: a class, predicted, true, or a contrast as in happy-sad (default: predicted)",
    )
    parser.add_argument("--minus", metavar="CLASS", help="explain the target minus this class (a contrast)")
    parser.add_argument("--true", metavar="CLASS", help="the picture's true class, for a target that speaks of it")
    parser.add_argument(
        "--method",
        default="gradcam",
        metavar="NAME[,NAME...]",
        help=f"{', '.join(METHODS)}, or all (default: %(default)s)",
    )
    parser.add_argument(
        "--baseline",
        type=float,
        default=MID_GREY,
        metavar="GREY",
        help="the pixel that means nothing is there, 0 black to 1 white, for the methods that compare with it or cover "
        "with it (default: %(default)s)",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the methods that draw (default: %(default)s)")
    parser.add_argument("--face", type=int, default=0, help="which face, 0 is the largest (default: 0)")
    parser.add_argument("--whole", action="store_true", help="take the whole picture; look for no face")
    parser.add_argument("--yunet", type=Path, metavar="FILE", help="find faces with this YuNet .onnx file")
    parser.add_argument("--device", default="cpu", help="auto, cuda, mps or cpu (default: %(default)s)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the PNG and NPZ files")
    parser.add_argument(
        "--trust", action="store_true", help="measure whether each gate is used and the map is faithful (seconds)"
    )
    add_json_option(parser)


def _target(words: str | None, minus: str | None) -> Target:
    target = as_target(words)
    if minus is None:
        return target
    if target.minus is not None:
        raise UsageError(f"--target '{words}' has a minus already; leave --minus out.")
    return replace(target, minus=minus)


def _measure_trust(predictor: EmotionPredictor, explained: FaceExplanation) -> TrustReport:
    with Progress(console=STDERR, disable=not sys.stderr.isatty(), transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done)

        return trust(predictor.model, explained, spec=predictor.card.input, classes=predictor.classes, progress=tell)


def _print_trust(report: TrustReport) -> None:
    table = Table("shown", "verdict", "figure", "interval, or how")
    for gate in report.gates:
        most = max((item for item in gate.replacements if item.name != "ones"), key=lambda item: item.distance.mean())
        table.add_row(gate.layer, gate.verdict, f"{gate.distance:.3f}", most.name)
    for item in report.maps:
        interval = f"{item.score.low:+.3f} to {item.score.high:+.3f}"
        table.add_row(f"{item.method} {item.layer}".strip(), item.verdict, f"{item.score.mean:+.3f}", interval)
    STDERR.print(table)
    note("A gate's figure: the share of the probability that changes hands when the gate is replaced.")
    note("A map's figure: how much better than random maps it finds what the answer needs, 0 is chance.")


def run(arguments: argparse.Namespace) -> int:
    """Explain, write, print."""
    methods = method_names(arguments.method)
    if not 0.0 <= arguments.baseline <= 1.0:
        raise UsageError(f"Expected --baseline from 0 (black) to 1 (white), got {arguments.baseline}; choose another.")
    if arguments.seed < 0:
        raise UsageError(f"Expected --seed of 0 or more, got {arguments.seed}; choose another.")
    predictor = EmotionPredictor(arguments.model, device=arguments.device, detector=default_detector(arguments.yunet))
    explained = predictor.explain(
        arguments.image,
        layer=arguments.layer,
        target=_target(arguments.target, arguments.minus),
        truth=arguments.true,
        method=methods,
        setup=Setup(predictor.card.input, baseline=arguments.baseline, seed=arguments.seed),
        face=arguments.face,
        whole=arguments.whole,
    )
    try:
        files = write_bundle(explained, arguments.out)
    except OSError as error:
        raise FerLensError(
            f"'{arguments.out.name}' cannot be written ({error.strerror}); choose another --out."
        ) from error
    document: dict[str, Any] = {"source": arguments.image.name, **describe(explained), "files": list(files)}
    report = _measure_trust(predictor, explained) if arguments.trust else None
    if report is not None:
        document["trust"] = report.as_dict()
    if arguments.json:
        print_json(document)
        return 0
    where = "" if explained.box else " (no face found: the whole picture)"
    sys.stdout.write(
        f"{arguments.image.name}: {explained.prediction.label} {explained.prediction.confidence:.0%}{where}\n"
    )
    table = Table("map", "kind", "shape", "min", "mean", "max")
    for row in document["gates"] + document["maps"]:
        shape = "x".join(map(str, row["shape"]))
        where = row["layer"] or "the whole model"
        table.add_row(where, row["kind"], shape, *(f"{row[key]:.3f}" for key in ("min", "mean", "max")))
    STDERR.print(table)
    if report is not None:
        _print_trust(report)
    for row in document["maps"]:
        if not row["positive_evidence"]:
            where = f" at {row['layer']}" if row["layer"] else ""
            against = row["signed"] and row["raw_min"] < 0.0
            end = "; what is drawn speaks against it." if against else ", so it is not drawn."
            note(f"{row['kind']}{where}: no positive evidence for {row['target']}{end}")
    note(f"{len(files)} files in {arguments.out.name}")
    return 0
