from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from engine.training.objective import (
    any_of_loss,
    balanced_weights,
    distillation_loss,
    focal_loss,
    logit_offsets,
    mix,
    smooth_one_hot,
    smoothed,
    soft_cross_entropy,
    unsmoothed,
)

LOGITS = torch.tensor([[2.0, -1.0, 0.5], [0.1, 0.2, 3.0], [1.0, 1.0, 1.0], [-2.0, 0.0, 0.3]])
LABELS = torch.tensor([0, 1, 2, 2])


def test_cross_entropy_by_hand() -> None:
    # p = (3/4, 1/4): -log(3/4), and 0.9 / 0.1 of the two terms.
    logits = torch.tensor([[math.log(3.0), 0.0]])
    assert float(soft_cross_entropy(logits, torch.tensor([[1.0, 0.0]]))) == pytest.approx(math.log(4 / 3))
    mixed = 0.9 * math.log(4 / 3) + 0.1 * math.log(4.0)
    assert float(soft_cross_entropy(logits, torch.tensor([[0.9, 0.1]]))) == pytest.approx(mixed)


# With both, torch divides the smoothed part by another total.
@pytest.mark.parametrize(("smoothing", "weights"), [(0.0, None), (0.1, None), (0.0, torch.tensor([0.5, 2.0, 1.0]))])
def test_cross_entropy_is_torchs(smoothing: float, weights: torch.Tensor | None) -> None:
    expected = F.cross_entropy(LOGITS, LABELS, weight=weights, label_smoothing=smoothing)
    torch.testing.assert_close(
        soft_cross_entropy(LOGITS, smooth_one_hot(LABELS, 3, smoothing), weights=weights), expected
    )


def test_focal_by_hand() -> None:
    logits = torch.tensor([[math.log(3.0), 0.0], [math.log(3.0), 0.0]])
    targets = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    # (1 - 3/4)^2 log(4/3) and (1 - 1/4)^2 log 4: the sure answer counts for little.
    expected = (0.0625 * math.log(4 / 3) + 0.5625 * math.log(4.0)) / 2
    assert float(focal_loss(logits, targets, gamma=2.0)) == pytest.approx(expected)
    doubled = focal_loss(logits, targets, gamma=2.0, weights=torch.tensor([1.0, 2.0]))
    assert float(doubled) == pytest.approx((0.0625 * math.log(4 / 3) + 2 * 0.5625 * math.log(4.0)) / 2)


def test_focal_with_gamma_0_is_cross_entropy() -> None:
    targets = smooth_one_hot(LABELS, 3, 0.0)
    torch.testing.assert_close(focal_loss(LOGITS, targets, gamma=0.0), F.cross_entropy(LOGITS, LABELS))


def test_losses_are_computed_in_float32() -> None:
    targets = smooth_one_hot(LABELS, 3, 0.0)
    for loss in (soft_cross_entropy(LOGITS.bfloat16(), targets), focal_loss(LOGITS.bfloat16(), targets, gamma=1.0)):
        assert loss.dtype == torch.float32


def test_smoothing_by_hand() -> None:
    smooth = smooth_one_hot(torch.tensor([1]), 4, 0.2)
    torch.testing.assert_close(smooth, torch.tensor([[0.05, 0.85, 0.05, 0.05]]))


def test_mixup_mixes_pictures_and_targets_by_the_same_share() -> None:
    # Each picture holds its own label, so that the mixed picture tells which two labels, and how much of each, it has.
    x = torch.arange(8.0).view(8, 1, 1, 1).expand(8, 1, 2, 2)
    targets = F.one_hot(torch.arange(8), 8).float()
    mixed, mixed_targets = mix(x, targets, 1.0, torch.Generator().manual_seed(3))
    torch.testing.assert_close(mixed[:, 0, 0, 0], mixed_targets @ torch.arange(8.0))
    torch.testing.assert_close(mixed_targets.sum(1), torch.ones(8))
    assert not torch.equal(mixed, x)
    again, _ = mix(x, targets, 1.0, torch.Generator().manual_seed(3))
    assert torch.equal(mixed, again)


def test_balanced_weights_by_hand() -> None:
    # 12 pictures, 3 classes: 12 / (3 x count).
    torch.testing.assert_close(balanced_weights(np.array([2, 4, 6])), torch.tensor([2.0, 1.0, 2 / 3]))
    torch.testing.assert_close(balanced_weights(np.array([4, 0])), torch.tensor([0.5, 0.0]))


def test_unsmoothed_undoes_smoothing_also_of_mixed_labels() -> None:
    hard = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.3, 0.7]])
    smooth = hard * 0.9 + 0.1 / 3
    torch.testing.assert_close(unsmoothed(smooth, 0.1), hard)
    assert unsmoothed(hard, 0.0) is hard


def test_distillation_is_nothing_where_both_agree() -> None:
    teacher = torch.softmax(LOGITS / 3.0, dim=1)
    assert float(distillation_loss(LOGITS, teacher, temperature=3.0)) == pytest.approx(0.0, abs=1e-6)
    assert float(distillation_loss(-LOGITS, teacher, temperature=3.0)) > 0.1


def test_the_best_of_the_accepted_classes_by_hand() -> None:
    # p = (3/4, 1/4, 0): the second row accepts the last two, of which the second is the likelier.
    logits = torch.tensor([[math.log(3.0), 0.0, -40.0]]).repeat(2, 1)
    targets = torch.tensor([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]])
    expected = (math.log(4 / 3) + math.log(4)) / 2
    assert float(any_of_loss(logits, targets)) == pytest.approx(expected)
    logits.requires_grad_()
    any_of_loss(logits, targets).backward()  # type: ignore[no-untyped-call]
    assert bool(torch.isfinite(logits.grad).all())  # type: ignore[arg-type]


def test_offsets_are_the_logs_of_shares() -> None:
    shares = np.array([0.5, 0.25, 0.25, 0.0])
    found = logit_offsets(shares, 2.0)
    assert found.dtype == torch.float32
    least = 2 * math.log(0.001 / 4)
    torch.testing.assert_close(found, torch.tensor([2 * math.log(0.5), 2 * math.log(0.25), 2 * math.log(0.25), least]))


def test_shares_are_smoothed_as_labels_are() -> None:
    found = smoothed(torch.tensor([[0.6, 0.4, 0.0]]), 0.3)
    torch.testing.assert_close(found, torch.tensor([[0.52, 0.38, 0.1]]))
