from __future__ import annotations

import math
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from engine.training.objective import Answer, Objective, focal_loss, parts_of, smooth_one_hot, soft_cross_entropy
from engine.training.recipe import Recipe, parse_recipe

LOGITS = torch.tensor([[math.log(3.0), 0.0], [0.0, 0.0]])
LABELS = torch.tensor([0, 1])
LOG = math.log


def recipe_of(text: str) -> Recipe:
    return parse_recipe(text, "r")


CMAEN = '[model]\narchitecture = "cmaen"\n'
PLAIN = "[loss]\nlabel_smoothing = 0\n"


def test_smoothed_cross_entropy_and_weighed_focal_by_hand() -> None:
    recipe = recipe_of("[loss]\nlabel_smoothing = 0.2\nfocal_gamma = 2\nfocal_weight = 0.3\n")
    # p = (3/4, 1/4) and (1/2, 1/2). Smoothed labels (.9, .1); focal on the hard ones: (1/4)² and (1/2)².
    entropy = (0.9 * LOG(4 / 3) + 0.1 * LOG(4) + LOG(2)) / 2
    focal = (0.0625 * LOG(4 / 3) + 0.25 * LOG(2)) / 2
    found = Objective(recipe, None)(Answer(LOGITS), smooth_one_hot(LABELS, 2, 0.2))
    assert float(found) == pytest.approx(entropy + 0.3 * focal, rel=1e-5)


def test_focal_alone_and_cross_entropy_alone_are_as_they_were() -> None:
    targets = smooth_one_hot(LABELS, 2, 0.0)
    weights = torch.tensor([1.0, 3.0])
    focal = Objective(recipe_of("[loss]\nlabel_smoothing = 0\nfocal_gamma = 2\n"), weights)
    assert torch.equal(focal(Answer(LOGITS), targets), focal_loss(LOGITS, targets, gamma=2.0, weights=weights))
    smooth = smooth_one_hot(LABELS, 2, 0.1)
    plain = Objective(Recipe("r"), weights)
    assert torch.equal(plain(Answer(LOGITS), smooth), soft_cross_entropy(LOGITS, smooth, weights=weights))


def test_auxiliary_losses_by_hand() -> None:
    recipe = recipe_of(CMAEN + "[loss]\nlabel_smoothing = 0.2\n[auxiliary]\nemotion = 0.2\nfusion = 0.5\n")
    objective = Objective(recipe, None)
    assert objective.wants_parts
    other = LOGITS.flip(1)  # p = (1/4, 3/4) and (1/2, 1/2)
    main = (0.9 * LOG(4 / 3) + 0.1 * LOG(4) + LOG(2)) / 2
    emotion, fusion = (LOG(4 / 3) + LOG(2)) / 2, (LOG(4) + LOG(2)) / 2
    found = objective(Answer(LOGITS, LOGITS, other), smooth_one_hot(LABELS, 2, 0.2))
    assert float(found) == pytest.approx(main + 0.2 * emotion + 0.5 * fusion, rel=1e-5)


@dataclass(frozen=True, eq=False)
class Parts:
    logits: Tensor
    emotion: Tensor
    fusion: Tensor


class TwoAnswers(nn.Module):
    def parts(self, x: Tensor) -> Parts:
        return Parts(3 * x, x, 2 * x)

    def forward(self, x: Tensor) -> Tensor:
        return 3 * x


def test_a_model_is_asked_for_its_answers_only_where_they_count() -> None:
    x = torch.ones(1, 2)
    plain = Objective(recipe_of(CMAEN), None).ask(TwoAnswers(), x)
    assert plain.emotion is None
    asked = Objective(recipe_of(CMAEN + "[auxiliary]\nemotion = 1\n"), None).ask(TwoAnswers(), x)
    assert asked.emotion is not None
    assert asked.fusion is not None
    assert (asked.logits.tolist(), asked.emotion.tolist(), asked.fusion.tolist()) == ([[3, 3]], [[1, 1]], [[2, 2]])


def test_distillation_by_hand() -> None:
    recipe = recipe_of(PLAIN + '[distillation]\nteachers = ["t"]\ntemperature = 2\nweight = 0.25\n')
    # At temperature 2 the logits (2 log 3, 0) are p = (3/4, 1/4); the teacher says (1/2, 1/2).
    logits, teacher = torch.tensor([[2 * LOG(3.0), 0.0]]), torch.tensor([[0.5, 0.5]])
    task = LOG(10 / 9)
    divergence = 0.5 * LOG(0.5 / 0.75) + 0.5 * LOG(0.5 / 0.25)
    found = Objective(recipe, None)(Answer(logits), torch.tensor([[1.0, 0.0]]), teacher)
    assert float(found) == pytest.approx(0.75 * task + 0.25 * 4 * divergence, rel=1e-5)


@pytest.mark.parametrize("weights", [None, torch.tensor([0.5, 2.0, 1.0])])
@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        "[loss]\nlabel_smoothing = 0.1\nfocal_gamma = 2\nfocal_weight = 0.3\n",
        "[loss]\nlabel_smoothing = 0\nfocal_gamma = 2\n",
        CMAEN + "[auxiliary]\nemotion = 0.2\nfusion = 0.3\n[distillation]\nteachers = ['t']\n",
    ],
)
def test_the_shares_of_the_parts_add_up_to_the_batch(text: str, weights: Tensor | None) -> None:
    torch.manual_seed(0)
    recipe = recipe_of(text)
    objective = Objective(recipe, weights)
    logits, emotion, fusion = torch.randn(3, 6, 3)
    taught = torch.randn(6, 3).softmax(1) if recipe.distillation.teachers else None
    targets = smooth_one_hot(torch.tensor([0, 0, 1, 2, 1, 1]), 3, recipe.loss.label_smoothing)
    whole = objective(Answer(logits, emotion, fusion), targets, taught)
    parts = [
        objective(
            Answer(logits[i : i + 2], emotion[i : i + 2], fusion[i : i + 2]),
            targets[i : i + 2],
            None if taught is None else taught[i : i + 2],
            whole=targets,
        )
        for i in (0, 2, 4)
    ]
    torch.testing.assert_close(torch.stack(parts).sum(), whole)


def test_parts_of_a_batch_keep_its_order() -> None:
    batch = torch.arange(6)
    assert [part.tolist() for part in parts_of(batch, 3)] == [[0, 1], [2, 3], [4, 5]]
    assert parts_of(batch, 1)[0] is batch


def test_logit_adjustment_is_added_to_the_task_and_not_to_what_teachers_teach() -> None:
    recipe = recipe_of(PLAIN + "logit_adjustment = 1\n[distillation]\nweight = 0.4\ntemperature = 1\n")
    offsets = torch.tensor([0.0, LOG(2.0)])
    targets = smooth_one_hot(LABELS, 2, 0.0)
    found = Objective(recipe, None, offsets)(Answer(LOGITS), targets)
    # (log 3, 0) becomes p = (3/5, 2/5), and (0, 0) p = (1/3, 2/3); the labels are the first and the second class.
    assert float(found) == pytest.approx((LOG(5 / 3) + LOG(3 / 2)) / 2, rel=1e-5)
    answers = torch.softmax(LOGITS, dim=1)
    taught = Objective(recipe, None, offsets)(Answer(LOGITS), targets, answers)
    assert float(taught) == pytest.approx(0.6 * float(found), rel=1e-5)  # the teacher agrees with the plain logits


def test_logit_adjustment_reaches_the_focal_loss() -> None:
    recipe = recipe_of("[loss]\nlabel_smoothing = 0\nfocal_gamma = 2\n")
    offsets = torch.tensor([0.0, LOG(2.0)])
    found = Objective(recipe, None, offsets)(Answer(LOGITS), smooth_one_hot(LABELS, 2, 0.0))
    assert float(found) == pytest.approx(((2 / 5) ** 2 * LOG(5 / 3) + (1 / 3) ** 2 * LOG(3 / 2)) / 2, rel=1e-5)


def test_several_accepted_emotions_and_their_parts_of_a_batch() -> None:
    recipe = recipe_of('[data]\ndataset = "ferplus"\n[votes]\ntarget = "multi"\n' + PLAIN)
    objective = Objective(recipe, None)
    logits = torch.tensor([[LOG(3.0), 0.0, 0.0], [0.0, LOG(2.0), 0.0], [0.0, 0.0, LOG(6.0)], [0.0, 0.0, 0.0]])
    targets = torch.tensor([[0.5, 0.5, 0.0], [0.5, 0.5, 0.0], [0.5, 0.0, 0.5], [0.0, 0.0, 1.0]])
    whole = float(objective(Answer(logits), targets))
    assert whole == pytest.approx((LOG(5 / 3) + LOG(2) + LOG(8 / 6) + LOG(3)) / 4, rel=1e-5)
    parts = [objective(Answer(logits[half]), targets[half], whole=targets) for half in (slice(0, 2), slice(2, 4))]
    assert float(sum(parts)) == pytest.approx(whole, rel=1e-5)
