"""Libraries of ``requirements-extras.txt``: imported when they are used, asked for in one sentence when missing."""

from __future__ import annotations

import importlib
from types import ModuleType

from engine.errors import MissingExtraError


def extra(module: str, library: str, what_for: str) -> ModuleType:
    """Import ``module`` of ``library`` (its name for pip); ``what_for`` begins the sentence when it is missing.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtraError(library, what_for) from error
