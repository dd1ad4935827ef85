"""Draws a range of built-in faces and writes their raw pixels to standard output.

A process of its own, so that a data set is drawn on every core whatever the calling program is (a notebook, a page, a
script without a main guard). ``python -m engine.synthetic.worker SEED SPLIT START STOP SIZE CHANNELS``
"""

from __future__ import annotations

import sys
from typing import BinaryIO

import cv2

from engine.synthetic.face import draw_image, sample_parameters


def write_range(out: BinaryIO, *, seed: int, split: str, start: int, stop: int, size: int, channels: int) -> None:
    """Write the uint8 pixels of faces ``start`` to ``stop`` - 1 of ``split`` to ``out``, one picture after another."""
    for index in range(start, stop):
        out.write(draw_image(sample_parameters(seed, index, split=split), size, channels).tobytes())
        out.flush()


def main(words: list[str]) -> None:
    """Run as the command in the module's description."""
    seed, split, start, stop, size, channels = words
    cv2.setNumThreads(1)
    write_range(
        sys.stdout.buffer,
        seed=int(seed),
        split=split,
        start=int(start),
        stop=int(stop),
        size=int(size),
        channels=int(channels),
    )


if __name__ == "__main__":
    main(sys.argv[1:])
