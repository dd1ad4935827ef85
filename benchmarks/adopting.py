"""What a network of others costs: looking through it, and recording its gates at each pass. One JSON document.

``python -m benchmarks.adopting`` opens a torchvision ResNet50, a timm ResNet18 and ResNet50 with CBAM, and a small CBAM
written by hand.
It times the discovery, then passes with and without a record, in turns, and compares their medians. The weights are
random: the time of a pass does not hang on them. On a machine that does other work the figures say nothing; the load is
printed with them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import timm
import torch
from torch import nn
from torchvision import models

from engine.models.adopted.network import adopt, noise
from engine.models.taps import record_attention
from engine.records import InputSpec
from tests.models.adopted.made_nets import made

DISCOVERY_SECONDS: Final = 5.0
LONG_PASS_SECONDS: Final = 0.030
"""A pass from which on recording is judged by its share."""
RATIO: Final = 1.10
ADDED_SECONDS: Final = 0.002
COLOURS: Final = InputSpec(size=224, channels=3, mean=(0.0,) * 3, std=(1.0,) * 3)
CBAM: Final = {"attn_layer": "cbam"}
NETWORKS: Final[dict[str, tuple[Callable[[], nn.Module], InputSpec, int]]] = {
    "torchvision resnet50, 224": (lambda: models.resnet50(num_classes=7), COLOURS, 7),
    "timm resnet50 cbam, 224": (lambda: timm.create_model("resnet50", num_classes=7, block_args=CBAM), COLOURS, 7),
    "timm resnet18 cbam, 112": (
        lambda: timm.create_model("resnet18", num_classes=7, block_args=CBAM),
        InputSpec(size=112, channels=3, mean=(0.0,) * 3, std=(1.0,) * 3),
        7,
    ),
    "CBAM by hand, 48": (
        lambda: made("hand-written CBAM"),
        InputSpec(size=48, channels=1, mean=(0.0,), std=(1.0,)),
        3,
    ),
}
"""Name → what builds it, what it takes, its classes."""


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.adopting", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--passes", type=int, default=30, help="of each kind (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="of PyTorch (default: %(default)s)")
    return parser.parse_args(arguments)


def measured(make: Callable[[], nn.Module], spec: InputSpec, classes: int, passes: int) -> dict[str, Any]:
    """Return the figures of one network."""
    torch.manual_seed(0)
    net = make().eval()
    names = [f"class {number}" for number in range(classes)]
    began = time.perf_counter()
    adopted = adopt(net, spec, names).eval()
    discovery = time.perf_counter() - began
    x = noise(spec, 1)

    def bare() -> None:
        net(x)

    def recording() -> None:
        with record_attention():
            adopted(x)

    seconds: dict[str, list[float]] = {"bare": [], "recording": []}
    with torch.no_grad():
        bare(), recording()
        for _ in range(passes):
            for name, step in (("bare", bare), ("recording", recording)):
                began = time.perf_counter()
                step()
                seconds[name].append(time.perf_counter() - began)
    bare_median, recording_median = (statistics.median(seconds[name]) for name in ("bare", "recording"))
    long = bare_median >= LONG_PASS_SECONDS
    within = recording_median <= RATIO * bare_median if long else recording_median - bare_median <= ADDED_SECONDS
    return {
        "gates": len(adopted.findings.gates),
        "discovery_seconds": round(discovery, 3),
        "bare_ms": round(1e3 * bare_median, 2),
        "recording_ms": round(1e3 * recording_median, 2),
        "ratio": round(recording_median / bare_median, 3),
        "added_ms": round(1e3 * (recording_median - bare_median), 2),
        "judged_by": "ratio" if long else "added",
        "within_the_bars": within and discovery <= DISCOVERY_SECONDS,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; status 1 where a bar is missed."""
    given = parse(arguments)
    torch.set_num_threads(given.threads)
    before = os.getloadavg()[0]
    found = {name: measured(*network, given.passes) for name, network in NETWORKS.items()}
    document = {
        "networks": found,
        "bars": {"discovery_seconds": DISCOVERY_SECONDS, "ratio": RATIO, "added_ms": 1e3 * ADDED_SECONDS},
        "threads": given.threads,
        "load_before": round(before, 1),
        "cpus": os.cpu_count(),
        "torch": torch.__version__,
    }
    sys.stdout.write(json.dumps(document, indent=1) + "\n")
    return 0 if all(one["within_the_bars"] for one in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
