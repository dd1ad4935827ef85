from __future__ import annotations

import torch

from engine.explain.methods.method import Setup
from engine.explain.methods.pixels import smoothgrad
from engine.records import InputSpec

SPEC = InputSpec(size=16, channels=3, mean=(0.0,) * 3, std=(0.1, 0.2, 0.5))


def test_a_linear_answer_has_the_same_slope_everywhere() -> None:
    weight = torch.randn((3, 16, 16), generator=torch.Generator().manual_seed(3))
    found = smoothgrad(lambda p, *_: (p * weight).sum(dim=(1, 2, 3)), torch.rand(2, 3, 16, 16), Setup(SPEC))
    torch.testing.assert_close(found, weight.abs().amax(dim=0).expand(2, -1, -1))


def test_the_noise_is_said_in_pixels() -> None:
    # f = x³ / 3: the mean gradient is x² + σ², σ in the model's units being .3 / std.
    setup = Setup(SPEC, noise=0.3, samples=4000)
    found = smoothgrad(lambda p, *_: (p**3 / 3.0).sum(dim=(1, 2, 3)), torch.zeros(1, 3, 16, 16), setup)
    torch.testing.assert_close(found.mean(), torch.tensor(9.0), rtol=0.05, atol=0)  # (.3 / .1)², the largest
