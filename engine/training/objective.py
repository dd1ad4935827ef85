"""What a step minimises: the recipe's loss, the auxiliary losses on two answers, and distillation.

With hard labels y, smoothed labels y', class weights and teachers' answers t (see :mod:`engine.training.sections`):

    task  = CE(logits, y')                       or  focal(logits, y)              as before
          + focal_weight · focal(logits, y)
          + auxiliary.emotion · CE(emotion, y) + auxiliary.fusion · CE(fusion, y)
    total = (1 - w) · task + w · T² · KL(t at T || logits at T)

Where people's votes are learnt, y are their shares (or, with several accepted emotions, the loss of
:func:`any_of_loss` stands in for CE). Logit adjustment is added to all logits of the task.

Letters: B batch, K classes.

Losses on logits. Letters: B batch, K classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.training.sections import Recipe


def soft_cross_entropy(logits: Tensor, targets: Tensor, *, weights: Tensor | None = None) -> Tensor:
    """Mean cross-entropy against soft targets.

    Args:
        logits: (B, K), before any softmax.
        targets: (B, K), rows sum to 1.
        weights: (K,) class weights or None; the mean is then weighted as in ``torch.nn.CrossEntropyLoss``.
    """
    terms = -targets * F.log_softmax(logits.float(), dim=1)
    if weights is None:
        return terms.sum(dim=1).mean()
    return (terms * weights).sum() / (targets * weights).sum()


def focal_loss(logits: Tensor, targets: Tensor, *, gamma: float, weights: Tensor | None = None) -> Tensor:
    """Mean focal loss -(1 - p)^gamma log p (Lin et al. 2017, arXiv:1708.02002, eq. 4).

    Args:
        logits: (B, K).
        targets: (B, K); with mixed labels each class's term is weighted by its share.
        gamma: 0 gives cross-entropy.
        weights: (K,) class weights (the paper's alpha) or None.
    """
    log_p = F.log_softmax(logits.float(), dim=1)
    terms = -targets * (1.0 - log_p.exp()) ** gamma * log_p
    if weights is not None:
        terms = terms * weights
    return terms.sum(dim=1).mean()


def smooth_one_hot(labels: Tensor, classes: int, smoothing: float) -> Tensor:
    """(B,) int64 → (B, K) float32: 1 - smoothing + smoothing / K on the label, smoothing / K elsewhere.

    Szegedy et al. 2016, arXiv:1512.00567, section 7.
    """
    return smoothed(F.one_hot(labels, classes).float(), smoothing)


def smoothed(targets: Tensor, smoothing: float) -> Tensor:
    """(B, K) → (B, K): the smoothing of :func:`smooth_one_hot`, for targets that are shares already."""
    return targets * (1.0 - smoothing) + smoothing / targets.shape[1]


def any_of_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean of -log of the most probable class among the accepted ones, which are equally right.

    E. Barsoum et al. 2016, arXiv:1608.01041, section 4 (multi-label learning).

    Args:
        logits: (B, K).
        targets: (B, K), above 0 for the accepted classes of a picture, one or more.
    """
    log_p = F.log_softmax(logits.float(), dim=1)
    return -log_p.masked_fill(targets <= 0, -torch.inf).amax(dim=1).mean()


def logit_offsets(shares: NDArray[np.float64], strength: float) -> Tensor:
    """What is added to the logits while training so that rare classes are not drowned: strength · log share.

    A. K. Menon et al. Long-tail learning via logit adjustment. ICLR 2021, arXiv:2007.07314, eq. 10. The model's own
    logits, which answer later, then aim at the mean accuracy of the classes.

    Args:
        shares: (K,) of the training targets, sums to 1; a class without any counts as a thousandth of an even share.
        strength: tau of the paper; 1 is the balanced error.

    Returns:
        float32 (K,).
    """
    least = 1e-3 / len(shares)
    return torch.tensor(strength * np.log(np.maximum(shares, least)), dtype=torch.float32)


def mix(x: Tensor, targets: Tensor, alpha: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Mixup (Zhang et al. 2018, arXiv:1710.09412): one Beta(alpha, alpha) share a batch, partners by permutation."""
    seed = int(torch.randint(2**31, (1,), generator=generator))
    share = float(np.random.default_rng(seed).beta(alpha, alpha))
    partner = torch.randperm(len(x), generator=generator).to(x.device)
    return x * share + x[partner] * (1 - share), targets * share + targets[partner] * (1 - share)


def balanced_weights(counts: NDArray[np.int64]) -> Tensor:
    """Class weights N / (K count), 0 for a class without pictures, as float32 (K,)."""
    safe = np.maximum(counts, 1)
    weights = np.where(counts > 0, counts.sum() / (len(counts) * safe), 0.0)
    return torch.tensor(weights, dtype=torch.float32)


def unsmoothed(targets: Tensor, smoothing: float) -> Tensor:
    """Undo :func:`smooth_one_hot` on targets (B, K), mixed or not: smoothing is linear, so mixing commutes with it."""
    if smoothing == 0:
        return targets
    return (targets - smoothing / targets.shape[1]) / (1.0 - smoothing)


def distillation_loss(logits: Tensor, teacher: Tensor, *, temperature: float) -> Tensor:
    """Mean T² KL(teacher || softmax(logits / T)) (Hinton et al. 2015, arXiv:1503.02531, section 2.1).

    Args:
        logits: (B, K) of the learning model.
        teacher: (B, K) probabilities, already softened by the same temperature.
        temperature: T; T² keeps the gradient's size whatever T is.
    """
    log_p = F.log_softmax(logits.float() / temperature, dim=1)
    return temperature**2 * F.kl_div(log_p, teacher.float(), reduction="batchmean")


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
        offsets: (K,) what logit adjustment adds to the logits, or None.
    """

    def __init__(self, recipe: Recipe, weights: Tensor | None, offsets: Tensor | None = None) -> None:
        self.loss, self.auxiliary, self.distillation = recipe.loss, recipe.auxiliary, recipe.distillation
        self.any_of = recipe.votes.target == "multi"
        self.weights, self.offsets = weights, offsets

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
            adjusted = self._adjusted(answer.logits)
            focal = focal_loss(adjusted, hard, gamma=self.loss.focal_gamma, weights=self.weights) * even
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
        if self.any_of:
            return any_of_loss(self._adjusted(logits), targets) * (1.0 if whole is None else len(targets) / len(whole))
        loss = soft_cross_entropy(self._adjusted(logits), targets, weights=self.weights)
        if whole is None:
            return loss
        if self.weights is None:
            return loss * (len(targets) / len(whole))
        return loss * ((targets * self.weights).sum() / (whole * self.weights).sum())

    def _adjusted(self, logits: Tensor) -> Tensor:
        return logits if self.offsets is None else logits.float() + self.offsets


def parts_of(batch: Tensor, count: int) -> tuple[Tensor, ...]:
    """Split (B, ...) into ``count`` equal parts along B."""
    return (batch,) if count == 1 else torch.chunk(batch, count)
