from __future__ import annotations

import torch

from engine.explain.methods.method import Setup
from engine.explain.methods.pixels import integrated_gradients
from engine.explain.target import ResolvedTarget
from tests.explain.known import SPEC
from tests.explain.nets import Functions, pictures


def test_by_hand() -> None:
    # f = the sum of 3 x²: from .5 to x each pixel gets 3 (x² - .25).
    x = torch.tensor([[[[0.1, 0.9], [0.5, 0.0]]]])
    found = integrated_gradients(lambda p, *_: 3.0 * p.square().sum(dim=(1, 2, 3)), x, Setup(SPEC))
    torch.testing.assert_close(found, 3.0 * (x[:, 0] ** 2 - 0.25))


def test_the_map_sums_to_the_change_of_the_answer() -> None:
    scalar_of, x, setup = ResolvedTarget((1, 2), (0, 0), "x").of_model(Functions()), pictures(2), Setup(SPEC, steps=300)
    found = integrated_gradients(scalar_of, x, setup)
    with torch.no_grad():
        expected = scalar_of(x) - scalar_of(setup.blank(x))
    torch.testing.assert_close(found.sum(dim=(1, 2)), expected, rtol=0.01, atol=0.01)
