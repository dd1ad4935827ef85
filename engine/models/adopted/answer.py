"""A network's answer: which of what it returns are the logits, and whether they are any.

FERLens explains classifiers with one class a picture. Regression, valence and arousal, and several labels at once are
refused in a sentence; a network that ends in a softmax is read through a logarithm, whose softmax gives the same
probabilities.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal

import torch
from torch import Tensor, nn

from engine.errors import NetworkError

Answer = Literal["logits", "probabilities"]

SMALLEST: Final = 1e-12
"""A probability below this counts as this, so that its logarithm is finite."""

_NAMES: Final = ("logits", "out", "output", "pred")


def answer_of(output: Any, classes: int) -> Tensor | None:
    """Return the tensor of what a network returned that its answer is taken from, or None where there is none.

    The tensor itself; of a tuple, list, mapping or record, whatever it is nested in, the first of the shape (pictures,
    classes), those called ``logits``, ``out``, ``output`` or ``pred`` before others; where none has that shape, the
    first of them all. So features that are returned before the logits are not taken for them.

    Args:
        output: what the network returned.
        classes: K.
    """
    found = list(_answers(output))
    fitting = (one for one in found if one.ndim == 2 and one.shape[1] == classes and one.is_floating_point())
    return next(fitting, found[0] if found else None)


def _answers(output: Any) -> Iterator[Tensor]:
    """Yield the tensors that a network returned, the likeliest to be its answer first."""
    if isinstance(output, Tensor):
        yield output
        return
    if isinstance(output, (tuple, list)) and not hasattr(output, "_fields"):
        for part in output:
            yield from _answers(part)
        return
    parts = _named_parts(output)
    for part in (*(parts[name] for name in _NAMES if name in parts), *parts.values()):
        yield from _answers(part)


def _named_parts(output: Any) -> Mapping[Any, Any]:
    """Return the parts of a mapping, a named tuple, a dataclass or another record by name."""
    if isinstance(output, Mapping):
        return output
    if hasattr(output, "_asdict"):
        named: Mapping[Any, Any] = output._asdict()
        return named
    return vars(output) if hasattr(output, "__dict__") and not isinstance(output, (type, nn.Module)) else {}


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
    if not bool(answer.isfinite().all()):
        raise NetworkError(
            "The network answers with numbers that are not finite (NaN or infinity); its weights are damaged or its "
            "training went astray, so there is nothing to explain."
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
