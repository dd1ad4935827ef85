"""A network that takes the number of its pictures for a plain number: which figures of its graph are that number.

``len(x)`` gives Python a number, not PyTorch a size, and so the export holds the batch that it was made with as a
constant. Exported twice, with batches of two sizes, such a network gives two graphs that differ in nothing but figures
of the form ``times * batch + more``; these become a computation with the size of the batch that comes.
"""

from __future__ import annotations

from typing import Any, Final

from engine.errors import NetworkError

SIZES: Final = (2, 3)
"""The two batches."""

_BATCH: Final = "batch"


def merged(first: dict[str, Any], second: dict[str, Any], picture: str) -> dict[str, Any]:
    """Return one graph, for batches of any size, of two of the same network.

    Args:
        first, second: documents (:mod:`engine.models.adopted.graph`) of exports with the batches of :data:`SIZES`.
        picture: the node that the pictures are.

    Raises:
        NetworkError: they differ in more than the batch.
    """
    reader = _Merger()
    if len(first["nodes"]) != len(second["nodes"]):
        raise _differs()
    nodes = [reader.same(one, other) for one, other in zip(first["nodes"], second["nodes"], strict=True)]
    at = next(number for number, node in enumerate(nodes) if node["name"] == picture) + 1
    kept = {key: value for key, value in first.items() if key != "nodes"}
    if any(kept[key] != second[key] for key in ("tensors", "output", "answer")):
        raise _differs()
    return {**kept, "nodes": [*nodes[:at], *reader.computed(picture), *nodes[at:]]}


def _differs() -> NetworkError:
    return NetworkError(
        "The network computes otherwise for two pictures than for three, so it cannot be stored without its code; "
        "open one of a fixed form."
    )


class _Merger:
    def __init__(self) -> None:
        self.forms: dict[tuple[int, int], str] = {}
        """(times, more) → the node that computes it."""

    def same(self, one: Any, other: Any) -> Any:
        """Return what both are, with the figures that follow the batch as nodes."""
        if type(one) is not type(other):
            raise _differs()
        if isinstance(one, dict):
            if one.keys() != other.keys():
                raise _differs()
            return {key: self.same(value, other[key]) for key, value in one.items()}
        if isinstance(one, list):
            if len(one) != len(other):
                raise _differs()
            return [self.same(value, of_other) for value, of_other in zip(one, other, strict=True)]
        if one == other:
            return one
        if not isinstance(one, int) or isinstance(one, bool):
            raise _differs()
        return self._followed(one, other)

    def _followed(self, one: int, other: int) -> dict[str, str]:
        times, rest = divmod(other - one, SIZES[1] - SIZES[0])
        if rest:
            raise _differs()
        form = (times, one - times * SIZES[0])
        return {"node": self.forms.setdefault(form, _BATCH if form == (1, 0) else f"{_BATCH}_{len(self.forms)}")}

    def computed(self, picture: str) -> list[dict[str, Any]]:
        """Return the nodes that compute the figures, to stand right after the pictures."""

        def node(name: str, op: str, *args: Any) -> dict[str, Any]:
            return {"name": name, "op": op, "args": list(args), "kwargs": {}, "module": ""}

        if not self.forms:
            return []
        nodes = [node(_BATCH, "aten.sym_size.int", {"node": picture}, 0)]
        for (times, more), name in self.forms.items():
            if name == _BATCH:
                continue
            if more and times != 1:
                nodes.append(node(f"{name}_times", "py.mul", {"node": _BATCH}, times))
                nodes.append(node(name, "py.add", {"node": f"{name}_times"}, more))
            elif more:
                nodes.append(node(name, "py.add", {"node": _BATCH}, more))
            else:
                nodes.append(node(name, "py.mul", {"node": _BATCH}, times))
        return nodes
