"""What stands beside an analysis and outlives its replacement: how the model's gates are used on the same pictures.

``gate_use.json`` is measured by another command, and takes long. A new analysis of the same weights and pictures leaves
it as true as it was, so it is taken over; of other weights or pictures it would be stale, so it is dropped, and said.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.analysis.files.gate_use import GATE_USE, gate_use_command
from engine.analysis.files.places import REPORT


@dataclass(frozen=True)
class Carried:
    """What became of a file of the analysis that is replaced.

    Attributes:
        file: its name.
        kept: whether it was taken over.
        reason: why, in words that end a sentence.
        remedy: the command that makes it anew, where it was dropped; else empty.
    """

    file: str
    kept: bool
    reason: str
    remedy: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {"file": self.file, "kept": self.kept, "reason": self.reason, "remedy": self.remedy}


def carry_gate_use(old: Path, new: Path, metadata: dict[str, Any]) -> Carried | None:
    """Copy ``gate_use.json`` of the analysis ``old`` into the folder ``new`` where it still holds.

    Args:
        old: the folder that will be replaced; it need not be there.
        new: the folder that will stand in its place.
        metadata: of the new analysis: its model, dataset, split, weights_sha256 and data_fingerprint.

    Returns:
        What became of it; None where there is none.
    """
    file = old / GATE_USE
    if not file.is_file():
        return None
    reason = _stale(file, old / REPORT, metadata)
    if reason:
        command = gate_use_command(metadata["model"], metadata["dataset"], metadata["split"])
        return Carried(GATE_USE, kept=False, reason=reason, remedy=command)
    shutil.copyfile(file, new / GATE_USE)
    return Carried(GATE_USE, kept=True, reason="the weights and the pictures are the same")


def _stale(file: Path, report: Path, metadata: dict[str, Any]) -> str:
    """Say why the file no longer holds; empty where it does."""
    use = _document(file)
    if use is None:
        return "it is damaged"
    if use.get("weights_sha256") != metadata["weights_sha256"]:
        return "it was measured with other weights"
    before = _document(report) or {}
    # A report that cannot be read says nothing of the pictures; those of a named split hardly ever change.
    if before.get("data_fingerprint", metadata["data_fingerprint"]) != metadata["data_fingerprint"]:
        return "it was measured on other pictures"
    return ""


def _document(file: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
