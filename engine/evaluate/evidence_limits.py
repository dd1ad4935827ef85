"""How many faces each method is measured on: all, the first N, or a number of its own for a slow one."""

from __future__ import annotations

from collections.abc import Sequence

from engine.errors import UsageError
from engine.explain.methods.registry import check_methods


def read_limits(words: Sequence[str]) -> tuple[int | None, dict[str, int]]:
    """Read ``N`` for every method and ``METHOD=N`` for one, which counts before the other.

    Returns:
        The number for every method, None where none is given, and method → its own.

    Raises:
        UsageError: not a whole number of 1 or more, or a method or all are given twice.
        UnknownNameError: no such method.
    """
    overall: int | None = None
    own: dict[str, int] = {}
    for word in words:
        name, _, number = word.rpartition("=")
        if not (number.isascii() and number.isdigit()) or int(number) < 1:
            raise UsageError(
                f"Expected --limit of 1 picture or more as N or METHOD=N, got '{word}'; leave it out for the whole "
                "split."
            )
        if name in own or (not name and overall is not None):
            raise UsageError(f"Expected one --limit for {name or 'all methods'}, got several; leave out all but one.")
        if name:
            check_methods((name,))
            own[name] = int(number)
        else:
            overall = int(number)
    return overall, own
