"""Where an analysis lies, what its files are called, and the command that makes it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

PREDICTIONS: Final = "predictions.parquet"
ATTENTION: Final = "attention.safetensors"
REPORT: Final = "report.json"
FORMAT: Final = 1
"""Raised when the files' contents change in a way that old readers do not understand."""


def analysis_folder(checkpoint: Path, dataset: str, split: str) -> Path:
    """Return ``<checkpoint>/analysis/<dataset>-<split>``."""
    return checkpoint / "analysis" / f"{dataset}-{split}"


def partial_folder(out: Path) -> Path:
    """Return the folder beside ``out`` that keeps an unfinished analysis."""
    return out.parent / f".{out.name}-partial"


def analyze_command(model: str, dataset: str, split: str, *, force: bool = False) -> str:
    """Return the command that makes (or, with ``force``, makes again) an analysis."""
    command = f"python -m engine analyze --model {model} --dataset {dataset} --split {split}"
    return command + " --force" if force else command
