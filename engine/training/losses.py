"""Losses on logits. Letters: B batch, K classes."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor


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
    return F.one_hot(labels, classes).float() * (1.0 - smoothing) + smoothing / classes


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
