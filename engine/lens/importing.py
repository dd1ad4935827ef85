"""Import a network of others: built, filled with its weights, looked through, stored as a checkpoint.

A request is data, so that a child process can carry it out where code of others has to run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from torch import nn

from engine.errors import CheckpointError, FerLensError, NetworkError, UsageError
from engine.lens.input import Input, read_figures, read_size
from engine.lens.lens import open_network
from engine.lens.sources import build, is_code, lay_weights, shown
from engine.models.adopted.keep import Origin
from engine.models.checkpoint import file_sha256
from engine.places import CODE
from engine.records import Domain, Fit, RunCard

IMAGENET: Final = Input(224, 3, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), "crop")
"""What torchvision's networks were trained with."""


@dataclass(frozen=True)
class Request:
    """What is to be imported.

    Attributes:
        source: as :mod:`engine.lens.sources` takes it. weights: the file of its weights, or empty.
        weights_name: what that file is called where it lies under another name; else empty.
        classes: K names in the order of the outputs.
        place: the folder of the new checkpoint.
        size, mean, std: as words; empty for a library's own.
        fit, domain, arguments: of input and network.
        gates, no_gates, layer: corrections of what is found.
        claimed_accuracy: what its maker says.
        overwrite: replace a checkpoint that is there.
        live: of a Python file: keep it by its code where it cannot be stored without.
    """

    source: str
    weights: str
    classes: tuple[str, ...]
    place: str
    size: str = ""
    mean: str = ""
    std: str = ""
    fit: Fit | str = ""
    domain: Domain = "faces"
    arguments: Mapping[str, Any] = field(default_factory=dict)
    gates: tuple[str, ...] = ()
    no_gates: tuple[str, ...] = ()
    layer: str | None = None
    claimed_accuracy: float | None = None
    overwrite: bool = False
    weights_name: str = ""
    live: bool = False


@dataclass(frozen=True)
class Imported:
    """What came of it.

    Attributes:
        card: the new checkpoint's. findings: gates, layers and what was left out, in lines.
        input_from: where the input's figures come from, where they were not given.
    """

    card: RunCard
    findings: str
    input_from: str = ""


def _input(request: Request, net: nn.Module | None) -> tuple[Input, str]:
    """Return the input, and where what was not named is from.

    Raises:
        UsageError: it was not named, and the network does not say.
    """
    own, said = None, ""
    cfg = getattr(net, "pretrained_cfg", None)
    if isinstance(cfg, Mapping) and {"input_size", "mean", "std"} <= cfg.keys():
        channels, height, width = cfg["input_size"]
        own = Input((height, width), channels, tuple(cfg["mean"]), tuple(cfg["std"]), "crop")
        said = "timm's own settings of this network"
    elif request.source.startswith("torchvision:"):
        own, said = IMAGENET, "ImageNet's, with which torchvision's networks were trained"
    missing = [
        option for option, value in zip(("--input", "--mean", "--std"), _words(request), strict=True) if not value
    ]
    if own is None and missing:
        raise UsageError(
            f"Expected {' and '.join(missing)}: the size and the normalisation that the network was trained with, for "
            "example --input 48x48x1 --mean .5 --std .5."
        )
    base = own or IMAGENET
    size, channels = read_size(request.size) if request.size else (base.size, base.channels)
    mean = read_figures(request.mean, "--mean") if request.mean else base.mean
    std = read_figures(request.std, "--std") if request.std else base.std
    if channels == 1:  # a library's figures are by colour
        mean, std = (value if isinstance(value, float) else sum(value) / len(value) for value in (mean, std))
    fit: Any = request.fit or ("pad" if own is None else base.fit)
    return Input(size, channels, mean, std, fit), said if missing else ""


def _words(request: Request) -> tuple[str, str, str]:
    return request.size, request.mean, request.std


def carry_out(request: Request) -> Imported:
    """Build, fill, look through and store a network, here and now.

    Raises:
        FerLensError: it cannot be; the message says where and why.
    """
    if is_code(request.source):
        _input(request, None)  # said before any code runs
    channels = read_size(request.size)[1] if request.size else 3
    net = build(request.source, classes=len(request.classes), channels=channels, arguments=request.arguments)
    origin = Origin(shown(request.source), claimed_accuracy=request.claimed_accuracy)
    if request.weights:
        file = Path(request.weights)
        called = request.weights_name or file.name
        try:
            lay_weights(net, file)
        except CheckpointError as error:
            raise CheckpointError(str(error).replace(file.name, called)) from error
        origin = Origin(origin.source, called, file_sha256(file), request.claimed_accuracy)
    given, said = _input(request, net)
    place = Path(request.place)
    lens = open_network(
        net,
        classes=request.classes,
        input=given,
        domain=request.domain,
        name=place.name,
        gates=request.gates,
        no_gates=request.no_gates,
        layer=request.layer,
        origin=origin,
    )
    live = request.source if request.live and is_code(request.source) else ""
    card = lens.save(place, overwrite=request.overwrite, live=live, arguments=request.arguments)
    return Imported(card, lens.findings.describe(), said)


def carry_out_apart(request: Request, *, seconds: float | None = None) -> Imported:
    """As :func:`carry_out`, in a child process, where the code of others runs and ends.

    What it prints goes to stderr.

    Args:
        request: what is wanted.
        seconds: after which the process is ended; None: it may take as long as it likes.
    """
    from engine.models.checkpoint import read_card

    if is_code(request.source):
        _input(request, None)  # what is not named is said before any process starts
    with tempfile.TemporaryDirectory(prefix="ferlens-import-") as folder:
        answer = Path(folder) / "answer.json"
        # whole paths: the child must find FERLens, and finds nothing by the folder that it is started in
        paths = os.pathsep.join(filter(None, (str(CODE), os.environ.get("PYTHONPATH", ""))))
        try:
            done = subprocess.run(  # noqa: S603 - this interpreter, with a module of ours
                [sys.executable, "-m", "engine.lens.child", str(answer)],
                input=json.dumps(asdict(request)),
                text=True,
                stdout=sys.stderr.fileno() if _has_file(sys.stderr) else subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": paths},
                check=False,
                timeout=seconds,
            )
        except subprocess.TimeoutExpired as error:
            raise NetworkError(
                f"The network was not stored within {seconds:.0f} seconds; import it from the command line, which sets "
                "no limit."
            ) from error
        try:
            said = json.loads(answer.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise NetworkError(
                f"The network's code ended its process (status {done.returncode}) before the network was stored."
            ) from error
    if said.get("error"):
        raise (UsageError if said.get("usage") else FerLensError)(said["error"])
    return Imported(read_card(Path(request.place)), str(said["findings"]), str(said["input_from"]))


def _has_file(stream: Any) -> bool:
    try:
        stream.fileno()
    except (OSError, AttributeError, ValueError):
        return False
    return True
