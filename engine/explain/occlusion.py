"""Occlusion through Captum: how much does the answer fall when one cell of the picture is covered?

[1] M. D. Zeiler, R. Fergus. Visualizing and Understanding Convolutional Networks. ECCV 2014, arXiv:1311.2901, sec. 4.2.

It assumes that a grey square covers evidence and is none itself, and that what matters fits into a cell: evidence that
two cells hold alike shows in neither.

Departure from [1]: the cells do not overlap. A map of overlapping squares, averaged to pixels, would look sharper than
what was measured; so the native grid is the cells'. (Captum's FeatureAblation, of which its Occlusion is the special
case of sliding windows, also takes pictures whose side the cells do not divide.)
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from engine.explain.methods.method import Setup
from engine.explain.target import ScalarFunction

_ROWS: Final = 64
"""Pictures in one forward pass; bounds the memory."""


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

    cells, side = setup.cells, x.shape[-1]
    at = torch.arange(side, device=x.device) * cells // side
    numbers = (at[:, None] * cells + at[None])[None, None].expand(1, x.shape[1], -1, -1)
    attributions: Tensor = FeatureAblation(scalar_of).attribute(
        x,
        baselines=setup.blank(x),
        feature_mask=numbers,
        additional_forward_args=(torch.arange(len(x), device=x.device),),
        perturbations_per_eval=max(1, _ROWS // len(x)),
    )
    first = -(-torch.arange(cells, device=x.device) * side // cells)  # the first pixel of each cell, rounded up
    return attributions[:, 0, first[:, None], first[None]].detach().float()
