"""The one cache of answers and maps: by what the model saw, the weights, the layer, the method, settings and target.

Whoever asks first computes: Explain, Compare, the pinned picture, the league's map, a gallery's tiles. What a picture
is called, and which page it came from, plays no part: its key is what the model is given of it.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import streamlit as st

from dashboard.shell.loaders import KEPT, predictor
from engine.records import Explanation, FaceBox, FaceExplanation, RunCard, UInt8

if TYPE_CHECKING:
    from engine.explain.methods.settings import Values

Progress = Callable[[int, int], None]
"""Called with (steps done, steps wanted)."""
GRADCAM: Final = "gradcam"
MAPS_KEPT: Final = 8 * KEPT
"""A class has a map each: of a 48-pixel model they take about 9 kB."""


@dataclass(frozen=True)
class FaceKey:
    """Which face, seen by which weights: the picture's digest, the face's number, and whether it is the whole picture.

    With a model it stands for the crop, and so for everything that is computed from it.
    """

    digest: str
    index: int
    whole: bool
    model: str
    sha256: str


class Book:
    """What was measured for any visitor, the least recently used forgotten first; safe to share between threads."""

    def __init__(self, most: int = KEPT) -> None:
        self._lock = threading.Lock()
        self._most = most
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()

    def look(self, key: Hashable) -> Any | None:
        """Return what was kept under ``key``, or None."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def keep(self, key: Hashable, value: object) -> None:
        """Keep ``value`` under ``key``, and forget what nobody looked at for longest where it grows too large."""
        with self._lock:
            self._kept[key] = value
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


@st.cache_resource(show_spinner=False)
def _book() -> Book:
    return Book(MAPS_KEPT)


@st.cache_data(show_spinner=False, max_entries=4 * KEPT)
def _seen(key: FaceKey, _card: RunCard, _crop: UInt8) -> str:  # noqa: ARG001  # the key stands for card and crop
    return seen_digest(_card, _crop)


def seen_digest(card: RunCard, crop: UInt8) -> str:
    """Return what stands for a crop as this model is given it."""
    seen = predictor(card).model_input(crop)
    return hashlib.blake2b(np.ascontiguousarray(seen).tobytes() + repr(seen.shape).encode(), digest_size=16).hexdigest()


def _answer_key(card: RunCard, seen: str) -> Hashable:
    return (card.name, card.weights_sha256, seen, "answer")


def _map_key(card: RunCard, seen: str, method: str, layer: str, target: str, values: Values) -> Hashable:
    return (card.name, card.weights_sha256, seen, method, layer, target, values)


def _keep(card: RunCard, seen: str, found: FaceExplanation) -> None:
    _book().keep(_answer_key(card, seen), replace(found, maps=(), box=None))
    for entry in found.maps:
        _book().keep(_map_key(card, seen, entry.method, entry.layer, entry.target, entry.settings), entry)


def target_name(answer: FaceExplanation, target: str, truth: str | None = None) -> str:
    """Return a target's name as maps have it, with ``predicted`` and ``true`` settled by an answer.

    Raises:
        UnknownNameError, UsageError: as of :meth:`engine.explain.target.Target.settle`.
    """
    import torch

    from engine.explain.target import Target, class_index

    classes = answer.prediction.classes
    logits = torch.from_numpy(np.asarray(answer.prediction.logits, dtype=np.float32))[None]
    return Target.parse(target, classes).settle(logits, classes, class_index(truth, classes)).name


def answer(card: RunCard, key: FaceKey, crop: UInt8, box: FaceBox | None) -> FaceExplanation:
    """Return the answer to one face and every gate, without a map: one forward pass.

    Args:
        card: the model's. key: stands for the crop and the weights. crop: (H, W, 3) uint8. box: for the record.
    """
    seen = _seen(key, card, crop)
    kept: FaceExplanation | None = _book().look(_answer_key(card, seen))
    if kept is None:
        kept = predictor(card).answer(crop)
        _keep(card, seen, kept)
    return replace(kept, box=box)


def known_map(
    card: RunCard, key: FaceKey, crop: UInt8, layer: str, target: str, method: str = GRADCAM, values: Values = ()
) -> Explanation | None:
    """Return a map that was computed before, or None; ``target`` is settled, see :func:`target_name`."""
    found: Explanation | None = _book().look(_map_key(card, _seen(key, card, crop), method, layer, target, values))
    return found


def gradcams(
    card: RunCard,
    key: FaceKey,
    crop: UInt8,
    layer: str,
    targets: Sequence[str],
    progress: Progress | None = None,
) -> tuple[Explanation, ...]:
    """Return the Grad-CAM of each settled target at a layer; those that are missing come from one forward pass.

    Args:
        card, key, crop: as of :func:`answer`. layer: one of the model's. targets: settled.
        progress: called with (maps made, wanted); what it raises ends the work.
    """
    seen = _seen(key, card, crop)
    missing = [one for one in targets if known_map(card, key, crop, layer, one) is None]
    fresh: dict[str, Explanation] = {}
    if missing:
        for found in predictor(card).explain_targets(crop, missing, layer=layer, progress=progress):
            _keep(card, seen, found)
            fresh[found.maps[0].target] = found.maps[0]
    kept = (fresh.get(one) or known_map(card, key, crop, layer, one) for one in targets)
    return tuple(one for one in kept if one is not None)


def method_map(
    card: RunCard,
    key: FaceKey,
    crop: UInt8,
    method: str,
    layer: str,
    target: str,
    values: Values = (),
    progress: Progress | None = None,
) -> Explanation:
    """Explain a face by one method.

    Args:
        card, key, crop: as of :func:`answer`.
        method: a key of METHODS.
        layer: one of the model's explained layers, or empty for a method that needs none.
        target: a class or a contrast, settled: not ``predicted`` or ``true``.
        values: of the method's settings; empty: the usual ones.
        progress: called with (forward passes done, wanted); what it raises ends the work.

    Raises:
        UsageError: the model cannot be explained by the method.
    """
    from engine.explain.methods.registry import METHODS

    one = METHODS[method]
    values = values or one.values({}, card.input)
    kept = known_map(card, key, crop, layer, target, method, values)
    if kept is None:
        setup = one.setup(values, card.input)
        found = predictor(card).explain_crop(
            crop, layer=layer or None, target=target, method=method, setup=setup, progress=progress
        )
        _keep(card, _seen(key, card, crop), found)
        kept = found.maps[0]
    return kept


def explanation(
    card: RunCard,
    key: FaceKey,
    crop: UInt8,
    box: FaceBox | None,
    layer: str,
    target: str,
    truth: str | None = None,
) -> FaceExplanation:
    """Explain one face: every gate, and the Grad-CAM of ``target`` at ``layer``; ``truth`` is its label if known.

    Args:
        card, key, crop, box: as of :func:`answer`.
        layer, target, truth: as of :meth:`engine.predictor.EmotionPredictor.explain`.
    """
    return replace(explained_as_seen(card, _seen(key, card, crop), crop, layer, target, truth), box=box)


def explained_as_seen(
    card: RunCard, seen: str, crop: UInt8, layer: str | None, target: str, truth: str | None = None
) -> FaceExplanation:
    """As :func:`explanation`, of a crop that ``seen`` stands for (:func:`seen_digest`); None is the last layer."""
    known = known_as_seen(card, seen, layer, target, truth)
    if known is not None:
        return known
    model = predictor(card)
    made = model.explain_crop(crop, layer=layer or model.gradcam_layers[-1], target=target, truth=truth)
    _keep(card, seen, made)
    return replace(made, box=None)


def known_as_seen(
    card: RunCard, seen: str, layer: str | None, target: str, truth: str | None = None
) -> FaceExplanation | None:
    """Return what :func:`explained_as_seen` would, where that was computed before; else None."""
    kept: FaceExplanation | None = _book().look(_answer_key(card, seen))
    if kept is None:
        return None
    at = layer or predictor(card).gradcam_layers[-1]
    found: Explanation | None = _book().look(_map_key(card, seen, GRADCAM, at, target_name(kept, target, truth), ()))
    return None if found is None else replace(kept, maps=(found,))
