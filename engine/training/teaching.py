"""Teachers: finished checkpoints whose mean answer a model learns to give.

Each is shown the very picture that the model is shown, augmented and mixed alike, at its own size and in its own
channels; a teacher that saw another crop would teach about another picture.
"""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.errors import DataError
from engine.models.checkpoint import LoadedModel, load_checkpoint
from engine.records import InputSpec
from engine.training.device import autocast
from engine.training.sections import Distillation

LUMA: Final[tuple[float, float, float]] = (0.299, 0.587, 0.114)
"""Grey from RGB, as Pillow reads a colour picture into grey (ITU-R 601)."""


def as_input_of(x: Tensor, spec: InputSpec, own: InputSpec) -> Tensor:
    """Turn one model's normalised pictures into another's.

    Args:
        x: (B, C, S, S) normalised as ``spec`` says.
        spec: what ``x`` is.
        own: what is wanted.

    Returns:
        (B, C', S', S') normalised as ``own`` says: resized bilinearly, antialiased where it shrinks.
    """
    if own == spec:
        return x

    def figures(values: tuple[float, ...]) -> Tensor:
        return torch.tensor(values, device=x.device).view(1, -1, 1, 1)

    pixels = x * figures(spec.std) + figures(spec.mean)
    if own.channels < spec.channels:
        pixels = (pixels * figures(LUMA)).sum(dim=1, keepdim=True)
    elif own.channels > spec.channels:
        pixels = pixels.expand(-1, own.channels, -1, -1)
    if own.size != spec.size:
        size = (own.size, own.size)
        pixels = F.interpolate(pixels, size=size, mode="bilinear", align_corners=False, antialias=True)
    return (pixels - figures(own.mean)) / figures(own.std)


class Teachers:
    """The teachers of a run, in eval mode on its device.

    Args:
        choice: the recipe's section.
        classes: names that every teacher must know, in this order.
        spec: the learning model's input.
        device: where to compute.
        half: compute in bf16.

    Raises:
        UnknownNameError, CheckpointError: a teacher is not there, or damaged.
        DataError: a teacher knows other classes.
    """

    def __init__(
        self, choice: Distillation, *, classes: tuple[str, ...], spec: InputSpec, device: torch.device, half: bool
    ) -> None:
        self.temperature, self.spec, self.device, self.half = choice.temperature, spec, device, half
        self.loaded: list[LoadedModel] = [load_checkpoint(name, device=device) for name in choice.teachers]
        for teacher in self.loaded:
            teacher.model.requires_grad_(requires_grad=False).to(memory_format=torch.channels_last)
            if teacher.card.classes != classes:
                raise DataError(
                    f"Teacher '{teacher.card.name}' knows {', '.join(teacher.card.classes)}, the data have "
                    f"{', '.join(classes)}; choose a teacher of these classes."
                )

    def described(self) -> list[dict[str, str]]:
        """Return each teacher's name and the sha256 of its weights, for the card."""
        return [{"name": t.card.name, "weights_sha256": t.card.weights_sha256} for t in self.loaded]

    @torch.no_grad()
    def probabilities(self, x: Tensor) -> Tensor:
        """Map the learning model's pictures (B, C, S, S) to the teachers' mean softened probabilities (B, K)."""
        answers = []
        for teacher in self.loaded:
            own = as_input_of(x, self.spec, teacher.card.input).contiguous(memory_format=torch.channels_last)
            with autocast(self.device, enabled=self.half):
                logits = teacher.model(own)
            answers.append(torch.softmax(logits.float() / self.temperature, dim=1))
        return torch.stack(answers).mean(dim=0)
