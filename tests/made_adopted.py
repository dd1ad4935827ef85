"""An adopted network's checkpoint: a small CBAM of others' hands with three classes and a wide, grey input."""

from __future__ import annotations

from pathlib import Path

from engine.models.adopted.keep import Origin, keep
from engine.models.adopted.network import AdoptedNetwork, adopt
from engine.records import Domain, InputSpec
from tests.models.adopted.made_nets import CLASSES, made

WIDE = InputSpec(size=32, columns=48, channels=1, mean=(0.5,), std=(0.25,), fit="stretch")


def live(design: str = "hand-written CBAM", spec: InputSpec = WIDE) -> AdoptedNetwork:
    """Return a design's network, drawn anew, as one of ours."""
    return adopt(made(design), spec, CLASSES)


def write_adopted(place: Path, domain: Domain = "pictures", spec: InputSpec = WIDE) -> AdoptedNetwork:
    """Write one as the checkpoint ``place``; return the network that it was made of."""
    network = live(spec=spec)
    origin = Origin("net.py:HandCBAM", "best.pth", "ab" * 32, 0.71)
    keep(place, network, classes=CLASSES, spec=spec, domain=domain, origin=origin)
    return network
