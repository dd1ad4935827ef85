"""The models of the live page and its API: each loaded once, shared by all viewers, as they are on disk now.

The dashboard's own loaders keep theirs in Streamlit's caches, which this page does without.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final

from engine.errors import UnknownNameError
from engine.labels import VOCABULARY
from engine.models.checkpoint import checkpoint_names, read_card, survey_checkpoints
from engine.places import checkpoint_path
from engine.predictor import EmotionPredictor
from engine.records import RunCard
from engine.training.device import preferred_device

KEPT: Final = 12
"""Predictors in memory; the default one takes about 16 MB."""


class LiveModels:
    """Checkpoints by name; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._predictors: OrderedDict[tuple[str, str, str], EmotionPredictor] = OrderedDict()

    def cards(self) -> tuple[RunCard, ...]:
        """Return the cards of the usable checkpoints, sorted by name; a damaged one is left out."""
        return survey_checkpoints().cards  # the dashboard's Home says which are damaged, and how

    def names(self) -> tuple[str, ...]:
        """Return the names of the usable checkpoints, sorted."""
        return tuple(card.name for card in self.cards())

    def classes(self) -> tuple[str, ...]:
        """Return every class that some checkpoint answers, the vocabulary's in its order and first."""
        met = {name for card in self.cards() for name in card.classes}
        known = [name for name in VOCABULARY if name in met]
        return (*known, *sorted(met - set(known)))

    def predictor(self, name: str) -> EmotionPredictor:
        """Return the one predictor of a checkpoint, loading it on first use.

        Only names are taken, never paths: what comes here may come from the network.

        Raises:
            UnknownNameError: no such checkpoint.
            CheckpointError: it is damaged.
        """
        names = checkpoint_names()
        if name not in names:
            raise UnknownNameError("model", name, names)
        device = preferred_device()
        key = (name, read_card(checkpoint_path(name)).weights_sha256, device)
        with self._lock:
            if key not in self._predictors:
                self._predictors[key] = EmotionPredictor(name, device=device)
            self._predictors.move_to_end(key)
            while len(self._predictors) > KEPT:
                self._predictors.popitem(last=False)
            return self._predictors[key]
