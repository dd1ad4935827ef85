"""FERLens from Python: ``import ferlens``. Each name is loaded when it is first used, so that importing is quick.

>>> predictor = ferlens.EmotionPredictor("cbam")  # doctest: +SKIP
>>> predictor.top_k("photo.jpg", 3)  # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine import __version__
    from engine.data.registry import load_dataset
    from engine.errors import FerLensError
    from engine.explain.target import Target
    from engine.lens.input import Input
    from engine.lens.lens import Lens, open_network
    from engine.models.checkpoint import list_checkpoints, load_checkpoint, read_card
    from engine.models.taps import edit_attention, record_attention
    from engine.predictor import EmotionPredictor
    from engine.records import AttentionGate, Explanation, FaceExplanation, PicturePrediction, Prediction, RunCard

    open = open_network  # noqa: A001 - ferlens.open, as others open files

_PLACES = {
    "AttentionGate": "engine.records",
    "EmotionPredictor": "engine.predictor",
    "Explanation": "engine.records",
    "FaceExplanation": "engine.records",
    "FerLensError": "engine.errors",
    "Input": "engine.lens.input",
    "Lens": "engine.lens.lens",
    "PicturePrediction": "engine.records",
    "Prediction": "engine.records",
    "RunCard": "engine.records",
    "Target": "engine.explain.target",
    "__version__": "engine",
    "edit_attention": "engine.models.taps",
    "list_checkpoints": "engine.models.checkpoint",
    "load_checkpoint": "engine.models.checkpoint",
    "load_dataset": "engine.data.registry",
    "open": "engine.lens.lens",
    "read_card": "engine.models.checkpoint",
    "record_attention": "engine.models.taps",
}
"""Public name → the module that holds it."""
_NAMES = {"open": "open_network"}
"""Public name → its name there, where that is another."""

__all__ = [
    "AttentionGate",
    "EmotionPredictor",
    "Explanation",
    "FaceExplanation",
    "FerLensError",
    "Input",
    "Lens",
    "PicturePrediction",
    "Prediction",
    "RunCard",
    "Target",
    "__version__",
    "edit_attention",
    "list_checkpoints",
    "load_checkpoint",
    "load_dataset",
    "read_card",
    "record_attention",
]
"""What ``from ferlens import *`` brings: all but ``open``, which would hide Python's own; it is ``ferlens.open``."""


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'ferlens' has no attribute {name!r}; it has {', '.join(sorted(_PLACES))}")
    return getattr(import_module(_PLACES[name]), _NAMES.get(name, name))


def __dir__() -> list[str]:
    return sorted(_PLACES)
