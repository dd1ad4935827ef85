"""Integrated Gradients through Captum: the gradient along the straight path from a blank picture, times the difference.

[1] M. Sundararajan, A. Taly, Q. Yan. Axiomatic Attribution for Deep Networks. ICML 2017, arXiv:1703.01365, eq. 1.

The map's pixels sum to the explained scalar less that of the blank picture (completeness), up to the error of the
integral. It assumes that the blank picture means "nothing there": a pixel that has the baseline's grey gets 0 whatever
the model makes of it.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from engine.explain.methods.method import Setup
from engine.explain.target import ScalarFunction

_ROWS: Final = 64
"""Pictures in one forward pass; bounds the memory."""


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
            internal_batch_size=max(_ROWS, len(x)),
        )
    return attributions.detach().float().sum(dim=1)
