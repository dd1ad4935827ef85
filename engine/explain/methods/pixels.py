"""Integrated Gradients through Captum: the gradient along the straight path from a blank picture, times the difference.

[1] M. Sundararajan, A. Taly, Q. Yan. Axiomatic Attribution for Deep Networks. ICML 2017, arXiv:1703.01365, eq. 1.

The map's pixels sum to the explained scalar less that of the blank picture (completeness), up to the error of the
integral. It assumes that the blank picture means "nothing there": a pixel that has the baseline's grey gets 0 whatever
the model makes of it.

SmoothGrad: the size of the gradient, averaged over noisy copies of the picture; gradients by Captum's Saliency.

[1] D. Smilkov, N. Thorat, B. Kim, F. Viegas, M. Wattenberg. SmoothGrad: removing noise by adding noise. 2017,
    arXiv:1706.03825, section 3.
[2] K. Simonyan, A. Vedaldi, A. Zisserman. Deep Inside Convolutional Networks. 2013, arXiv:1312.6034, section 3.1.

It shows where a small change of a pixel would move the answer, not what the pixel contributes; so the map is a size,
the largest over colours [2], and has no sign. It assumes that the answer is as steep nearby as at the picture.

Departure: Captum's NoiseTunnel draws from the random numbers that all threads share, so that no seed would make a map
certain; the noise here comes from a generator of its own.

Occlusion through Captum: how much does the answer fall when one cell of the picture is covered?

[1] M. D. Zeiler, R. Fergus. Visualizing and Understanding Convolutional Networks. ECCV 2014, arXiv:1311.2901, sec. 4.2.

It assumes that a grey square covers evidence and is none itself, and that what matters fits into a cell: evidence that
two cells hold alike shows in neither.

Departure from [1]: the cells do not overlap. A map of overlapping squares, averaged to pixels, would look sharper than
what was measured; so the native grid is the cells'. (Captum's FeatureAblation, of which its Occlusion is the special
case of sliding windows, also takes pictures whose side the cells do not divide.)
"""

from __future__ import annotations

import torch
from torch import Tensor

from engine.explain.methods.method import Setup, rows_of
from engine.explain.target import ScalarFunction


def integrated_gradients(scalar_of: ScalarFunction, x: Tensor, setup: Setup) -> Tensor:
    """Return (B, S, S) float32, signed, summed over colour channels; ``setup.steps`` forward and backward passes.

    Args:
        scalar_of: the explained scalar.
        x: normalised pictures (B, C, S, S).
        setup: its baseline and steps.
    """
    from captum.attr import IntegratedGradients  # only explaining needs Captum; training machines may lack it

    which = torch.arange(len(x), device=x.device)  # Captum repeats it as it repeats the pictures
    with torch.enable_grad():
        attributions: Tensor = IntegratedGradients(scalar_of).attribute(
            x,
            baselines=setup.blank(x),
            additional_forward_args=(which,),
            n_steps=setup.steps,
            internal_batch_size=max(rows_of(x), len(x)),
        )
    return attributions.detach().float().sum(dim=1)


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


@torch.no_grad()
def occlusion(scalar_of: ScalarFunction, x: Tensor, setup: Setup) -> Tensor:
    """Return (B, cells, cells) float32, signed: the scalar less what it is with the cell covered.

    As many forward passes as cells, and one.

    Args:
        scalar_of: the explained scalar.
        x: normalised pictures (B, C, S, S).
        setup: its baseline and cells.
    """
    from captum.attr import FeatureAblation  # only explaining needs Captum; training machines may lack it

    cells = setup.cells
    down, across = (torch.arange(side, device=x.device) * cells // side for side in x.shape[-2:])
    numbers = (down[:, None] * cells + across[None])[None, None].expand(1, x.shape[1], -1, -1)
    attributions: Tensor = FeatureAblation(scalar_of).attribute(
        x,
        baselines=setup.blank(x),
        feature_mask=numbers,
        additional_forward_args=(torch.arange(len(x), device=x.device),),
        perturbations_per_eval=max(1, rows_of(x) // len(x)),
    )
    # the first pixel of each cell, rounded up
    row, column = (-(-torch.arange(cells, device=x.device) * side // cells) for side in x.shape[-2:])
    return attributions[:, 0, row[:, None], column[None]].detach().float()
