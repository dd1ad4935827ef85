"""``python -m engine export``: write a checkpoint as ONNX, TorchScript or PT2, and say how it compares."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.cli.common import STDERR, add_data_options, add_json_option, print_json
from engine.data.registry import load_for
from engine.errors import UsageError
from engine.models.checkpoint import DEFAULT_MODEL, LoadedModel, load_checkpoint
from engine.writing.held import held
from engine.writing.whole import whole_file

FORMATS: Final[dict[str, str]] = {
    "onnx": "one file for onnxruntime, phones and browsers",
    "torchscript": "for libtorch (deprecated by PyTorch)",
    "pt2": "PyTorch's own exported program",
}
_CALIBRATION: Final = 256
_COMPARED: Final = 256


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--model", default=DEFAULT_MODEL, help="checkpoint name or folder (default: %(default)s)")
    words = "; ".join(f"{name}: {said}" for name, said in FORMATS.items())
    parser.add_argument("--format", choices=FORMATS, default="onnx", help=f"{words} (default: %(default)s)")
    parser.add_argument(
        "--int8", action="store_true", help="8 bit weights and activations, in ranges taken from --dataset; onnx only"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="a new file (default: MODEL with the format's ending)")
    add_data_options(parser, dataset="synthetic")
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write, compare, report."""
    from engine.models import export
    from engine.predict.exported import check_exported

    if arguments.int8 and arguments.format != "onnx":
        raise UsageError(f"Expected --int8 with --format onnx, got {arguments.format}; leave one of them out.")
    loaded = load_checkpoint(arguments.model)
    card, ending = loaded.card, export.FORMATS[arguments.format]
    file: Path = arguments.out or Path(f"{card.name}{'-int8' if arguments.int8 else ''}{ending}")
    about = _about(loaded, arguments)
    with held(file, parents=False), STDERR.status(f"exporting {card.name}"):
        _check_new(file)
        with whole_file(file) as part, tempfile.TemporaryDirectory(prefix="ferlens-") as folder:
            written = Path(folder) / part.name if arguments.int8 else part
            exported = export.export_model(loaded.model, card.input, written, format=arguments.format, about=about)
            if arguments.int8:
                pictures = _pictures(arguments, loaded, "train", _CALIBRATION)
                export.quantise_onnx(written, part, pictures, export.INPUT)
            graph = export.ExportedGraph(loaded.model, card.input).eval()
            compared = _pictures(arguments, loaded, "val", _COMPARED)
            # compared before it gets its name: what cannot be run is not left behind
            check = check_exported(replace(exported, path=part), graph, compared)
            _check_new(file)  # again: another run may have been quicker
    document = {
        "model": card.name,
        "format": arguments.format,
        "int8": arguments.int8,
        "file": file.name,
        "bytes": file.stat().st_size,
        "outputs": list(exported.outputs),
        "compared_on": f"{arguments.dataset} val",
        **asdict(check),
    }
    if arguments.json:
        print_json(document)
    else:
        _print(document)
    return 0


def _check_new(file: Path) -> None:
    if file.exists():
        raise UsageError(f"'{file.name}' is there already; name another file with --out or take it away.")
    if not file.parent.is_dir():
        raise UsageError(f"Expected --out in a folder that exists, got '{file.parent.name}'; make it first.")


def _about(loaded: LoadedModel, arguments: argparse.Namespace) -> dict[str, str]:
    """Return what the file says of itself."""
    card = loaded.card
    about = {
        "model": card.name,
        "architecture": card.architecture,
        "classes": json.dumps(card.classes),
        "input": json.dumps(
            {
                "size": card.input.size,
                "columns": card.input.width,
                "channels": card.input.channels,
                "range": [0, 1],
            }
        ),
        "weights_sha256": card.weights_sha256,
    }
    if arguments.int8:
        about["calibration"] = f"{_CALIBRATION} pictures of {arguments.dataset} train"
    return about


def _pictures(arguments: argparse.Namespace, loaded: LoadedModel, split: str, count: int) -> NDArray[np.float32]:
    """Return up to ``count`` pictures (N, channels, size, size) float32 in [0, 1], evenly spaced over a split."""
    images = load_for(
        loaded.card,
        arguments.dataset,
        split,
        data=arguments.data,
        drop_unknown=arguments.drop_unknown,
    ).images
    # Evenly spaced: a folder's pictures come class by class.
    chosen = images[np.linspace(0, len(images) - 1, min(count, len(images))).astype(int)]
    stacked = chosen[:, None] if chosen.ndim == 3 else chosen.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(stacked, np.float32) / np.float32(255.0)


def _print(document: dict[str, Any]) -> None:
    sys.stdout.write(
        f"{document['file']}: {document['bytes'] / 1e6:.1f} MB, outputs {', '.join(document['outputs'])}\n"
        f"on {document['pictures']} pictures of {document['compared_on']}: the same answer on "
        f"{100 * document['same_answers']:.1f} %, logits within {document['logits_difference']:.1g}, gates within "
        f"{document['gates_difference']:.1g}\n"
        f"one picture: {document['milliseconds']:.1f} ms, in PyTorch {document['torch_milliseconds']:.1f} ms "
        f"({document['threads']} threads)\n"
    )
