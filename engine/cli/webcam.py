"""``ferlens webcam``: the live page with a camera; its options are those of ``python -m dashboard.webcam``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NoReturn

from engine.cli.dashboard import become


def add_arguments(_: argparse.ArgumentParser) -> None:
    """Declare nothing: the live page reads its words itself, ``--help`` too."""


def pass_on(words: Sequence[str]) -> NoReturn:
    """Become the live page's server."""
    become("dashboard.webcam", *words)
