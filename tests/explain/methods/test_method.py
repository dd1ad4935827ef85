from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from engine.explain.methods.method import Setup
from engine.explain.methods.registry import METHODS
from engine.records import InputSpec

SPEC = InputSpec(size=16, channels=3, mean=(0.5, 0.25, 0.0), std=(0.25, 0.5, 1.0))


def test_the_blank_picture_is_said_in_pixels() -> None:
    blank = Setup(SPEC, baseline=0.75).blank(torch.rand(2, 3, 16, 16))
    assert blank.shape == (2, 3, 16, 16)
    assert blank[1, :, 5, 7].tolist() == [1.0, 1.0, 0.75]  # (.75 - .5) / .25, (.75 - .25) / .5, .75


@pytest.mark.parametrize("wrong", [{"baseline": 1.5}, {"steps": 0}, {"cells": 17}, {"samples": 0}, {"noise": 0.0}])
def test_impossible_setups_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        Setup(SPEC, **wrong)  # type: ignore[arg-type]


def test_contradictory_descriptions_are_refused() -> None:
    with pytest.raises(ValueError, match="to need a layer"):
        replace(METHODS["gradcam"], needs_layer=False)
    with pytest.raises(ValueError, match="a cost among"):
        replace(METHODS["gradcam"], cost="free")  # type: ignore[arg-type]
