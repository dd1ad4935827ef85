"""``python -m engine import``: bring your own network; its gates are found by themselves."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.cli.common import add_device_option, add_json_option, note, print_json
from engine.errors import CheckpointError, UsageError
from engine.lens.check import CheckReport, check
from engine.lens.importing import Imported, Request, carry_out, carry_out_apart
from engine.lens.lens import place_for
from engine.lens.sources import check_source, is_code
from engine.models.adopted.trust_code import pinned
from engine.models.checkpoint import load_checkpoint, read_card, update_card
from engine.predict.face_model import FaceModel
from engine.training.device import choose_device


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("source", metavar="SOURCE", help="timm:NAME, torchvision:NAME, or FILE.py:CLASS")
    parser.add_argument("--weights", type=Path, metavar="FILE", help=".safetensors, or a .pth of a state_dict")
    parser.add_argument(
        "--classes", required=True, metavar="A,B,...", help="names in the order of the outputs, or @FILE, one a line"
    )
    parser.add_argument("--input", default="", metavar="HxWxC", help="for example 48x48x1")
    parser.add_argument("--mean", default="", help="of the training's normalisation: one figure, or one a channel")
    parser.add_argument("--std", default="", help="as --mean")
    parser.add_argument(
        "--fit", default="", choices=["", "pad", "stretch", "crop"], help="how other shapes are brought to the input"
    )
    parser.add_argument(
        "--domain", default="faces", choices=["faces", "pictures"], help="pictures: no face is looked for"
    )
    parser.add_argument("--args", default="{}", metavar="JSON", help="arguments of the network's constructor")
    parser.add_argument("--name", required=True, help="of the new checkpoint")
    parser.add_argument("--gate", action="append", default=[], metavar="NAME", help="a candidate that is a gate")
    parser.add_argument("--no-gate", action="append", default=[], metavar="NAME", help="a gate that is none")
    parser.add_argument("--layer", metavar="NAME", help="the layer that maps are taken at unless said")
    parser.add_argument("--claimed", type=float, metavar="SHARE", help="the accuracy that its maker states, 0 to 1")
    parser.add_argument("--check", type=Path, metavar="FOLDER", help="measure it there: one folder a class")
    parser.add_argument("--overwrite", action="store_true", help="replace a checkpoint of that name")
    parser.add_argument(
        "--trust-code",
        action="store_true",
        help="FILE.py is run, once and in a process of its own: say that you trust it",
    )
    parser.add_argument(
        "--live",
        action="store_true",
        help="of FILE.py: where PyTorch cannot store the network without its code, keep it by the file's path and "
        "sha256; every start that opens it must then be told --trust-code NAME",
    )
    add_device_option(parser, words="for --check: ")
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Import, and check."""
    check_source(arguments.source, arguments.weights)
    place = place_for(arguments.name).absolute()
    if place.exists() and not arguments.overwrite:
        raise CheckpointError(f"Checkpoint '{place.name}' exists already; choose another --name, or --overwrite.")
    if is_code(arguments.source) and not arguments.trust_code:
        raise UsageError(
            "Importing from a Python file runs its code, once and in a process of its own; say that you trust it with "
            "--trust-code."
        )
    if arguments.live and not is_code(arguments.source):
        raise UsageError("--live is for a network in a Python file; those of libraries are stored without code.")
    weights = "" if arguments.weights is None else str(arguments.weights.absolute())
    request = Request(
        source=arguments.source,
        weights=weights,
        classes=_classes(arguments.classes),
        place=str(place),
        size=arguments.input,
        mean=arguments.mean,
        std=arguments.std,
        fit=arguments.fit,
        domain=arguments.domain,
        arguments=_arguments(arguments.args),
        gates=tuple(arguments.gate),
        no_gates=tuple(arguments.no_gate),
        layer=arguments.layer,
        claimed_accuracy=arguments.claimed,
        overwrite=arguments.overwrite,
        live=arguments.live,
    )
    done = carry_out_apart(request) if is_code(arguments.source) else carry_out(request)
    report = _checked(place, arguments.check, arguments.device)
    if arguments.json:
        print_json(_document(done, report))
        return 0
    sys.stdout.write(f"{done.findings}\n")
    if done.input_from:
        note(f"The input's figures that were not named are {done.input_from}.")
    if report is not None:
        sys.stdout.write(f"{report}\n")
    else:
        note("Not checked against your data; --check FOLDER measures it.")
    name = done.card.name
    trusting = f" --trust-code {pinned(done.card)}" if done.card.is_live else ""
    note(f"'{name}' is stored; python -m engine explain PICTURE --model {name} --out DIR{trusting} shows it.")
    if done.card.is_live:
        note(
            "PyTorch could not store it without its code, so it is kept live: its code runs at every start that is "
            "told to trust it, in that process and with its rights, and a changed file is refused."
        )
    return 0


def _checked(place: Path, data: Path | None, device: str) -> CheckReport | None:
    """Measure what was stored, and keep the figures on its card."""
    if data is None:
        return None
    card = read_card(place)
    # The code of a live network was trusted in the words of this very command.
    report = check(FaceModel(load_checkpoint(place, device=choose_device(device), trust_code=True)), data)
    update_card(place, replace(card, metrics={**card.metrics, **report.metrics()}))
    return report


def _classes(words: str) -> tuple[str, ...]:
    """Return class names from a list with commas, or of a file."""
    if words.startswith("@"):
        file = Path(words[1:])
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError) as error:
            raise UsageError(f"'{file.name}' cannot be read as class names, one a line.") from error
        names = tuple(line.strip() for line in lines if line.strip())
    else:
        names = tuple(name.strip() for name in words.split(",") if name.strip())
    if len(names) < 2 or len(set(names)) != len(names):
        raise UsageError(f"Expected two or more distinct class names, got {len(names)}; name them with commas between.")
    return names


def _arguments(words: str) -> dict[str, Any]:
    try:
        found = json.loads(words)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"Expected --args as a JSON object, got '{words[:60]}'.") from error
    if not isinstance(found, dict):
        raise UsageError(f"Expected --args as a JSON object, got '{words[:60]}'.")
    return found


def _document(done: Imported, report: CheckReport | None) -> dict[str, Any]:
    card = done.card
    return {
        "model": card.name,
        "classes": list(card.classes),
        "gates": card.config["gates"],
        "layers": card.config["layers"],
        "domain": card.domain,
        "origin": card.origin,
        "live": card.is_live,
        "input_from": done.input_from,
        "check": None if report is None else report.as_dict(),
    }
