"""Which scalar an explanation explains: the predicted class, a named class, or the contrast of two."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from engine.errors import UnknownNameError


@dataclass(frozen=True)
class Target:
    """A class by name (None: the predicted one), optionally minus the class ``minus``.

    The explained scalar is a logit, or a difference of two; never a probability, whose gradient vanishes for sure
    answers.
    """

    label: str | None = None
    minus: str | None = None

    def resolve(self, logits: Tensor, classes: tuple[str, ...]) -> tuple[Tensor, str]:
        """Return the scalar a picture, (B,) from logits (B, K), and the target's name for the first picture.

        Raises:
            UnknownNameError: a class that the model does not have.
        """
        rows = torch.arange(len(logits), device=logits.device)
        index = logits.argmax(dim=1) if self.label is None else torch.full_like(rows, self._index(self.label, classes))
        scalar = logits[rows, index]
        name = classes[int(index[0])]
        if self.minus is not None:
            scalar = scalar - logits[:, self._index(self.minus, classes)]
            name = f"{name} − {self.minus}"
        return scalar, name

    @staticmethod
    def _index(label: str, classes: tuple[str, ...]) -> int:
        if label not in classes:
            raise UnknownNameError("class", label, classes)
        return classes.index(label)
