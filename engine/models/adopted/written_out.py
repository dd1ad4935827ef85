"""Squashing that is written out in steps: 1 / (1 + exp(-x)), exp(x) / sum(exp(x)), exp of a log-softmax.

Each step leaves a form on its result, by which the next one is known; the last makes weights of it, as a sigmoid or
softmax by name would.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from torch import Tensor

from engine.models.adopted.operations import KEEPING, MOVING, Arguments

_LOGARITHMS: Final = {"log_softmax": "softmax", "logsigmoid": "sigmoid", "log_sigmoid": "sigmoid"}
"""Whose exponential is what."""
_WHOLE: Final = ("log_softmax", "logsigmoid", "log_sigmoid", "exp")


@dataclass(frozen=True)
class Form:
    """How far a tensor has come on the way to weights.

    Attributes:
        step: ``exp``, ``1 + exp``, ``sum of exp``, ``times exp`` (something multiplied with it) or the name of a
            logarithm.
        exponential: the number of the exponential that it is made of. root: of what that was taken of.
    """

    step: str
    exponential: int
    root: int


@dataclass(frozen=True)
class Squashed:
    """Weights: by what they were squashed, and the root of what was."""

    by: str
    root: int


FormOf = Callable[[Tensor], Form | None]


def written_out(name: str, args: Arguments, form_of: FormOf, root: int, number: int) -> Form | Squashed | None:
    """Return what an operation makes of the forms of its arguments; None where it has nothing to do with them.

    Args:
        name: the operation. args: its arguments.
        form_of: tensor → its form.
        root: that of the first tensor; number: that of the result.
    """
    given = [form_of(one) if isinstance(one, Tensor) else None for one in args[:2]]
    first, second = (*given, None, None)[:2]
    if name in _WHOLE and given:
        if name == "exp" and first is not None and first.step in _LOGARITHMS:
            return Squashed(_LOGARITHMS[first.step], first.root)
        return Form(name, number, root)
    if name in MOVING | KEEPING:
        return None if name in {"pow", "sqrt"} and not _is(args, 1, -1) else _kept(name, first)
    own = first or second
    if own is None:
        return None
    return _step(name, args, own, first, second)


def _is(args: Arguments, place: int, number: float) -> bool:
    """Whether an argument is this number, or a tensor of it alone (``torch.ones_like``)."""
    if len(args) <= place:
        return False
    same = args[place] == number
    return bool(same.all() if isinstance(same, Tensor) else same)


def _kept(name: str, form: Form | None) -> Form | Squashed | None:
    if name == "pow":
        return Squashed("sigmoid", form.root) if form is not None and form.step == "1 + exp" else None
    return form


def _step(name: str, args: Arguments, own: Form, first: Form | None, second: Form | None) -> Form | Squashed | None:
    if name == "add" and own.step == "exp" and (_is(args, 0, 1) or _is(args, 1, 1)):
        return Form("1 + exp", own.exponential, own.root)
    if name in {"add", "clamp", "clamp_min"} and own.step == "sum of exp" and (first is None) != (second is None):
        return own  # so that nothing is divided by 0
    made = {"mul": "times exp", "sum": "sum of exp"}.get(name)
    if made and own.step == "exp" and (first is None) != (second is None):
        return Form(made, own.exponential, own.root)
    inverse = name == "reciprocal" or (name == "rdiv" and _is(args, 1, 1)) or (name == "div" and _is(args, 0, 1))
    if inverse and own.step == "1 + exp":
        return Squashed("sigmoid", own.root)
    if name == "div" and first is not None and second is not None:
        alike = first.exponential == second.exponential and first.step == "exp" and second.step == "sum of exp"
        also = first.exponential == second.exponential and first.step == "exp" and second.step == "1 + exp"
        return Squashed("softmax" if alike else "sigmoid", own.root) if alike or also else None
    return None
