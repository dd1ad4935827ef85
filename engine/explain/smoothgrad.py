"""SmoothGrad: the size of the gradient, averaged over noisy copies of the picture; gradients by Captum's Saliency.

[1] D. Smilkov, N. Thorat, B. Kim, F. Viegas, M. Wattenberg. SmoothGrad: removing noise by adding noise. 2017,
    arXiv:1706.03825, section 3.
[2] K. Simonyan, A. Vedaldi, A. Zisserman. Deep Inside Convolutional Networks. 2013, arXiv:1312.6034, section 3.1.

It shows where a small change of a pixel would move the answer, not what the pixel contributes; so the map is a size,
the largest over colours [2], and has no sign. It assumes that the answer is as steep nearby as at the picture.

Departure: Captum's NoiseTunnel draws from the random numbers that all threads share, so that no seed would make a map
certain; the noise here comes from a generator of its own.
"""

from __future__ import annotations

import torch
from torch import Tensor

from engine.explain.methods.method import Setup
from engine.explain.target import ScalarFunction


def smoothgrad(scalar_of: ScalarFunction, x: Tensor, setup: Setup) -> Tensor:
    """Return (B, S, S) float32 >= 0; ``setup.samples`` forward and backward passes.

    Args:
        scalar_of: the explained scalar.
        x: normalised pictures (B, C, S, S).
        setup: its samples, its noise in pixel terms and its seed; every picture meets the same noise.
    """
    from captum.attr import Saliency  # only explaining needs Captum; training machines may lack it

    generator = torch.Generator().manual_seed(setup.seed)
    spread = setup.noise / torch.tensor(setup.spec.std, device=x.device).view(1, -1, 1, 1)
    saliency, total = Saliency(scalar_of), torch.zeros_like(x)
    with torch.enable_grad():
        for _ in range(setup.samples):
            noise = torch.randn((1, *x.shape[1:]), generator=generator).to(x.device)
            total += saliency.attribute((x + noise * spread).detach().requires_grad_(), abs=False).detach()
    return (total / setup.samples).float().abs().amax(dim=1)
