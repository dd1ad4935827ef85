"""What a card may say. A folder among the checkpoints may come from anyone, and a card is read before anything else.

The rules look at kinds and ranges, so that no later reader meets a text where it formats a number, and nothing is built
that no machine holds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from engine.records import InputSpec, RunCard

LARGEST_SIDE: Final = 2_048
"""Pixels of an input; networks for faces take 48 to 256."""
LARGEST_SETTING: Final = 65_536
"""Of a number in an architecture's config, as a width; what the numbers make together is judged when it is built."""
MOST_CLASSES: Final = 1_000
LONGEST_NAME: Final = 200

_SHARE: Final = re.compile(r"(accuracy|macro_f1|macro_recall|macro_precision)(_clean)?")
_COUNT: Final = re.compile(r"n(_clean)?")
_INTERVAL: Final = re.compile(r"interval(_clean)?")


def check_card(card: RunCard) -> None:
    """Raise ValueError, with what was expected and what came, for a card that no run of ours writes."""
    for expected, came in _wrong(card):
        raise ValueError(f"expected {expected}, got {_short(came)}")


def _wrong(card: RunCard) -> Iterator[tuple[str, object]]:
    yield from _wrong_input(card.input)
    for what, value in (("an architecture", card.architecture), *(("a class", name) for name in card.classes)):
        if not (isinstance(value, str) and 0 < len(value) <= LONGEST_NAME and value.isprintable()):
            yield f"{what} as a name", value
    if len(card.classes) > MOST_CLASSES:
        yield f"at most {MOST_CLASSES} classes", len(card.classes)
    if not isinstance(card.parameters, int) or isinstance(card.parameters, bool) or card.parameters < 0:
        yield "parameters as a count", card.parameters
    if not (isinstance(card.weights_sha256, str) and re.fullmatch(r"[0-9a-f]{64}", card.weights_sha256)):
        yield "a sha256 of 64 hex digits", card.weights_sha256
    yield from (("text as a note", note) for note in card.notes if not isinstance(note, str))
    for name in ("config", "recipe", "data", "metrics", "versions", "origin"):
        part = getattr(card, name)
        if not isinstance(part, Mapping):
            yield f"{name} as an object", part
            return
        yield from _not_finite(part, name)
    yield from _wrong_config(card.config)
    yield from _wrong_adopted(card)
    yield from _wrong_origin(card)
    for key, found in card.metrics.items():
        yield from _wrong_metric(key, found)


def _wrong_input(spec: InputSpec) -> Iterator[tuple[str, object]]:
    if not _is_count(spec.size) or spec.size > LARGEST_SIDE:
        yield f"an input of at most {LARGEST_SIDE} whole pixels", spec.size
    if not _is_count(spec.columns) or spec.columns > LARGEST_SIDE:
        yield f"an input of at most {LARGEST_SIDE} whole pixels", spec.columns
    for what, values in (("mean", spec.mean), ("std", spec.std)):
        yield from ((f"{what} as finite numbers", value) for value in values if not _is_number(value))


def _wrong_adopted(card: RunCard) -> Iterator[tuple[str, object]]:
    """Judge what the card of an adopted network says of its graph, gates, layers and origin."""
    claimed = card.origin.get("claimed_accuracy")
    if claimed is not None and not _is_share(claimed):
        yield "claimed_accuracy in [0, 1]", claimed
    for key in ("source", "file", "sha256", "licence"):
        value = card.origin.get(key)
        if value is not None and not (isinstance(value, str) and len(value) <= LONGEST_NAME and value.isprintable()):
            yield f"{key} of the origin as a name", value
    if not card.is_adopted:
        return
    stored = "code_sha256" if card.is_live else "graph_sha256"
    digest = card.config.get(stored)
    if not (isinstance(digest, str) and re.fullmatch(r"[0-9a-f]{64}", digest)):
        yield f"{stored} of 64 hex digits", digest
    if card.is_live and "graph_sha256" in card.config:
        yield "a graph or a live network", "both"
    layers, gates = card.config.get("layers"), card.config.get("gates")
    if not (isinstance(layers, list) and layers and all(isinstance(layer, str) for layer in layers)):
        yield "the names of the layers", layers
    fits = isinstance(gates, list) and all(
        isinstance(gate, Mapping)
        and isinstance(gate.get("layer"), str)
        and isinstance(gate.get("kind"), str)
        and isinstance(gate.get("shape"), list)
        and all(_is_count(side) for side in gate["shape"])
        for gate in gates
    )
    if not fits:
        yield "gates with layer, kind and shape", gates


def _wrong_config(config: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for key, value in config.items():
        inside = value if isinstance(value, list) else [value]
        for one in inside:
            if isinstance(one, int | float) and abs(one) > LARGEST_SETTING:
                yield f"{key} in the config of at most {LARGEST_SETTING:,}", one


def _wrong_origin(card: RunCard) -> Iterator[tuple[str, object]]:
    """Judge the entries that say what a model was trained on and how, where they are there."""
    parts = [("data of the recipe", card.recipe.get("data"))]
    parts += [(f"{key} of the data", card.data.get(key)) for key in ("train", "val", "enhancement")]
    yield from ((f"{what} as an object", part) for what, part in parts if not isinstance(part, Mapping | None))
    for key in ("chosen_epoch", "seed"):
        value = card.recipe.get(key)
        if value is not None and not _is_count(value):
            yield f"{key} in recipe as a count", value
    enhancement = card.data.get("enhancement")
    if isinstance(enhancement, Mapping):
        networks = enhancement.get("networks")
        fits = isinstance(networks, list) and all(
            isinstance(network, Mapping) and isinstance(network.get("sha256"), str) for network in networks
        )
        if not fits:
            yield "networks of the enhancement, each with its sha256", networks


def _wrong_metric(key: str, found: object) -> Iterator[tuple[str, object]]:
    if not isinstance(found, Mapping):
        yield f"the measurement {_short(key)} as an object", found
        return
    for name, value in found.items():
        if value is None:
            continue
        if _SHARE.fullmatch(name) and not _is_share(value):
            yield f"{name} of {_short(key)} in [0, 1]", value
        if _COUNT.fullmatch(name) and not _is_count(value):
            yield f"{name} of {_short(key)} as a count", value
        if _INTERVAL.fullmatch(name) and not (
            isinstance(value, list) and len(value) == 2 and all(end is None or _is_share(end) for end in value)
        ):
            yield f"{name} of {_short(key)} as two numbers in [0, 1]", value
    missing = [] if key.endswith("/chosen") else [name for name in ("interval", "macro_f1") if name not in found]
    missing += [name for name in ("accuracy", "n") if found.get(name) is None]
    if missing:
        yield f"{' and '.join(missing)} of {_short(key)}", "nothing"


def _not_finite(value: object, where: str) -> Iterator[tuple[str, object]]:
    """Look through lists and objects (the reader has bounded their depth) for numbers that JSON does not have."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            waiting.extend(one.values())
        elif isinstance(one, list | tuple):
            waiting.extend(one)
        elif isinstance(one, float) and not math.isfinite(one):
            yield f"finite numbers in {where}", one


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 10**15


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_share(value: object) -> bool:
    return _is_number(value) and 0 <= value <= 1  # type: ignore[operator]  # it is a number


def _short(value: object) -> str:
    """Return ``value`` as a message bears it: a card's text may be as long as a book."""
    text = ascii(value) if not isinstance(value, list | dict) else type(value).__name__
    return text if len(text) <= 60 else f"{text[:57]}..."
