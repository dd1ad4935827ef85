"""``python -m engine explain``: write the attention gates and an explanation of one picture, or of a pair of frames.

What ``explain --trust`` and ``--sanity`` measure and print.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.progress import Progress, TaskID
from rich.table import Table

from engine.cli import explain_sheet
from engine.cli.common import (
    NO_FACE,
    STDERR,
    add_device_option,
    add_enhancers_option,
    add_face_options,
    add_json_option,
    check_face_options,
    note,
    note_missing_detector,
    print_json,
    shown_search,
)
from engine.data.read.samm import CLIPS, FRAMES, ONSET_APEX
from engine.errors import FerLensError, UnknownNameError, UsageError, printable
from engine.explain.cmaen_shares import cmaen_shares
from engine.explain.methods.method import MID_GREY, Method, Setup
from engine.explain.methods.registry import METHODS, method_names, read_settings, refusals_of
from engine.explain.methods.settings import BASELINE
from engine.explain.target import Target, as_target
from engine.media.faces import default_detector
from engine.models.checkpoint import DEFAULT_MODEL
from engine.predict.bundle import describe, write_bundle
from engine.predict.pairs import PairExplanation
from engine.predictor import EmotionPredictor
from engine.records import FaceExplanation
from engine.trust.map_sanity import MapSanity, map_sanity
from engine.trust.trust import TrustReport


def measure_trust(predictor: EmotionPredictor, explained: FaceExplanation, data: Path | None) -> TrustReport:
    """Ask of every gate and map whether it may be believed, with a bar on a terminal; ``data`` lends its gates."""
    with Progress(console=STDERR, disable=not sys.stderr.isatty(), transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done)

        return predictor.trust(explained, data=data, progress=tell)


def measure_sanity(
    predictor: EmotionPredictor, explained: FaceExplanation, setups: Mapping[str, Setup]
) -> tuple[MapSanity, ...]:
    """Ask the further questions of every map, made with its own setup, with a bar on a terminal."""
    found = []
    with Progress(console=STDERR, disable=not sys.stderr.isatty(), transient=True) as bar:
        for item in explained.maps:
            name = f"{item.method} {item.layer}".strip()
            task = bar.add_task(name, total=None)

            def tell(question: str, done: int, total: int, *, task: TaskID = task, name: str = name) -> None:
                bar.update(task, completed=done, total=total, description=f"{name}: {question}")

            found.append(
                map_sanity(
                    predictor.model,
                    explained.face,
                    item,
                    spec=predictor.card.input,
                    classes=predictor.classes,
                    setup=setups[item.method],
                    seed=setups[item.method].seed,
                    progress=tell,
                )
            )
    return tuple(found)


def print_sanity(found: Sequence[MapSanity]) -> None:
    """Print the figures of every map."""

    def number(value: float | None, form: str = ".3f") -> str:
        return "–" if value is None else format(value, form)

    table = Table("map", "infidelity", "max-sens.", "answer random", "all random", "classes alike")
    for item in found:
        first, last = item.randomisation.parts[0], item.randomisation.parts[-1]
        table.add_row(
            f"{item.method} {item.layer}".strip(),
            number(item.robustness.infidelity),
            number(item.robustness.max_sensitivity),
            number(first.correlation, "+.3f"),
            number(last.correlation, "+.3f"),
            number(item.classes.mean_correlation, "+.3f"),
        )
    STDERR.print(table)
    disturbed = found[0].robustness
    note(
        f"Infidelity: 0 foretells what a disturbance of {disturbed.radius:g} of 255 a pixel does, 1 is as good as an "
        f"empty map. Max-sensitivity: how much the map changes by it, of itself (n = {disturbed.samples})."
    )
    note(
        "Answer, all random: rank correlation with the true map once the answer layer, or every layer, lost its "
        "weights. Classes alike: rank correlation between maps of different classes."
    )


def print_trust(report: TrustReport) -> None:
    """Print the verdicts and figures."""
    table = Table("shown", "verdict", "figure", "interval, or how")
    for gate in report.gates:
        most = max((item for item in gate.replacements if item.name != "ones"), key=lambda item: item.distance.mean())
        table.add_row(gate.layer, gate.verdict, f"{gate.distance:.3f}", most.name)
    for item in report.maps:
        interval = f"{item.score.low:+.3f} to {item.score.high:+.3f}"
        table.add_row(f"{item.method} {item.layer}".strip(), item.verdict, f"{item.score.mean:+.3f}", interval)
    STDERR.print(table)
    note("A gate's figure: the share of the probability that changes hands when the gate is replaced.")
    note(f"Other pictures that lent their gates: {report.lenders}.")
    note("A map's figure: how much better than random maps it finds what the answer needs, 0 is chance.")


def _settings_of(method: Method) -> str:
    bounds = (f"{one.name} {one.low:g}-{one.high:g} ({one.usual:g})" for one in method.settings)
    return f"{method.name}: {', '.join(bounds)}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "images",
        nargs="+",
        type=Path,
        metavar="IMAGE",
        help="the picture; with --clips onset-apex two, ONSET and APEX; with --sheet several",
    )
    parser.add_argument("--model", default=DEFAULT_MODEL, help="checkpoint name or folder (default: %(default)s)")
    parser.add_argument(
        "--clips",
        default=FRAMES,
        metavar="KIND",
        help=f"{FRAMES}, or {ONSET_APEX} for a model that was trained with it: what moved between two frames is "
        "explained, and drawn over the apex frame (default: %(default)s)",
    )
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
        "--methods",
        dest="method",
        default="gradcam",
        metavar="NAME[,NAME...]",
        help=f"{', '.join(METHODS)}, or all that the model can take (default: %(default)s)",
    )
    parser.add_argument(
        "--baseline",
        type=float,
        default=MID_GREY,
        metavar="GREY",
        help="the pixel that means nothing is there, 0 black to 1 white, for the methods that compare with it or cover "
        "with it (default: %(default)s)",
    )
    parser.add_argument(
        "--setting",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a setting of the methods that have it, steps=100, or of one, occlusion.cells=12; may be given again. "
        + "; ".join(_settings_of(method) for method in METHODS.values() if method.settings),
    )
    parser.add_argument("--seed", type=int, default=0, help="of the methods that draw (default: %(default)s)")
    parser.add_argument("--face", type=int, default=0, help="which face, 0 is the largest (default: 0)")
    add_face_options(parser)
    add_enhancers_option(parser)
    add_device_option(parser)
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the PNG and NPZ files")
    explain_sheet.add_options(parser)
    parser.add_argument(
        "--trust", action="store_true", help="measure whether each gate is used and the map is faithful (seconds)"
    )
    parser.add_argument(
        "--others",
        type=Path,
        metavar="DATA",
        help="for --trust, a folder with one folder of pictures a class, whose gates stand in for the picture's "
        "(default: drawn faces; of a network that is not about faces, the data set folder where it is here, else none)",
    )
    parser.add_argument(
        "--sanity",
        action="store_true",
        help="measure each map further: infidelity and max-sensitivity, random weights, other classes (longer)",
    )
    add_json_option(parser)


def _check_pictures(count: int, clips: str) -> None:
    if clips not in CLIPS:
        raise UnknownNameError("kind of clips", clips, CLIPS)
    if clips == ONSET_APEX and count != 2:
        raise UsageError(
            f"Expected two pictures with --clips {ONSET_APEX}, the onset frame and the apex frame of a clip, got "
            f"{count}; give both."
        )
    if clips == FRAMES and count != 1:
        raise UsageError(
            f"Expected one picture, got {count}; give them one by one, or the onset and apex frames of a clip with "
            f"--clips {ONSET_APEX}."
        )


def _target(words: str | None, minus: str | None, classes: Sequence[str]) -> Target:
    target = as_target(words, classes)
    if minus is None:
        return target
    if target.minus is not None:
        raise UsageError(f"--target '{words}' has a minus already; leave --minus out.")
    return replace(target, minus=minus)


def _taken(words: str, predictor: EmotionPredictor) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the methods asked for; of ``all`` those that the model can take, and why it cannot take the others."""
    names = method_names(words)
    if words.strip() != "all":
        return names, {}
    refused = refusals_of(predictor.model, predictor.card.input, names)
    return tuple(name for name in names if name not in refused), refused


def _explained(
    predictor: EmotionPredictor, arguments: argparse.Namespace, methods: tuple[str, ...], setup: Mapping[str, Setup]
) -> FaceExplanation | PairExplanation:
    how: dict[str, Any] = {
        "layer": arguments.layer,
        "target": _target(arguments.target, arguments.minus, predictor.classes),
        "truth": arguments.true,
        "method": methods,
        "setup": setup,
        "face": arguments.face,
        "whole": arguments.whole,
    }
    explain = predictor.explain_pair if arguments.clips == ONSET_APEX else predictor.explain
    return explain(*arguments.images, **how)


def _setups(arguments: argparse.Namespace, methods: tuple[str, ...], predictor: EmotionPredictor) -> dict[str, Setup]:
    """Return what each method works with: the usual, --baseline for all, what --setting says before both."""
    spec = predictor.card.input
    having = [name for name in methods if any(one.name == BASELINE.name for one in METHODS[name].settings)]
    told = [f"{name}.{BASELINE.name}={arguments.baseline!r}" for name in having]
    values = read_settings((*told, *arguments.setting), methods, spec)
    return {name: METHODS[name].setup(values[name], spec, seed=arguments.seed) for name in methods}


def _named(arguments: argparse.Namespace) -> dict[str, str]:
    """Return what was explained; ``source`` is what the maps lie over, of a pair its apex."""
    onset, apex = printable(arguments.images[0].name), printable(arguments.images[-1].name)
    return {"source": apex} | ({"clips": ONSET_APEX, "onset": onset} if arguments.clips == ONSET_APEX else {})


def _write(made: FaceExplanation | PairExplanation, out: Path, measured: dict[str, Any]) -> tuple[str, ...]:
    try:
        return write_bundle(made, out, measured)
    except OSError as error:
        raise FerLensError(f"'{out.name}' cannot be written ({error.strerror}); choose another --out.") from error


def _check(arguments: argparse.Namespace) -> None:
    """Raise where the options make no sense."""
    method_names(arguments.method)  # before anything is loaded: a wrong name is said at once
    explain_sheet.check_options(arguments)
    if arguments.sheet is None:
        _check_pictures(len(arguments.images), arguments.clips)
        if arguments.out is None:
            raise UsageError("Expected --out, the folder for the files, or --sheet, a file for a paper; give one.")
    if not 0.0 <= arguments.baseline <= 1.0:
        raise UsageError(f"Expected --baseline from 0 (black) to 1 (white), got {arguments.baseline}; choose another.")
    if arguments.seed < 0:
        raise UsageError(f"Expected --seed of 0 or more, got {arguments.seed}; choose another.")
    check_face_options(arguments)


def run(arguments: argparse.Namespace) -> int:
    """Explain, write, print."""
    _check(arguments)
    predictor = EmotionPredictor(
        arguments.model,
        device=arguments.device,
        detector=default_detector(arguments.yunet),
        enhancers=arguments.enhancers,
        require_face=arguments.require_face,
    )
    arguments.whole = arguments.whole or predictor.card.domain == "pictures"
    methods, left_out = _taken(arguments.method, predictor)
    setup = _setups(arguments, methods, predictor)
    if arguments.sheet is not None:
        return explain_sheet.write_sheet(
            predictor, arguments, methods, setup, _target(arguments.target, arguments.minus, predictor.classes)
        )
    with Progress(console=STDERR, transient=True, disable=not sys.stderr.isatty()) as bar, shown_search(bar):
        made = _explained(predictor, arguments, methods, setup)
    explained = made.explained if isinstance(made, PairExplanation) else made
    if arguments.trust or arguments.sanity:  # they take long: a run that is stopped leaves its maps
        _write(made, arguments.out, {})
    measured: dict[str, Any] = {"left_out": left_out}
    shares = cmaen_shares(predictor.model, explained.face[None], spec=predictor.card.input)
    if shares is not None:
        measured["shares"] = shares.as_dict()
    report = measure_trust(predictor, explained, arguments.others) if arguments.trust else None
    if report is not None:
        measured["trust"] = report.as_dict()
    sanity = measure_sanity(predictor, explained, setup) if arguments.sanity else ()
    if arguments.sanity:
        measured["sanity"] = [item.as_dict() for item in sanity]
    files = _write(made, arguments.out, measured)
    document: dict[str, Any] = {**_named(arguments), **describe(explained), "files": list(files), **measured}
    if arguments.json:
        print_json(document)
        return 0
    _print(explained, document, whole=arguments.whole)
    note_missing_detector(predictor.detector, arguments)
    if report is not None:
        print_trust(report)
    if sanity:
        print_sanity(sanity)
    note(f"{len(files)} files in {arguments.out.name}")
    return 0


def _print(explained: FaceExplanation, document: dict[str, Any], *, whole: bool) -> None:
    nobody = NO_FACE if explained.box is None and not whole else ""
    sys.stdout.write(
        f"{document['source']}: {nobody}{explained.prediction.label} {explained.prediction.confidence:.0%}\n"
    )
    if "onset" in document:
        note(f"What moved from {document['onset']} to {document['source']}; maps lie over {document['source']}.")
    table = Table("map", "kind", "shape", "min", "mean", "max")
    for row in document["gates"] + document["maps"]:
        shape = "x".join(map(str, row["shape"]))
        where = row["layer"] or "the whole model"
        table.add_row(where, row["kind"], shape, *(f"{row[key]:.3f}" for key in ("min", "mean", "max")))
    STDERR.print(table)
    for row in document["maps"]:
        if not row["positive_evidence"]:
            where = f" at {row['layer']}" if row["layer"] else ""
            against = row["signed"] and row["raw_min"] < 0.0
            end = "; what is drawn speaks against it." if against else ", so it is not drawn."
            note(f"{row['kind']}{where}: no positive evidence for {row['target']}{end}")
        if row["class_agnostic"]:
            note(f"{row['kind']} is class-agnostic: the same whichever class is explained.")
    for name, reason in document["left_out"].items():
        note(f"{name} left out: {reason}.")
    if "shares" in document:
        _print_shares(document["shares"], explained.prediction.label)


def _print_shares(shares: dict[str, Any], label: str) -> None:
    """Say what the answer of a ``cmaen`` is made of."""
    if shares["ratio"] is not None:
        note(
            f"Cross-modal attention: gamma {shares['gamma']:.4g}, what it adds is {shares['ratio']:.4g} of what it is "
            "added to."
        )
    if shares["share"] is not None:
        emotion, fusion = (100 * shares["share"][part] for part in ("emotion", "fusion"))
        note(
            f"Of the logit of {label} above the mean of the classes the emotion heads give {emotion:.1f} %, the fusion "
            f"classifier {fusion:.1f} %."
        )
