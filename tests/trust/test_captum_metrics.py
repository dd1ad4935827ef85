from __future__ import annotations

import pytest
import torch

from engine.errors import UnknownNameError
from engine.explain.target import Target
from engine.labels import EMOTIONS
from engine.models.architecture import DEFAULT_INPUT
from engine.models.registry import build_model
from engine.records import InputSpec
from engine.trust.robustness import Robustness, _Disturbance, robustness
from tests.explain.known import CLASSES, SPEC, OneBlock, noise, unchanged
from tests.explain.made import TwoLayers


def measure(model: torch.nn.Module, target: str = "angry", **how: object) -> Robustness:
    given = {"spec": SPEC, "classes": CLASSES, "layer": "features", "target": Target.parse(target), **how}
    face = (noise(1)[0] // 2 + 60).astype("uint8")
    return robustness(model, face, **given)  # type: ignore[arg-type]


def test_the_radius_is_in_pixel_units() -> None:
    spec = InputSpec(16, 3, (0.5, 0.4, 0.3), (0.25, 0.2, 0.1))
    middle = torch.zeros(50, 3, 16, 16)
    moved = _Disturbance(spec, 5.0, 0, torch.device("cpu"))(middle)
    for channel, std in enumerate(spec.std):
        largest = moved[:, channel].abs().max().item() * std * 255
        assert 4.9 < largest <= 5.0 + 1e-4
    black = torch.full((4, 3, 16, 16), -0.5) / torch.tensor(spec.std).view(1, 3, 1, 1)
    black[:, 1] = -0.4 / 0.2
    black[:, 2] = -0.3 / 0.1
    moved = _Disturbance(spec, 5.0, 0, torch.device("cpu"))(black)
    assert bool((moved >= black - 1e-6).all()), "no pixel below 0"
    cells = _Disturbance(spec, 5.0, 0, torch.device("cpu"))(middle, (4, 4))[0, 0]
    assert cells.unique().numel() == 16


def test_a_linear_model_that_reads_one_block_by_extremes() -> None:
    # The map is proportional to the picture inside the block and 0 outside; on an even picture it is the gradient.
    even = noise(1)[0] * 0 + 128
    found = robustness(OneBlock(), even, spec=SPEC, classes=CLASSES, layer="features", target=Target("angry"))
    assert found.infidelity == pytest.approx(0.0, abs=1e-5)
    assert found.max_sensitivity is not None
    assert 0.0 < found.max_sensitivity < 5 / 128 + 1e-3  # each cell moves by at most 5 of 128
    far = robustness(
        OneBlock(), even, spec=SPEC, classes=CLASSES, layer="features", target=Target("angry"), radius=50.0
    )
    assert far.max_sensitivity == pytest.approx(10 * found.max_sensitivity, rel=1e-3)


def test_maps_of_zeros_and_answers_that_do_not_move() -> None:
    negative = measure(OneBlock(), "sad")  # all negative before the ReLU
    assert negative.infidelity == pytest.approx(1.0)
    assert negative.max_sensitivity is None
    deaf = measure(OneBlock(), "happy")  # the middle logit is 0 whatever comes
    assert (deaf.infidelity, deaf.max_sensitivity) == (None, None)
    assert deaf.as_dict()["infidelity"] is None


def test_a_map_that_misses_is_worse_than_one_that_meets() -> None:
    met, missed = measure(OneBlock(), "angry"), measure(TwoLayers(), "angry")
    assert met.infidelity is not None
    assert missed.infidelity is not None
    assert met.infidelity < 0.2
    assert missed.infidelity > met.infidelity


def test_it_is_seeded_and_leaves_the_model(narrow: None) -> None:
    torch.manual_seed(0)
    model = build_model("cbam", classes=7, spec=DEFAULT_INPUT)
    how = {"spec": DEFAULT_INPUT, "classes": EMOTIONS, "layer": "block3", "samples": 3}
    with unchanged(model):
        one, same, other = (robustness(model, noise(1, side=48)[0], seed=s, **how) for s in (0, 0, 1))  # type: ignore[arg-type]
        with pytest.raises(UnknownNameError, match="Unknown layer 'head'"):
            robustness(model, noise(1, side=48)[0], **{**how, "layer": "head"})  # type: ignore[arg-type]
    assert one == same
    assert one != other
    assert (one.radius, one.samples) == (5.0, 3)


def test_wrong_use() -> None:
    with pytest.raises(UnknownNameError, match="Unknown method 'magic'"):
        measure(OneBlock(), method="magic")
    with pytest.raises(ValueError, match="a radius above 0"):
        measure(OneBlock(), radius=0.0)
