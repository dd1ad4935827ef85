"""A store with answers to the drawn patterns of FER2013's layout, and made votes on them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.analysis.files.places import analysis_folder
from engine.analysis.sweep.block import SweepSettings
from engine.analysis.sweep.sweep import sweep
from engine.data.registry import load_dataset
from engine.models.checkpoint import load_checkpoint
from tests.dashboard.made import write_seeded
from tests.made_votes import pattern_votes, votes, write_votes

SEEN: dict[tuple[str, str, int], Sequence[int]] = {
    ("PrivateTest", "angry", 0): votes(angry=10),
    ("PrivateTest", "angry", 1): votes(contempt=6, angry=4),
    ("PrivateTest", "disgust", 0): votes(disgust=10),
    ("PrivateTest", "sad", 0): votes(neutral=6, sad=4),
    ("PrivateTest", "sad", 1): votes(unknown=10),
    ("PrivateTest", "fear", 0): votes(surprise=5, fear=5),
    ("PrivateTest", "happy", 0): votes(happy=10),
    ("PrivateTest", "happy", 1): votes(surprise=10),
}
"""What people saw in the private patterns, where that is not eight for the class and two for neutral."""


def write_voted_store(folder: Path, patterns: Path) -> None:
    """Write ``baseline`` and ``cbam``, analysed on the 14 private patterns."""
    dataset = load_dataset("fer2013", "private", data=patterns)
    for model in ("baseline", "cbam"):
        write_seeded(folder, model)
        loaded = load_checkpoint(model, folder=folder)
        out = analysis_folder(folder / model, "fer2013", "private")
        sweep(loaded.model, loaded.card, dataset, out, settings=SweepSettings(batch_size=16), bare=4)


def write_seen(path: Path) -> Path:
    """Write the file of :data:`SEEN`."""
    return write_votes(path, pattern_votes(SEEN))
