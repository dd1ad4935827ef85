"""Adopted networks' checkpoints with three classes: a small CBAM of others' hands, and one kept by its code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from engine.models.adopted.keep import Corrected, Origin, keep, keep_live
from engine.models.adopted.live_code import recorded
from engine.models.adopted.network import AdoptedNetwork, adopt
from engine.records import Domain, InputSpec, RunCard
from tests.models.adopted.made_nets import CLASSES, made

WIDE = InputSpec(size=32, columns=48, channels=1, mean=(0.5,), std=(0.25,), fit="stretch")


def live(design: str = "hand-written CBAM", spec: InputSpec = WIDE, classes: Sequence[str] = CLASSES) -> AdoptedNetwork:
    """Return a design's network, drawn anew, as one of ours."""
    net = made(design)
    if len(classes) != len(CLASSES):
        torch.manual_seed(1)
        net.head = nn.Linear(net.head.in_features, len(classes))
    return adopt(net, spec, classes)


def write_adopted(
    place: Path, domain: Domain = "pictures", spec: InputSpec = WIDE, classes: Sequence[str] = CLASSES
) -> AdoptedNetwork:
    """Write one as the checkpoint ``place``; return the network that it was made of."""
    network = live(spec=spec, classes=classes)
    origin = Origin("net.py:HandCBAM", "best.pth", "ab" * 32, 0.71)
    keep(place, network, classes=classes, spec=spec, domain=domain, origin=origin)
    return network


LIVE_GATE = """
from torch import nn


class Gate(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.squeeze = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(width, width, 1), nn.Sigmoid())

    def forward(self, x):
        return x * self.squeeze(x)
"""
LIVE_NET = """
from pathlib import Path

import torch
from torch import nn
from inner.gates import Gate

with Path(__file__).with_name("ran").open("a") as ran:
    ran.write("x")


class Net(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.first = nn.Conv2d(1, width, 3, padding=1)
        self.gate = Gate(width)
        self.head = nn.Linear(width, 3)

    def forward(self, x):
        x = self.gate(torch.relu(self.first(x)))
        if x.mean() > 100:  # PyTorch exports no network that decides by the picture
            x = 2 * x
        return self.head(x.mean((2, 3)))
"""
LIVE_SPEC = InputSpec(size=24, columns=32, channels=1, mean=(0.5,), std=(0.25,), fit="stretch")


def write_code(folder: Path) -> Path:
    """Write a network's code, ``net.py`` and what it imports, into ``folder``; run, it leaves a file ``ran`` there."""
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "gates.py").write_text(LIVE_GATE)
    (folder / "net.py").write_text(LIVE_NET)
    return folder


def write_live(place: Path, code: Path) -> RunCard:
    """Write that network with eight channels as the checkpoint ``place``; return its card."""
    torch.manual_seed(0)
    source, arguments = f"{code / 'net.py'}:Net", {"width": 8}
    _, net = recorded(source, arguments)
    live = adopt(net, LIVE_SPEC, CLASSES)
    card = keep_live(
        place, live, source, arguments, corrected=Corrected(), classes=CLASSES, spec=LIVE_SPEC, domain="pictures",
        origin=Origin("net.py:Net"),
    )  # fmt: skip
    (code / "ran").unlink()
    return card
