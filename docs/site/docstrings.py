"""What the site makes of docstrings: each of several names that share a line has its own, and roles are plain code.

The docstrings say ``mean, std: of the training's normalisation`` where one sentence is about both; the reader of the
Google style that draws the reference takes that for one name with a strange type.
"""

from __future__ import annotations

import re
from typing import Any, Final

from griffe import Extension, Object

_SECTION: Final = re.compile(r"^(?:Args|Attributes):$")
_SHARED: Final = re.compile(r"^(    )(\w+(?:, \w+)+): (.*)$")
_ROLE: Final = re.compile(r":(?:class|meth|func|data|attr|mod|exc):`~?([^`]+)`")


def own_lines(text: str) -> str:
    """Return a docstring in which each name of ``Args`` and ``Attributes`` has a line, and roles are code."""
    made: list[str] = []
    inside = False
    later: list[str] = []
    for line in _ROLE.sub(r"`\1`", text).splitlines():
        if later and not line.startswith("     "):  # the shared sentence has ended
            made += later
            later = []
        if line and not line.startswith(" "):
            inside = _SECTION.match(line) is not None
        shared = _SHARED.match(line) if inside else None
        if shared is None:
            made.append(line)
            continue
        first, *others = shared[2].split(", ")
        made.append(f"{shared[1]}{first}: {shared[3]}")
        later = [f"{shared[1]}{name}: see {first}." for name in others]
    return "\n".join([*made, *later])


class OwnLines(Extension):
    """Rewrites every docstring that is read."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Rewrite the docstring of a module, class, function or attribute."""
        if obj.docstring is not None:
            obj.docstring.value = own_lines(obj.docstring.value)
