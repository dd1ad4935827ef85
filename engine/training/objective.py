"""What a step minimises: the recipe's loss, the auxiliary losses on two answers, and distillation.

With hard labels y, smoothed labels y', class weights and teachers' answers t (see :mod:`engine.training.sections`):

    task  = CE(logits, y')                       or  focal(logits, y)              as before
          + focal_weight · focal(logits, y)
          + auxiliary.emotion · CE(emotion, y) + auxiliary.fusion · CE(fusion, y)
    total = (1 - w) · task + w · T² · KL(t at T || logits at T)

Letters: B batch, K classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.training.losses import distillation_loss, focal_loss, soft_cross_entropy, unsmoothed
from engine.training.sections import Recipe


@dataclass(frozen=True, eq=False)
class Answer:
    """A model's logits (B, K), and those of its two answers where the loss asks for them."""

    logits: Tensor
    emotion: Tensor | None = None
    fusion: Tensor | None = None


class Objective:
    """The loss of one recipe.

    Args:
        recipe: its loss, auxiliary and distillation sections.
        weights: (K,) class weights, or None.
    """

    def __init__(self, recipe: Recipe, weights: Tensor | None) -> None:
        self.loss, self.auxiliary, self.distillation = recipe.loss, recipe.auxiliary, recipe.distillation
        self.weights = weights

    @property
    def wants_parts(self) -> bool:
        """Whether the model must be asked for its two answers."""
        return self.auxiliary.emotion > 0 or self.auxiliary.fusion > 0

    def ask(self, model: nn.Module, x: Tensor) -> Answer:
        """Run the model on pictures (B, C, S, S)."""
        if not self.wants_parts:
            return Answer(model(x))
        parts = model.parts(x)  # type: ignore[operator]
        return Answer(parts.logits, parts.emotion, parts.fusion)

    def __call__(
        self, answer: Answer, targets: Tensor, teacher: Tensor | None = None, *, whole: Tensor | None = None
    ) -> Tensor:
        """Return the loss, a scalar.

        Args:
            answer: of the batch, or of a part of it.
            targets: (b, K), smoothed as the recipe says, mixed or not; rows sum to 1.
            teacher: (b, K) probabilities of the teachers at the recipe's temperature, or None.
            whole: (B, K) targets of the batch that this is a part of: the loss is then the part's share, so that the
                parts' losses add up to the batch's. None: this is the whole batch.
        """
        even = 1.0 if whole is None else len(targets) / len(whole)
        total = self._entropy(answer.logits, targets, whole)
        if self.loss.focal_gamma > 0:
            hard = unsmoothed(targets, self.loss.label_smoothing)
            focal = focal_loss(answer.logits, hard, gamma=self.loss.focal_gamma, weights=self.weights) * even
            total = total + self.loss.focal_weight * focal if self.loss.focal_weight > 0 else focal
        for weight, logits in ((self.auxiliary.emotion, answer.emotion), (self.auxiliary.fusion, answer.fusion)):
            if weight > 0 and logits is not None:
                hard = unsmoothed(targets, self.loss.label_smoothing)
                all_hard = None if whole is None else unsmoothed(whole, self.loss.label_smoothing)
                total = total + weight * self._entropy(logits, hard, all_hard)
        if teacher is None:
            return total
        how = self.distillation
        learnt = distillation_loss(answer.logits, teacher, temperature=how.temperature) * even
        return (1.0 - how.weight) * total + how.weight * learnt

    def _entropy(self, logits: Tensor, targets: Tensor, whole: Tensor | None) -> Tensor:
        """Cross-entropy of a batch, or of a part times its share in the whole (its weights' share, where weighted)."""
        loss = soft_cross_entropy(logits, targets, weights=self.weights)
        if whole is None:
            return loss
        if self.weights is None:
            return loss * (len(targets) / len(whole))
        return loss * ((targets * self.weights).sum() / (whole * self.weights).sum())


def parts_of(batch: Tensor, count: int) -> tuple[Tensor, ...]:
    """Split (B, ...) into ``count`` equal parts along B."""
    return (batch,) if count == 1 else torch.chunk(batch, count)
