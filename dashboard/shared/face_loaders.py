"""The caching code of the Explain page: what maps cost, and what is known of whether to believe them.

Everything is kept by the picture's digest, the weights' sha256, the method, the layer and the target. What is *known*
can be looked up without computing it, since measuring trust takes seconds and is done on demand only.
"""

from __future__ import annotations

import time
from collections.abc import Hashable
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard.shell.cost_loaders import costs
from dashboard.shell.costs import BACKWARD, FORWARD, Work
from dashboard.shell.loaders import KEPT, predictor
from dashboard.shell.map_loaders import Book, FaceKey, Progress

if TYPE_CHECKING:
    from engine.explain.cmaen_shares import CmaenShares
    from engine.explain.methods.settings import Values
    from engine.records import Explanation, RunCard, UInt8
    from engine.trust.faithfulness_record import Faithfulness
    from engine.trust.gate_record import GateUse

GATES: Final = "gates checked"
MAP: Final = "map checked"
"""Kinds of work whose cost is kept, beside the maps'; see :func:`map_work`."""
AT_FIRST: Final = ", as a small step foretold"
"""What such a kind ends with before the first check of it."""


@st.cache_resource(show_spinner=False)
def _book() -> Book:
    return Book()


def known_refusals(sha256: str) -> dict[str, str] | None:
    """Return what :func:`refused` found for these weights, or None where nobody has asked yet."""
    return _book().look((sha256, "refused"))


def refused(card: RunCard, sha256: str, crop: UInt8) -> dict[str, str]:
    """Return method → why this model cannot be explained so, for the methods that it cannot take.

    It is asked once a model, of the first face: what decides is how the model computes. Should another face be refused
    after all, :func:`dashboard.shell.map_loaders.method_map` says so.
    """
    known = known_refusals(sha256)
    if known is not None:
        return known
    from engine.data.transforms import normalise, to_tensor
    from engine.explain.methods.registry import METHODS, refusals
    from engine.models.locking import holding

    model = predictor(card)
    device = next(model.model.parameters()).device
    x = normalise(to_tensor(model.model_input(crop)[None]).to(device), card.input)
    with holding(model.model):
        found = refusals(model.model, x, tuple(METHODS))
    _book().keep((sha256, "refused"), found)
    return found


def map_work(card: RunCard, method: str, layer: str = "", values: Values = ()) -> Work:
    """Return what a map by a method costs, in passes: one of other settings is then promised, too.

    Args:
        card: the model's. method: a key of METHODS. layer: where, of a method that needs one.
        values: of the method's settings; empty: the usual ones.
    """
    from engine.explain.methods.registry import METHODS

    one = METHODS[method]
    forwards, backwards = one.price(values)
    at = f" at {layer}" if layer else ""
    if one.a_channel or one.cost == "one pass":  # its passes hang on the layer, which its kind names
        return Work(card.weights_sha256, f"map by {method}{at}", passes=(forwards, backwards))
    units = forwards + backwards
    return Work(card.weights_sha256, f"map by {method}{at}", units, (forwards / units, backwards / units))


def measure_passes(card: RunCard, seen: UInt8) -> None:
    """Time a pass of this model by a quick one, where this machine never did: what is promised before its like ran.

    Args:
        card: the model's. seen: (S, S) or (S, S, 3) uint8, any face as the model takes it.
    """
    from engine.explain.pass_cost import measure_passes as measured

    record = costs()
    if record.unit(card.weights_sha256, BACKWARD) is not None:
        return
    cost = measured(predictor(card).model, seen, spec=card.input)
    record.note(Work(card.weights_sha256, FORWARD), cost.forward_seconds)
    record.note(Work(card.weights_sha256, BACKWARD), cost.backward_seconds)


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

    began = time.perf_counter()
    found = measure()
    if found:
        costs().note(Work(face.sha256, GATES, len(found)), time.perf_counter() - began)
    _book().keep((face, GATES, target), found)
    return found


def _map_key(face: FaceKey, explanation: Explanation) -> Hashable:
    return (face, MAP, explanation.method, explanation.layer, explanation.target, explanation.settings)


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

    began = time.perf_counter()
    found = measure()
    costs().note(Work(face.sha256, MAP), time.perf_counter() - began)
    _book().keep(_map_key(face, explanation), found)
    return found


def measure_trust(card: RunCard, seen: UInt8) -> None:
    """Time a small step of trust, where this machine never did: what is promised before the first check.

    Args:
        card: the model's. seen: (S, S) or (S, S, 3) uint8, any face as the model takes it.
    """
    from engine.trust.trust import measure_cost

    record = costs()
    if record.unit(card.weights_sha256, MAP + AT_FIRST) is not None:
        return
    cost = measure_cost(predictor(card).model, seen, spec=card.input)
    record.note(Work(card.weights_sha256, GATES + AT_FIRST), cost.seconds(1, 0))
    record.note(Work(card.weights_sha256, MAP + AT_FIRST), cost.seconds(0, 1))


def trust_seconds(sha256: str, gates: int, maps: int) -> float | None:
    """Return how many seconds checking so many gates and maps takes: as it took, else by the small step.

    None where nothing was timed yet.
    """
    record, seconds = costs(), 0.0
    for kind, number in ((GATES, gates), (MAP, maps)):
        if number:
            unit = record.unit(sha256, kind)
            unit = record.unit(sha256, kind + AT_FIRST) if unit is None else unit
            if unit is None:
                return None
            seconds += unit * number
    return seconds


def trust_passes(gates: int, maps: int) -> int:
    """Return how many forward passes checking so many gates and maps takes, at most."""
    from engine.trust.trust import gate_pictures, map_pictures

    return gates * gate_pictures() + maps * map_pictures()
