"""A small ``attention.safetensors`` whose means can be worked out by hand: three classes, one without pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.analysis.files.attention import AttentionFile, group_of, open_attention, write_attention
from engine.analysis.files.places import ATTENTION, FORMAT
from engine.analysis.sweep.statistics import MapStatistics, Plane

CLASSES = ("happy", "sad", "fear")
LABELS = np.repeat([0, 1], [40, 4])
RIGHT = np.arange(44) % 4 > 0
MAPS = np.random.default_rng(0).uniform(0.4, 0.6, (44, 2, 2)) + 0.2 * LABELS[:, None, None] * np.eye(2)
CHANNELS = np.random.default_rng(1).uniform(0.4, 0.6, (44, 20))
CHANNELS[:, 3] += 0.3 * LABELS  # channel 3 opens for sad
CHANNELS[:, 7] = 0.5  # and channel 7 never moves


def write_made(folder: Path) -> AttentionFile:
    groups = group_of(LABELS, RIGHT)
    statistics = {
        "block1.channel": MapStatistics.of(CHANNELS, groups, 6),
        "block1.spatial": MapStatistics.of(MAPS, groups, 6),
        "gradcam.predicted": MapStatistics.of(10 * MAPS, groups, 6),
    }
    plane = Plane(np.zeros(3), np.zeros((2, 3)), np.zeros(2))
    write_attention(folder / ATTENTION, statistics, plane, {"format": FORMAT, "classes": CLASSES})
    return open_attention(folder / ATTENTION, "make it")
