"""Infidelity and max-sensitivity of a map, by Captum; how far the picture is disturbed is said in pixel units.

[1] C.-K. Yeh, C.-Y. Hsieh, A. S. Suggala, D. I. Inouye, P. Ravikumar. On the (In)fidelity and Sensitivity of
    Explanations. NeurIPS 2019, arXiv:1901.09392.

- **Infidelity**: the picture is disturbed a little; how wrong is the change of the answer that the map would foretell
  (map times disturbance, at the scale that suits it best: ``normalize=True``)? Given relative to the mean square of
  the changes themselves: 0 foretells every change, 1 is as good as a map of zeros. Disturbed are whole cells of the
  map's native grid, since a 6x6 map says nothing about single pixels (a departure from [1]).
- **Max-sensitivity**: the largest change of the map, relative to its size, over pictures that differ from the true one
  by at most the radius in any pixel. 0 is a map that stays; above 1 it changes by more than itself.

The radius is in the 0-255 units of the picture's pixels, and converted by the model's normalisation; no disturbed
pixel leaves 0-255. Each draw comes from a seeded generator of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.data.transforms import normalise
from engine.explain.methods.method import Setup
from engine.explain.methods.registry import METHODS, check_methods
from engine.explain.target import Target
from engine.models.architecture import explained
from engine.models.locking import holding
from engine.records import InputSpec, UInt8
from engine.trust.one_map import Progress, check_fits, face_tensor, settle

RADIUS: Final = 5.0
"""Largest disturbance of a pixel in 0-255 units, unless said: about what JPEG does."""

SAMPLES: Final = 40
"""Disturbed pictures, unless said."""


_ROWS: Final = 64
"""Pictures in one forward pass; bounds the memory."""

_MAPS: Final = 8
"""Disturbed pictures that are explained at once; some methods run hundreds of copies of each."""


@dataclass(frozen=True)
class Robustness:
    """How well a map foretells small changes, and how much it changes itself.

    Attributes:
        method, layer, target: the map's.
        radius: largest disturbance of a pixel, in 0-255 units.
        samples: disturbed pictures for each figure.
        infidelity: relative, 0 best; 1 is what a map of zeros gets; None where no disturbance changed the answer.
        max_sensitivity: 0 best; None for a map of zeros, which has no size to relate to.
    """

    method: str
    layer: str
    target: str
    radius: float
    samples: int
    infidelity: float | None
    max_sensitivity: float | None

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        values = {"infidelity": self.infidelity, "max_sensitivity": self.max_sensitivity}
        return {
            "method": self.method,
            "layer": self.layer,
            "target": self.target,
            "radius": self.radius,
            "samples": self.samples,
            **{name: None if value is None else round(value, 5) for name, value in values.items()},
        }


class _Disturbance:
    """Uniform noise within the radius on normalised pictures, kept within 0-255.

    Args:
        spec: the model's input.
        radius: in 0-255 units.
        seed: of the noise.
        device: the pictures'.
    """

    def __init__(self, spec: InputSpec, radius: float, seed: int, device: torch.device) -> None:
        zero, one = (torch.full((1, spec.channels, 1, 1), value, device=device) for value in (0.0, 1.0))
        self.low, self.high = normalise(zero, spec), normalise(one, spec)
        self.radius = radius / 255.0 * (self.high - self.low)  # (1, C, 1, 1), in the model's units
        self.generator = torch.Generator().manual_seed(seed)

    def __call__(self, pictures: Tensor, grid: tuple[int, int] | None = None) -> Tensor:
        """Return disturbed pictures (B, C, S, S); with a grid all pixels and channels of a cell move together."""
        count, channels, height, width = pictures.shape
        shape = (count, channels, height, width) if grid is None else (count, 1, *grid)
        noise = (torch.rand(shape, generator=self.generator) * 2.0 - 1.0).to(pictures.device)
        if grid is not None:
            noise = F.interpolate(noise, size=(height, width), mode="nearest-exact")
        return (pictures + noise * self.radius).clamp(self.low, self.high)


def _silent(_done: int, _wanted: int) -> None:
    """Where nobody asked for progress."""


@torch.inference_mode(False)
def robustness(  # noqa: PLR0913 - what it needs of a checkpoint is given one by one, not as a checkpoint
    model: nn.Module,
    face: UInt8,
    *,
    spec: InputSpec,
    classes: tuple[str, ...],
    layer: str,
    method: str = "gradcam",
    target: Target | None = None,
    setup: Setup | None = None,
    radius: float = RADIUS,
    samples: int = SAMPLES,
    seed: int = 0,
    progress: Progress | None = None,
) -> Robustness:
    """Measure a map of one face; the model's lock is held meanwhile and nothing on it changes.

    Args:
        model: shared by threads.
        face: (S, S) or (S, S, 3) uint8.
        spec: the model's input.
        classes: K names.
        layer: one of ``model.explained_layers``.
        method: a key of METHODS.
        target: what to explain; settled on the undisturbed picture.
        setup: the method's; None for the usual one.
        radius: in 0-255 units, above 0.
        samples: disturbed pictures, 1 or more.
        seed: of the disturbances.
        progress: see Progress; a map of zeros ends early.

    Raises:
        UnknownNameError: layer, method or class is not among the valid ones.
        UsageError: the model cannot be explained by the method.
    """
    from captum.metrics import infidelity, sensitivity_max  # only explaining needs Captum

    check_methods((method,))
    if radius <= 0.0 or samples < 1:
        raise ValueError(f"expected a radius above 0 and one sample or more, got {radius} and {samples}")
    chosen = METHODS[method]
    sampling = {"n_perturb_samples": samples, "max_examples_per_batch": min(samples, _ROWS)}
    done, tell = 0, progress or _silent
    x = face_tensor(model, face, spec)
    with holding(model):
        settled = settle(model, x, target, classes)
        module = explained(model).activation_module(layer)
        check_fits(model, x, method)
        scalar_of, given = settled.of_model(model), setup or Setup(spec)

        def maps_of(pictures: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            nonlocal done
            batch = pictures if isinstance(pictures, Tensor) else pictures[0]
            raw = chosen.compute(scalar_of, module, batch, given)
            done += len(batch)
            tell(min(done, samples + 1), samples + 1)  # Captum explains the picture itself once more
            # A tuple, since Captum takes a lone tensor of several maps for several inputs.
            return (raw if chosen.signed else raw.clamp(min=0.0),)

        heat = maps_of(x)[0]  # (1, h, w)
        grid = (int(heat.shape[1]), int(heat.shape[2]))
        spread = F.interpolate(heat[:, None], size=x.shape[2:], mode="nearest-exact").expand_as(x)

        # A function of one argument, lest Captum fill the second.
        def answers_of(pictures: Tensor) -> Tensor:
            return scalar_of(pictures)

        def infidelity_of(attributions: Tensor) -> float:
            disturb = _Disturbance(spec, radius, seed, x.device)  # afresh: both maps meet the same disturbances

            def perturb(pictures: Tensor) -> tuple[Tensor, Tensor]:
                disturbed = disturb(pictures, grid)
                return pictures - disturbed, disturbed

            return float(infidelity(answers_of, perturb, x, attributions, normalize=True, **sampling))

        changes = infidelity_of(torch.zeros_like(x))
        relative = infidelity_of(spread) / changes if changes > 1e-12 else None
        sensitivity = None
        if bool(heat.any()):
            disturb = _Disturbance(spec, radius, seed, x.device)

            # A function of one argument: to a second one Captum would give its own radius.
            def perturb_pixels(pictures: Tensor) -> Tensor:
                return disturb(pictures)

            few = {**sampling, "max_examples_per_batch": min(samples, _MAPS)}
            sensitivity = float(sensitivity_max(maps_of, x, perturb_pixels, **few))
    return Robustness(method, layer, settled.name, radius, samples, relative, sensitivity)
