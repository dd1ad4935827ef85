"""Several methods at several layers for the same pictures, where each pass that they share runs once.

Grad-CAM, LayerCAM and HiResCAM are made of a layer's features and gradients, and one backward pass gives those of all
layers; guided backpropagation knows no layer. So at L layers these three and Guided Grad-CAM take two forward and two
backward passes instead of 5 L of each. The maps are those of each method by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from torch import Tensor, nn

from engine.explain.methods.cams import all_layer_gradients, gradcam_of, hirescam_of, layercam_of
from engine.explain.methods.guided import guided_backpropagation, guided_by
from engine.explain.methods.method import Setup
from engine.explain.methods.registry import METHODS
from engine.explain.target import ScalarFunction

FROM_GRADIENTS: Final[dict[str, Callable[[Tensor, Tensor], Tensor]]] = {
    "gradcam": gradcam_of,
    "layercam": layercam_of,
    "hirescam": hirescam_of,
}
"""Method → its map (B, h, w) from a layer's features and gradients, both (B, F, h, w)."""

GUIDED: Final = "guided_gradcam"


def explain_together(
    scalar_of: ScalarFunction, layers: Mapping[str, nn.Module], x: Tensor, names: Sequence[str], setup: Setup
) -> dict[tuple[str, str], Tensor]:
    """Return (method, layer) → map (B, h, w) float32 before rectification, in the order of names and layers.

    A method that needs no layer has one map, of layer ``""``. The caller holds the model's lock.

    Args:
        scalar_of: the explained scalar.
        layers: name → module, one or more, in forward order.
        x: normalised pictures (B, C, S, S).
        names: keys of METHODS that take this model.
        setup: of the methods.
    """
    kept: tuple[tuple[Tensor, Tensor], ...] = ()
    if any(name in FROM_GRADIENTS or name == GUIDED for name in names):
        kept = all_layer_gradients(scalar_of, tuple(layers.values()), x)
    guided = guided_backpropagation(scalar_of, x) if GUIDED in names else None
    found: dict[tuple[str, str], Tensor] = {}
    for name in names:
        if not METHODS[name].needs_layer:
            found[name, ""] = METHODS[name].compute(scalar_of, list(layers.values())[-1], x, setup)
            continue
        for number, (layer, module) in enumerate(layers.items()):
            if name in FROM_GRADIENTS:
                map_ = FROM_GRADIENTS[name](*kept[number])
            elif guided is not None and name == GUIDED:
                map_ = guided_by(gradcam_of(*kept[number]), guided)
            else:
                map_ = METHODS[name].compute(scalar_of, module, x, setup)
            found[name, layer] = map_
    return found
