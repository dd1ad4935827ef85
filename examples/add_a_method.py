"""An explanation method, for every command and page: ``python -m examples.add_a_method PHOTO OUT``."""

import sys

import torch
from torch import Tensor, nn

from engine.cli.main import main
from engine.explain.methods.method import Method, Setup
from engine.explain.methods.registry import METHODS
from engine.explain.target import ScalarFunction


def saliency(scalar_of: ScalarFunction, _layer: nn.Module, x: Tensor, _setup: Setup) -> Tensor:
    """Return how fast the answer moves with each pixel of ``x`` (B, C, S, S), up or down: (B, S, S) float32."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        (slope,) = torch.autograd.grad(scalar_of(x).sum(), x)
    return slope.abs().amax(dim=1)


METHODS["saliency"] = Method(
    name="saliency",
    title="Saliency",
    paper="Simonyan et al. 2013, arXiv:1312.6034",
    assumes="A pixel matters if the answer changes fast with it, however little it may change.",
    needs_layer=False,
    signed=False,
    grid="pixels",
    cost="one pass",
    forwards=1,
    backwards=1,
    compute=saliency,
)
if __name__ == "__main__":
    photo, out = sys.argv[1:]
    sys.exit(main(["explain", photo, "--model", "cbam", "--method", "gradcam,saliency", "--out", out]))
