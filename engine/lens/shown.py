"""An explanation that draws itself: in a notebook, or into a file."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

import numpy as np

from engine.draw.contact_sheet import contact_sheet
from engine.draw.overlay import (
    display_ranges,
    draw_channel_gate,
    overlay,
    overlay_explanation,
    overlay_gate,
    png_bytes,
    received_map,
)
from engine.explain.methods.registry import METHODS
from engine.predict.bundle import write_bundle
from engine.records import AttentionGate, FaceExplanation, UInt8

MOST_TILES: Final = 24
"""Gates that a sheet shows; :meth:`ShownExplanation.write` writes all of them."""


@dataclass(frozen=True, eq=False)
class ShownExplanation(FaceExplanation):
    """What one pass gave for one picture; see :class:`engine.records.FaceExplanation`."""

    def picture(self) -> UInt8:
        """Return the picture, its maps and its gates on one sheet: (H, W, 3) uint8 RGB."""
        answer = f"{self.prediction.label} {self.prediction.confidence:.0%}"
        tiles: list[tuple[str, UInt8]] = [(answer, self.face)]
        for item in self.maps:
            drawn = overlay_explanation(self.face, item)
            title = METHODS[item.method].title
            if drawn is None:
                tiles.append((f"{title}: no positive evidence for {item.target}", self.face))
            else:
                tiles.append((f"{title} for {item.target}, {item.layer}".rstrip(", "), drawn))
        gates = [(self._caption(gate), drawn) for gate in self.gates if (drawn := self._gate(gate)) is not None]
        return contact_sheet([*tiles, *gates[-MOST_TILES:]])

    @staticmethod
    def _caption(gate: AttentionGate) -> str:
        return f"{gate.layer} {gate.minimum:.2f} to {gate.maximum:.2f}"

    def _gate(self, gate: AttentionGate) -> UInt8 | None:
        """Draw one gate; None for a kind that has no place in the picture, and no channels either."""
        if gate.kind == "spatial":
            return overlay_gate(self.face, gate)
        if gate.kind == "channel":
            return draw_channel_gate(gate)
        if gate.kind == "full":
            return overlay(self.face, np.asarray(gate.weights.mean(axis=0), dtype=np.float32), smooth=False)
        if gate.kind == "cross":
            received = received_map(gate)
            if received is not None:
                (limits,) = display_ranges([received], natural=None)
                return overlay(self.face, received, limits=limits, smooth=False)
        return None

    def write(self, folder: str | Path) -> tuple[str, ...]:
        """Write every map and gate as PNG, and all numbers as ``explanation.npz`` and ``.json``; return the names."""
        return write_bundle(self, Path(folder))

    def _repr_png_(self) -> bytes:
        """Draw itself, for notebooks."""
        return png_bytes(self.picture())

    def __str__(self) -> str:
        """Return the answer and what was recorded, in a line."""
        return (
            f"{self.prediction.label} {self.prediction.confidence:.0%} ({self.model}): {len(self.gates)} gates, "
            f"{', '.join(METHODS[item.method].title for item in self.maps)} for {self.maps[0].target}"
        )


def findings_html(title: str, lines: str) -> str:
    """Return what a lens shows of itself in a notebook."""
    return f"<b>{escape(title)}</b><pre>{escape(lines)}</pre>"
