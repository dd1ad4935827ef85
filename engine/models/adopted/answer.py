"""A network's answer: which of what it returns are the logits, and whether they are any.

FERLens explains classifiers with one class a picture. Regression, valence and arousal, and several labels at once are
refused in a sentence; a network that ends in a softmax is read through a logarithm, whose softmax gives the same
probabilities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import torch
from torch import Tensor

from engine.errors import NetworkError

Answer = Literal["logits", "probabilities"]

SMALLEST: Final = 1e-12
"""A probability below this counts as this, so that its logarithm is finite."""

_NAMES: Final = ("logits", "out", "output", "pred")


def answer_of(output: Any) -> Tensor | None:
    """Return the tensor of what a network returned that its answer is taken from, or None where there is none.

    The tensor itself; the first one of a tuple or list; of a mapping or record the one called ``logits``, ``out``,
    ``output`` or ``pred``, else its first.
    """
    if isinstance(output, Tensor):
        return output
    if isinstance(output, Mapping):
        named = next((output[name] for name in _NAMES if name in output), None)
        return answer_of(named) if named is not None else answer_of(tuple(output.values()))
    if isinstance(output, (tuple, list)):
        return next((found for part in output if (found := answer_of(part)) is not None), None)
    named = next((getattr(output, name) for name in _NAMES if hasattr(output, name)), None)
    return None if named is None else answer_of(named)


def judge_answer(answer: Tensor | None, pictures: int, classes: Sequence[str], squash: str, *, depends: bool) -> Answer:
    """Return what a network's answer is.

    Args:
        answer: what :func:`answer_of` found for ``pictures`` pictures.
        pictures: B.
        classes: K names.
        squash: the operation that the answer ends in, or empty.
        depends: whether the picture reaches it.

    Raises:
        NetworkError: it is not one logit, or probability, a class.
    """
    if answer is None or not answer.is_floating_point():
        raise NetworkError(
            "Expected the network to return logits (pictures, classes) as floating-point numbers, but it returns none; "
            "wrap it in a module whose forward returns them."
        )
    shape = tuple(answer.shape)
    if len(shape) == 1 or (len(shape) == 2 and shape[1] == 1):
        raise NetworkError(
            "The network answers with one number a picture, as in regression; FERLens explains classifiers with one "
            "logit a class, two or more. A yes/no network needs a last layer of two outputs."
        )
    if len(shape) != 2 or shape[0] != pictures:
        raise NetworkError(
            f"Expected logits of shape (pictures, classes), but for {pictures} pictures the network answers with "
            f"{shape}; wrap it in a module whose forward returns them."
        )
    if not depends:
        raise NetworkError("The network's answer does not depend on the picture; check its forward.")
    if shape[1] != len(classes):
        raise NetworkError(
            f"The network answers with {shape[1]} numbers a picture, but {len(classes)} classes were named; name them "
            "all, in the order of the network's outputs."
        )
    if squash in {"sigmoid", "hardsigmoid"}:
        raise NetworkError(
            "The network ends in a sigmoid, so it judges each class by itself (several labels a picture); FERLens "
            "explains networks that choose one class. If it does choose one, open it without that sigmoid."
        )
    if squash in {"tanh", "hardtanh"}:
        raise NetworkError(
            "The network ends in a tanh, as for valence and arousal; FERLens explains classifiers with one logit a "
            "class."
        )
    return "probabilities" if squash == "softmax" else "logits"


def as_logits(answer: Tensor, kind: Answer) -> Tensor:
    """Return logits (B, K) float32 from an answer of that kind; their softmax gives the network's probabilities."""
    found = answer.float()
    return torch.log(found.clamp(min=SMALLEST)) if kind == "probabilities" else found
