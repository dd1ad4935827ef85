"""A deep copy of a network, whatever it keeps beside its weights.

PyTorch copies no tensor that is the result of a computation with gradients (``self.scale = self.raw * 2``, an old
``weight_norm``, features kept from the last pass); such a tensor is copied without its history.
"""

from __future__ import annotations

import copy
from typing import Any, TypeVar

from torch import Tensor, nn

from engine.errors import NetworkError

Net = TypeVar("Net", bound=nn.Module)


def copied(net: Net) -> Net:
    """Return a deep copy of a network, with nothing shared.

    Raises:
        NetworkError: it keeps something that Python cannot copy, as a lock or an open file.
    """
    memo: dict[int, Any] = {}
    for module in net.modules():
        _detach(vars(module), memo, set())
    try:
        return copy.deepcopy(net, memo)
    except Exception as error:  # whatever someone's module raises that will not be copied
        what = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise NetworkError(
            f"The network cannot be copied, as this needs: {what[:160]}. Keep what cannot be copied outside of it."
        ) from error


def _detach(thing: Any, memo: dict[int, Any], seen: set[int]) -> None:
    """Enter a copy without history of every computed tensor in ``thing`` into the memo of a deep copy."""
    if isinstance(thing, Tensor):
        if thing.requires_grad and not thing.is_leaf:
            memo[id(thing)] = thing.detach().clone()
    elif isinstance(thing, (dict, list, tuple)) and id(thing) not in seen:
        seen.add(id(thing))
        for part in thing.values() if isinstance(thing, dict) else thing:
            _detach(part, memo, seen)
