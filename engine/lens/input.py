"""What pictures a network takes, as a person says it: ``Input(48, 1, mean=.5, std=.5)`` or ``48x48x1``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from engine.errors import UsageError
from engine.records import LARGEST_SIDE, SMALLEST_SIDE, Fit, InputSpec

Figures = float | Sequence[float]
"""One figure for all channels, or one a channel."""

_SIZE: Final = re.compile(r"(\d{1,5})(?:x(\d{1,5}))?(?:x([13]))?")


@dataclass(frozen=True)
class Input:
    """What pictures a network takes: scaled to [0, 1], then (x - mean) / std.

    Attributes:
        size: pixels of a side, or (height, width).
        channels: 1 (grey) or 3 (RGB).
        mean, std: of the training's normalisation, one figure or one a channel. 0 and 1 where pictures were only
            divided by 255; 0 and 1/255 where they were not scaled at all.
        fit: how pictures of another shape are brought there: ``pad``, ``stretch`` or ``crop``.
    """

    size: int | tuple[int, int]
    channels: int = 3
    mean: Figures = 0.5
    std: Figures = 0.5
    fit: Fit = "pad"

    def spec(self) -> InputSpec:
        """Return it as a card keeps it.

        Raises:
            UsageError: no network takes such pictures.
        """
        given: Any = self.size  # whatever a caller passed
        sides = tuple(given) if isinstance(given, (tuple, list)) else (given, given)
        if len(sides) != 2 or not all(
            isinstance(side, int) and not isinstance(side, bool) and SMALLEST_SIDE <= side <= LARGEST_SIDE
            for side in sides
        ):
            raise UsageError(
                f"Expected an input of {SMALLEST_SIDE} to {LARGEST_SIDE} pixels a side, got {self.size}; name the size "
                "that the network was trained with."
            )
        if self.channels not in (1, 3):
            raise UsageError(f"Expected an input of 1 or 3 channels, got {self.channels}.")
        height, width = sides
        try:
            return InputSpec(
                height,
                self.channels,
                self._each("mean", self.mean),
                self._each("std", self.std),
                columns=0 if width == height else width,
                fit=self.fit,
            )
        except ValueError as error:
            raise UsageError(f"The input cannot be: {error}.") from error

    def _each(self, what: str, given: Figures) -> tuple[float, ...]:
        try:
            values = (float(given),) * self.channels if isinstance(given, int | float) else tuple(map(float, given))
        except (TypeError, ValueError):
            raise UsageError(f"Expected {what} as one number, or one a channel, got {given!r:.60}.") from None
        if len(values) != self.channels:
            raise UsageError(f"Expected one {what} or {self.channels}, got {len(values)}.")
        return values


def read_size(words: str) -> tuple[tuple[int, int], int]:
    """Read ``48``, ``48x48`` or ``48x64x1`` (height, width, channels) as ((height, width), channels); 3 unless said.

    Raises:
        UsageError: it is no such thing.
    """
    found = _SIZE.fullmatch(words.strip().lower())
    if found is None:
        raise UsageError(f"Expected --input as HEIGHTxWIDTHxCHANNELS, for example 48x48x1, got '{words}'.")
    height, width, channels = found.groups()
    return (int(height), int(width or height)), int(channels or 3)


def read_figures(words: str, option: str) -> Figures:
    """Read ``.5`` or ``.485,.456,.406``.

    Raises:
        UsageError: it is no such thing.
    """
    try:
        values = tuple(float(word) for word in words.split(","))
    except ValueError:
        raise UsageError(f"Expected {option} as one number, or three with commas between, got '{words}'.") from None
    return values[0] if len(values) == 1 else values
