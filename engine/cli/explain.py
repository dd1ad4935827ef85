"""``python -m engine explain``: write the attention gates and an explanation of one picture."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from rich.table import Table

from engine.cli.common import STDERR, add_json_option, note, print_json
from engine.errors import FerLensError
from engine.explain.bundle import describe, write_bundle
from engine.explain.methods import METHODS
from engine.explain.target import Target
from engine.inference.faces import default_detector
from engine.inference.predictor import EmotionPredictor
from engine.models.checkpoint import DEFAULT_MODEL


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("image", type=Path, metavar="IMAGE", help="the picture")
    parser.add_argument("--model", default=DEFAULT_MODEL, help="checkpoint name or folder (default: %(default)s)")
    parser.add_argument("--layer", help="explained layer, for example block3 (default: the last)")
    parser.add_argument("--target", metavar="CLASS", help="class to explain (default: the predicted one)")
    parser.add_argument("--minus", metavar="CLASS", help="explain the target minus this class (a contrast)")
    parser.add_argument("--method", default="gradcam", help=f"{', '.join(METHODS)} (default: %(default)s)")
    parser.add_argument("--face", type=int, default=0, help="which face, 0 is the largest (default: 0)")
    parser.add_argument("--whole", action="store_true", help="take the whole picture; look for no face")
    parser.add_argument("--yunet", type=Path, metavar="FILE", help="find faces with this YuNet .onnx file")
    parser.add_argument("--device", default="cpu", help="auto, cuda, mps or cpu (default: %(default)s)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the PNG and NPZ files")
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Explain, write, print."""
    predictor = EmotionPredictor(arguments.model, device=arguments.device, detector=default_detector(arguments.yunet))
    explained = predictor.explain(
        arguments.image,
        layer=arguments.layer,
        target=Target(arguments.target, arguments.minus),
        method=arguments.method,
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
        table.add_row(row["layer"], row["kind"], shape, *(f"{row[key]:.3f}" for key in ("min", "mean", "max")))
    STDERR.print(table)
    for row in document["maps"]:
        if not row["positive_evidence"]:
            note(f"{row['kind']} at {row['layer']}: no positive evidence for {row['target']}, so it is not drawn.")
    note(f"{len(files)} files in {arguments.out.name}")
    return 0
