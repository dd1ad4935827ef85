from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.data.transforms import normalise
from engine.errors import CheckpointError, UsageError
from engine.models.checkpoint import load_checkpoint
from engine.models.plain import FourBlockNet
from engine.models.registry import build_model
from engine.records import InputSpec
from engine.training.fit import Place, TrainingData, fit
from engine.training.loop import Trainer
from engine.training.recipe import Recipe, change, parse_recipe
from engine.training.sections import Hinting
from engine.training.teaching import Hints
from tests.training.made_fit import narrow_recipe, train_in

CPU = torch.device("cpu")
SPEC = InputSpec(64, 1, (0.449,), (0.226,))
PUPIL = """
[model]
architecture = "cmaen"
input_size = 64
input_channels = 1
config = { widths = [4, 8, 16, 32], efficientnet_width = 0.1, efficientnet_depth = 1, dropout = 0, block_dropout = 0 }
[optimiser]
kind = "adamw"
learning_rate = 0.003
batch_size = 14
accumulate = 2
[schedule]
epochs = 3
warmup_epochs = 0.5
[augmentation]
rotate_degrees = 0
shift = 0
scale = 0
[hints]
teacher = "hinting"
weight = 2.0
"""


def pupil() -> Recipe:
    return parse_recipe(PUPIL, "pupil")


def train_hinting(place: Path, architecture: str = "baseline") -> None:
    train_in(place, "hinting", change(narrow_recipe(architecture), "schedule", epochs=2))


def distance(trainer: Trainer) -> float:
    """How far the E-CNN's features of training pictures lie from those of the hinting net."""
    hints = Hints(Hinting(teacher="hinting"), trainer.model, spec=SPEC, device=CPU, half=False)
    x = normalise(trainer.images[:28], SPEC)
    trainer.model.train()(x)
    return float(hints.loss(x).detach())


def test_hinted_stages_come_nearer_to_the_blocks_and_the_card_says_who_hinted(place: Path) -> None:
    train_hinting(place)
    trainers: list[Trainer] = []
    hinted = train_in(place, "hinted", pupil(), on_trainer=trainers.append).card
    alone = train_in(place, "alone", change(pupil(), "hints", teacher=""), on_trainer=trainers.append).card
    assert hinted is not None
    assert alone is not None
    near, far = map(distance, trainers)
    assert near < 0.8 * far
    source = load_checkpoint("hinting").card
    assert hinted.recipe["hinted_by"] == {"name": "hinting", "weights_sha256": source.weights_sha256}
    assert "hinted_by" not in alone.recipe


@pytest.mark.parametrize("architecture", ["baseline", "cbam"])
def test_the_wanted_features_are_those_of_the_blocks(place: Path, architecture: str) -> None:
    train_hinting(place, architecture)
    model = build_model("cmaen", classes=7, spec=SPEC, config=pupil().model.config)
    own = load_checkpoint("hinting").card.input
    hints = Hints(Hinting(teacher="hinting"), model, spec=own, device=CPU, half=False)
    teacher = hints.teacher
    assert isinstance(teacher, FourBlockNet)
    full: list[Tensor] = []
    for name in teacher.explained_layers:
        teacher.activation_module(name).register_forward_hook(lambda _m, _i, out: full.append(out.clone()))
    x = torch.randn(3, 1, own.size, own.size)
    with torch.no_grad():
        teacher(x)
    expected = [*(F.max_pool2d(features, 2) for features in full[:3]), full[3]]
    wanted = hints.wanted(x)
    assert [tuple(a.shape) for a in wanted] == [tuple(b.shape) for b in expected]
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(wanted, expected, strict=True))


def test_a_hint_is_zero_for_the_teachers_own_features_and_about_one_for_their_mean(place: Path) -> None:
    train_hinting(place)
    model = build_model("cmaen", classes=7, spec=SPEC, config=pupil().model.config)
    hints = Hints(Hinting(teacher="hinting"), model, spec=SPEC, device=CPU, half=False)
    x = torch.randn(4, 1, 64, 64)
    wanted = hints.wanted(x)
    for given, expected in ((wanted, 0.0), ([torch.full_like(f, float(f.mean())) for f in wanted], 1.0)):
        hints._keep(model.ecnn, (), tuple(given))
        assert float(hints.loss(x)) == pytest.approx(expected, abs=0.01)
    with torch.no_grad():
        model(x)
    with pytest.raises(RuntimeError, match="no pass with gradients"):
        hints.loss(x)


def test_the_weight_falls_to_zero() -> None:
    hints = object.__new__(Hints)
    hints.choice = Hinting(teacher="hinting", weight=4.0, until=0.5)
    assert [hints.weight(share) for share in (0.0, 0.25, 0.5, 0.9)] == [4.0, 2.0, 0.0, 0.0]


def test_nets_that_cannot_hint(place: Path) -> None:
    train_hinting(place)
    wide = change(pupil(), "model", config={**pupil().model.config, "widths": [4, 8, 16, 24]})
    with pytest.raises(UsageError, match=r"\(4, 8, 16, 32\) channels and the E-CNN's stages \(4, 8, 16, 24\)"):
        train_in(place, "wide", wide)
    train_in(place, "mine", change(pupil(), "schedule", epochs=1, warmup_epochs=0.0))
    with pytest.raises(UsageError, match="'mine' is a 'cmaen'; choose another"):
        train_in(place, "other", change(pupil(), "hints", teacher="mine"))


def test_a_missing_hinting_net_is_said_before_anything_is_loaded(place: Path) -> None:
    recipe = change(pupil(), "hints", teacher="baseline")
    with pytest.raises(CheckpointError, match="takes hints from the weights of 'baseline', which are not here; make"):
        fit(recipe, TrainingData(place / "nowhere"), Place(place / "checkpoints" / "pupil", device="cpu"))
