"""The caching code of the Explain page: maps by further methods, and what is known of whether to believe them.

Everything is kept by the picture's digest, the weights' sha256, the method, the layer and the target. What is *known*
can be looked up without computing it, since measuring trust takes seconds and is done on demand only.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from dashboard.shell.loaders import KEPT, predictor

if TYPE_CHECKING:
    from engine.explain.cmaen_shares import CmaenShares
    from engine.records import Explanation, RunCard, UInt8
    from engine.trust.faithfulness_record import Faithfulness
    from engine.trust.gate_record import GateUse
    from engine.trust.trust import TrustCost

Progress = Callable[[int, int], None]
"""Called with (steps done, steps wanted)."""

GATES: Final = "gates"
MAP: Final = "map"
"""What is timed beside the methods, which are timed by name; see :func:`took`."""


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

    def __init__(self) -> None:
        self._lock = threading.Lock()
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
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)


@st.cache_resource(show_spinner=False)
def _book() -> Book:
    return Book()


@st.cache_resource(show_spinner=False)
def _times() -> Book:
    return Book()


def took(sha256: str, what: str) -> float | None:
    """Return how many seconds ``what`` (as given to :func:`timed`, or a method) last took these weights, or None."""
    return _times().look((sha256, what))


@st.cache_data(show_spinner=False, max_entries=32)
def refused(_card: RunCard, sha256: str, _crop: UInt8) -> dict[str, str]:  # noqa: ARG001  # the digest is the cache's key
    """Return method → why this model cannot be explained so, for the methods that it cannot take.

    It is asked once a model, of the first face: what decides is how the model computes. Should another face be refused
    after all, :func:`method_map` says so.
    """
    from engine.data.transforms import normalise, to_tensor
    from engine.explain.methods.registry import METHODS, refusals
    from engine.models.locking import holding

    model = predictor(_card)
    device = next(model.model.parameters()).device
    x = normalise(to_tensor(model.model_input(_crop)[None]).to(device), _card.input)
    with holding(model.model):
        return refusals(model.model, x, tuple(METHODS))


@st.cache_data(show_spinner=False, max_entries=KEPT)
def method_map(_card: RunCard, face: FaceKey, _crop: UInt8, method: str, layer: str, target: str) -> Explanation:
    """Explain a face by one method.

    Args:
        _card: the model's.
        face: stands for the crop and the weights.
        _crop: (H, W, 3) uint8.
        method: a key of METHODS.
        layer: one of the model's explained layers, or empty for a method that needs none.
        target: a class or a contrast, settled: not ``predicted`` or ``true``.

    Raises:
        UsageError: the model cannot be explained by the method.
    """
    found = predictor(_card).explain_crop(_crop, layer=layer or None, target=target, method=method).maps[0]
    _times().keep((face.sha256, method), found.seconds)
    return found


@st.cache_data(show_spinner=False, max_entries=KEPT)
def answer_shares(_card: RunCard, face: FaceKey, _seen: UInt8) -> CmaenShares | None:  # noqa: ARG001  # the cache's key
    """Take the answer to one face apart, exactly; None for a model that is no ``cmaen``.

    Args:
        _card: the model's.
        face: stands for the picture and the weights.
        _seen: (S, S) or (S, S, 3) uint8, the face as the model saw it.
    """
    from engine.explain.cmaen_shares import cmaen_shares

    return cmaen_shares(predictor(_card).model, _seen[None], spec=_card.input)


@st.cache_data(show_spinner=False, max_entries=8)
def _lenders(sha256: str, _card: RunCard) -> UInt8:  # noqa: ARG001  # the digest is the cache's key
    from engine.trust.lenders import lenders_of

    return lenders_of(_card).pictures


def timed(sha256: str, what: str, measure: Callable[[], Any]) -> Any:
    """Return what ``measure`` gives, and keep how long it took these weights for :func:`took`."""
    began = time.perf_counter()
    found = measure()
    _times().keep((sha256, what), time.perf_counter() - began)
    return found


def known_gates(face: FaceKey, target: str) -> tuple[GateUse, ...] | None:
    """Return what :func:`check_gates` found for this face and target, or None where nobody has asked yet."""
    return _book().look((face, GATES, target))


def check_gates(
    card: RunCard, face: FaceKey, seen: UInt8, target: str, progress: Progress | None = None
) -> tuple[GateUse, ...]:
    """Ask of each gate of a model whether it is used for one face, as ``engine explain --trust`` does; keep it.

    Args:
        card: the model's.
        face: which face and model.
        seen: (S, S) or (S, S, 3) uint8, the face as the model saw it.
        target: whose logit is followed.
        progress: see Progress; a step is a gate.
    """
    from engine.explain.target import Target
    from engine.trust.gate_use import gate_use

    def measure() -> tuple[GateUse, ...]:
        others = _lenders(card.weights_sha256, card)
        return gate_use(
            predictor(card).model,
            seen[None],
            spec=card.input,
            classes=card.classes,
            target=Target.parse(target, card.classes),
            others=others if len(others) else seen[None][:0],
            progress=progress,
        )

    found: tuple[GateUse, ...] = timed(face.sha256, GATES, measure)
    _book().keep((face, GATES, target), found)
    return found


def _map_key(face: FaceKey, explanation: Explanation) -> Hashable:
    return (face, MAP, explanation.method, explanation.layer, explanation.target)


def known_map(face: FaceKey, explanation: Explanation) -> Faithfulness | None:
    """Return what :func:`check_map` found for this face and map, or None where nobody has asked yet."""
    return _book().look(_map_key(face, explanation))


def check_map(
    card: RunCard, face: FaceKey, seen: UInt8, explanation: Explanation, progress: Progress | None = None
) -> Faithfulness:
    """Measure how faithful a map is, as ``engine explain --trust`` does; keep it.

    Args:
        card: the model's.
        face: which face and model.
        seen: (S, S) or (S, S, 3) uint8, the face as the model saw it.
        explanation: the map, of two cells or more.
        progress: see Progress; a step is a map, random ones included.
    """
    from engine.trust.faithfulness import faithfulness

    def measure() -> Faithfulness:
        return faithfulness(
            predictor(card).model, seen, explanation, spec=card.input, classes=card.classes, progress=progress
        )

    found: Faithfulness = timed(face.sha256, MAP, measure)
    _book().keep(_map_key(face, explanation), found)
    return found


@st.cache_data(show_spinner=False, max_entries=32)
def trust_cost(_card: RunCard, sha256: str, _seen: UInt8) -> TrustCost:  # noqa: ARG001  # the digest is the cache's key
    """Return what trust costs a model on this machine; a small step is run and timed, once a model.

    Args:
        _card: the model's.
        sha256: of its weights.
        _seen: (S, S) or (S, S, 3) uint8, any face as the model takes it.
    """
    from engine.trust.trust import measure_cost

    return measure_cost(predictor(_card).model, _seen, spec=_card.input)


def trust_passes(gates: int, maps: int) -> int:
    """Return how many forward passes checking so many gates and maps takes, at most."""
    from engine.trust.trust import gate_pictures, map_pictures

    return gates * gate_pictures() + maps * map_pictures()
