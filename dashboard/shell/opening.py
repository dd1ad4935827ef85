"""What pages open on where nobody has chosen: decided from what is here, and from what the product is about.

Names in, names out, no Streamlit. What is here are models with what they were analysed on and which data sets'
pictures lie on this machine; what the product is about is attention, so that a model with gates comes before one
without, and the comparison is between the two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from engine.analysis.files.places import AnalysedSplit
from engine.data.by_id import BY_ID, SYNTHETIC
from engine.evidence.report import EvidenceReport, MapFigures
from engine.records import RunCard

ATTENTION: Final = "cbam"
"""The architecture whose gates every page can show: channels and places, after each block."""
PLAIN: Final = "baseline"
"""The same backbone without any gate: what attention is compared with."""

Here = Callable[[str], bool]
"""Says whether a data set's pictures are on this machine."""


def _trained_on(card: RunCard) -> str:
    return str(card.data.get("dataset", SYNTHETIC))


def _like(cards: Iterable[RunCard], architecture: str, dataset: str, classes: Iterable[str]) -> RunCard | None:
    """Return the model of an architecture trained on a data set's faces, of the shortest name where there are several.

    A name that holds the architecture's comes first: others are variants, trained otherwise.
    """
    known = set(classes)
    found = [
        card
        for card in cards
        if card.architecture == architecture and _trained_on(card) == dataset and set(card.classes) == known
    ]
    return min(found, key=lambda card: (architecture not in card.name, len(card.name), card.name), default=None)


def sibling(card: RunCard, cards: Sequence[RunCard]) -> RunCard | None:
    """Return the model of the same architecture that was trained on the built-in faces, itself where it is that one."""
    if _trained_on(card) == SYNTHETIC:
        return card
    return _like(cards, card.architecture, SYNTHETIC, card.classes)


def study_model(usual: str, cards: Sequence[RunCard], analysed: Sequence[AnalysedSplit], here: Here) -> str:
    """Return the model that a page about an analysed split opens with.

    The usual one, unless it was analysed and the pictures that it was trained on are not here: then the one of its
    architecture that knows the built-in faces, which are always here, if that was analysed on them.
    """
    card = next((card for card in cards if card.name == usual), None)
    if card is None or here(_trained_on(card)) or not any(usual in one.models for one in analysed):
        return usual
    other = sibling(card, cards)
    on_drawn = {name for one in analysed if one.dataset == SYNTHETIC for name in one.models}
    return other.name if other is not None and other.name in on_drawn else usual


def analysis_order(own: str, splits: Iterable[AnalysedSplit], here: Here) -> list[AnalysedSplit]:
    """Order analysed splits, the one to open first: pictures here before others, then the model's ``own`` data set."""
    return sorted(splits, key=lambda one: (not here(one.dataset), one.dataset != own))


def compared(current: str, cards: Sequence[RunCard], here: Here) -> tuple[str, ...]:
    """Return the two models that Compare opens on: one without attention, and the current one or its sibling with.

    Both of the same data, and of the built-in faces where the pictures that the current one was trained on are not
    here. Where there is no such pair, the first two of the same classes; one or none where there are no more.
    """
    card = next((card for card in cards if card.name == current), cards[0] if cards else None)
    if card is None:
        return ()
    for dataset in [_trained_on(card)] if here(_trained_on(card)) else [SYNTHETIC, _trained_on(card)]:
        pair = _pair(card, cards, dataset)
        if pair:
            return pair
    for index, one in enumerate(cards):
        for other in cards[index + 1 :]:
            if set(one.classes) == set(other.classes):
                return one.name, other.name
    return (card.name,)


def compared_elsewhere(current: str, cards: Sequence[RunCard], here: Here) -> tuple[str, tuple[str, str]] | None:
    """Return what Compare would have opened on, were its pictures here: (data set, two models); None where they are."""
    card = next((card for card in cards if card.name == current), None)
    if card is None or here(_trained_on(card)) or not _pair(card, cards, SYNTHETIC):
        return None
    pair = _pair(card, cards, _trained_on(card))
    return (_trained_on(card), pair) if pair else None


def _pair(card: RunCard, cards: Sequence[RunCard], dataset: str) -> tuple[str, str] | None:
    """Return the two of a data set to compare: without attention, and like ``card`` with it; None without two."""
    plain = _like(cards, PLAIN, dataset, card.classes)
    wanted = ATTENTION if card.architecture == PLAIN else card.architecture
    kin = card if _trained_on(card) == dataset and card.architecture == wanted else None
    gated = kin or _like(cards, wanted, dataset, card.classes) or _like(cards, ATTENTION, dataset, card.classes)
    return (plain.name, gated.name) if plain is not None and gated is not None and plain != gated else None


def evidence_model(chosen: str, fitting: Sequence[RunCard], cards: Sequence[RunCard], measured: Here) -> str:
    """Return the model that Evidence opens with: the chosen one where it has results, or nobody has, else its sibling.

    Args:
        chosen: the model of the other pages. fitting: those that the page offers. cards: all models.
        measured: says of a model's name whether it has results.
    """
    names = [card.name for card in fitting]
    if chosen in names and measured(chosen):
        return chosen
    card = next((card for card in cards if card.name == chosen), None)
    likely = [sibling(card, fitting) if card is not None else None]
    likely += [_like(fitting, ATTENTION, SYNTHETIC, one.classes) for one in fitting]
    for one in likely:
        if one is not None and one.name in names and measured(one.name):
            return one.name
    unmeasured = chosen if chosen in names else next(iter(names), "")
    return next((name for name in names if measured(name)), unmeasured)


def dataset(named: Iterable[str], here: Here) -> str:
    """Return the data set that Data opens on: the first that was ``named`` and is here, else FER2013, else drawn faces.

    Args:
        named: by an address, by the picture chosen or by the analysis studied, the latest first; unknown ones count for
            nothing.
        here: see :data:`Here`.
    """
    return next((name for name in (*named, "fer2013") if name in BY_ID and here(name)), SYNTHETIC)


def best_layer(separation: dict[str, float]) -> str:
    """Return the layer that tells classes apart best; the later one where two do alike. ``separation`` is not empty."""
    return max(reversed(list(separation)), key=lambda name: separation[name])


@dataclass(frozen=True)
class Supported:
    """The map that known evidence supports.

    Attributes:
        method, layer: of the map; no layer where the method needs none.
        model: whose results say so. own: whether that is the model that is explained.
        factor: how many times as much mass it puts on true evidence as an even map would.
        faces: over how many.
    """

    method: str
    layer: str
    model: str
    own: bool
    factor: float
    faces: int


def supported(card: RunCard, report: EvidenceReport | None, *, refused: Iterable[str] = ()) -> Supported | None:
    """Return the method that comes first in a league of the model or of its sibling, None where none is above chance.

    Args:
        card: the model that is explained. report: its results, or its sibling's; None without any.
        refused: methods that this model cannot take.
    """
    if report is None:
        return None
    closed = set(refused)
    able = [row for row in report.maps if row.source.kind == "method" and row.source.name not in closed]
    sure = [row for row in able if _beyond_references(row)]
    if not sure:
        return None
    best = max(sure, key=_enrichment)
    found = best.groups["all"].figures["enrichment"]
    own = report.weights_sha256 == card.weights_sha256
    return Supported(best.source.name, best.source.layer, report.model, own, 2 ** (found.mean or 0.0), found.n)


def _enrichment(row: MapFigures) -> float:
    mean = row.groups["all"].figures["enrichment"].mean
    return float("-inf") if mean is None else mean


def _beyond_references(row: MapFigures) -> bool:
    lows = [figures["enrichment"].low for figures in row.groups["all"].minus.values()]
    return bool(lows) and all(low is not None and low > 0 for low in lows)
