"""Teachers: finished checkpoints whose mean answer a model learns to give.

Each is shown the very picture that the model is shown, augmented and mixed alike, at its own size and in its own
channels; a teacher that saw another crop would teach about another picture.

Hints: the stages of cmaen's E-CNN learn to give what the blocks of a finished four-block net give.

[1] A. Romero et al. FitNets: Hints for Thin Deep Nets. ICLR 2015, arXiv:1412.6550, section 2.2.

An answer says seven numbers about a picture, features say thousands, and say them to every stage. Departures from [1]:
every stage is hinted, all at once and beside the other losses; widths are equal, so no regressor stands between.
Where a batch is computed in parts, each part is measured by its own features' variance.
"""

from __future__ import annotations

from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.errors import DataError, UsageError
from engine.models.checkpoint import LoadedModel, load_checkpoint
from engine.models.cmaen.net import CMAEN
from engine.models.plain import Block, FourBlockNet
from engine.records import InputSpec
from engine.training.device import autocast
from engine.training.sections import Distillation, Hinting

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


_TINY: Final = 1e-6


class Hints:
    """The hints of a run.

    Args:
        choice: the recipe's section.
        model: the learning ``cmaen``; a hook on its E-CNN keeps each pass's features until :meth:`loss` takes them.
        spec: the learning model's input.
        device: where to compute.
        half: compute in bf16.

    Raises:
        UnknownNameError, CheckpointError: the hinting checkpoint is not there, or damaged.
        UsageError: it is no four-block net, or its widths are not the E-CNN's.
    """

    def __init__(self, choice: Hinting, model: nn.Module, *, spec: InputSpec, device: torch.device, half: bool) -> None:
        self.choice, self.spec, self.device, self.half = choice, spec, device, half
        self.loaded = load_checkpoint(choice.teacher, device=device)
        teacher = self.loaded.model
        if not isinstance(teacher, FourBlockNet) or not isinstance(model, CMAEN):
            raise UsageError(
                f"Hints go from a baseline, spatial or cbam to a cmaen, and '{self.loaded.card.name}' is a "
                f"'{self.loaded.card.architecture}'; choose another [hints] teacher."
            )
        widths = tuple(int(block.conv.out_channels) for block in _blocks(teacher))
        if widths != model.ecnn.widths:
            raise UsageError(
                f"The blocks of '{self.loaded.card.name}' have {widths} channels and the E-CNN's stages "
                f"{model.ecnn.widths}; hints need the same."
            )
        teacher.requires_grad_(requires_grad=False).to(memory_format=torch.channels_last)
        self.teacher = teacher
        self._given: tuple[Tensor, ...] | None = None
        model.ecnn.register_forward_hook(self._keep)

    def _keep(self, _module: nn.Module, _inputs: Any, output: tuple[Tensor, ...]) -> None:
        self._given = output if torch.is_grad_enabled() else None

    def described(self) -> dict[str, str]:
        """Return the hinting checkpoint's name and the sha256 of its weights, for the card."""
        return {"name": self.loaded.card.name, "weights_sha256": self.loaded.card.weights_sha256}

    def weight(self, progress: float) -> float:
        """Return the hints' weight at this share of the run: falling in a straight line to 0 at ``until``."""
        return self.choice.weight * max(0.0, 1 - progress / self.choice.until)

    def loss(self, x: Tensor) -> Tensor:
        """Return how far the features of the last pass lie from the teacher's, as a share of the teacher's variance.

        Args:
            x: (B, C, S, S), the pictures of that pass at the whole size.

        Returns:
            (), the mean over stages: 0 where they agree, about 1 where they say nothing of the teacher's.
        """
        given, self._given = self._given, None
        if given is None:
            raise RuntimeError("no pass with gradients since the last hint")
        parts = []
        for own, wanted in zip(given, self.wanted(x), strict=True):
            target = wanted.float()
            if target.shape[-2:] != own.shape[-2:]:
                target = F.interpolate(target, size=own.shape[-2:], mode="bilinear", align_corners=False)
            parts.append((own.float() - target).square().mean() / (target.var() + _TINY))
        return torch.stack(parts).mean()

    @torch.no_grad()
    def wanted(self, x: Tensor) -> list[Tensor]:
        """Return the teacher's features for pictures (B, C, S, S): of blocks 1 to 3 pooled, of block 4 not.

        At 48 pixels these are the grids of the E-CNN's stages: 24, 12, 6 and 6 cells a side.
        """
        x = as_input_of(x, self.spec, self.loaded.card.input).contiguous(memory_format=torch.channels_last)
        features: list[Tensor] = []
        with autocast(self.device, enabled=self.half):
            *pooled, last = _blocks(self.teacher)
            for block in pooled:
                x = block(x)
                features.append(x)
            features.append(last.attention(last.relu(last.norm(last.conv(x)))))
        return features


def _blocks(net: FourBlockNet) -> list[Block]:
    blocks = [net.get_submodule(name) for name in net.explained_layers]
    return [block for block in blocks if isinstance(block, Block)]
