"""FERLens's engine: data, models, training, inference, explanation, evaluation. It imports no user interface.

``from engine import EmotionPredictor`` is what most users need; it is loaded when first used, so that
``engine.labels`` and the command line's help stay quick.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.predictor import EmotionPredictor

__all__ = ["EmotionPredictor"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name == "EmotionPredictor":
        from engine.predictor import EmotionPredictor

        return EmotionPredictor
    raise AttributeError(f"module 'engine' has no attribute {name!r}")
