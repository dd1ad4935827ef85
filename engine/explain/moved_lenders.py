"""Who lends gates to a model that takes the difference of a clip's onset and apex: built-in faces that move.

A single picture is nothing such a model has ever seen; what its gates do on one would say little of a movement.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import count, islice
from typing import Final

import cv2
import numpy as np

from engine.data.drawn import DATASET_SEED
from engine.data.key_frames import difference
from engine.labels import EMOTIONS
from engine.records import InputSpec, UInt8
from engine.synthetic import draw_image, prototype, sample_parameters
from engine.synthetic.face import SIZES

MOVED_LENDERS: Final = "movements of drawn faces of the built-in data set"
"""Whose gates stand in, as :attr:`engine.trust.trust.TrustReport.lenders` says it."""

_REST: Final = "neutral"


def moved_lenders(wanted: int, spec: InputSpec) -> UInt8:
    """Return what moves from rest to expression in ``wanted`` built-in faces, every emotion but rest in turn.

    Returns:
        (wanted, S, S) or (wanted, S, S, 3) uint8 as :func:`engine.data.key_frames.difference` has it.
    """
    size = int(np.clip(spec.size, *SIZES))
    moving = (index for index in count() if EMOTIONS[index % len(EMOTIONS)] != _REST)
    found = []
    for index in islice(moving, wanted):
        face = sample_parameters(DATASET_SEED, index, split="test")
        rest = replace(face, label=_REST, expression=prototype(_REST))
        onset, apex = (draw_image(one, size, spec.channels) for one in (rest, face))
        moved = difference(onset, apex)
        if size != spec.size:
            moved = np.asarray(cv2.resize(moved, (spec.size, spec.size), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        found.append(moved)
    return np.stack(found)
