"""Which networks of installed libraries may be built by their name alone, as where the name comes from a browser."""

from __future__ import annotations

from functools import cache
from typing import Final

from engine.errors import UsageError
from engine.extras import extra

ATTENTION: Final = ("cbam", "lcbam", "eca", "se", "ese", "ge", "gc")
"""Attention that timm builds into a ResNet's blocks when told to."""
_SHOWN: Final = 5


@cache
def known_networks(library: str) -> tuple[str, ...]:
    """Return the names of a library's classifiers, sorted.

    Args:
        library: ``timm`` or ``torchvision``.

    Raises:
        UsageError: another library. MissingExtraError: it is not installed.
    """
    if library == "timm":
        return tuple(sorted(extra("timm", "timm", "Networks of timm need it").list_models()))
    if library == "torchvision":
        from torchvision import models

        return tuple(sorted(models.list_models(module=models)))
    raise UsageError(f"Expected a network of timm or torchvision, got '{library[:40]}'.")


def check_known(source: str) -> None:
    """Refuse what is not ``timm:NAME`` or ``torchvision:NAME`` with a name that the installed library lists.

    Raises:
        UsageError: it is not; the message names the nearest.
    """
    library, _, name = source.partition(":")
    known = known_networks(library)
    if name in known:
        return
    from difflib import get_close_matches

    near = get_close_matches(name[:80], known, n=_SHOWN) or known[:_SHOWN]
    raise UsageError(
        f"'{name[:80]}' is none of the {len(known):,} networks of the installed {library}; near it: {', '.join(near)}."
    )
