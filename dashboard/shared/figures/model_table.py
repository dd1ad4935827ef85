"""The models with what was measured on them, as an HTML table that fits a narrow window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from dashboard.report.glossary import opener
from dashboard.report.text import accuracy, escape
from engine.measure.split import VIEWS
from engine.measure.trained_alike import training_differences
from engine.models.plain import FAMILY
from engine.models.registry import ARCHITECTURES
from engine.records import RunCard


@dataclass(frozen=True)
class Protocol:
    """What models trained on a dataset are measured on.

    Attributes:
        title: the table's heading, where there are several.
        key: the dataset and split of the card's metrics.
        words: how the split is called in the note.
        augmented: whether several views and copies of training pictures are measured, too.
    """

    title: str
    key: str
    words: str
    augmented: bool


FER2013: Final = Protocol(
    # The split that the literature quotes.
    "Trained on real faces (FER2013)",
    "fer2013/private",
    "FER2013 PrivateTest",
    True,
)
BUILT_IN: Final = Protocol("Trained on the built-in faces", "synthetic/test", "the built-in faces’ test split", False)

OTHERS: Final = Protocol("Networks of others", "", "data of its own", False)
"""Each was measured on what its user had; there is no data set that all of them know."""


def protocol_of(card: RunCard) -> Protocol:
    """Return what a model is measured on, by the dataset that it was trained on."""
    if card.is_adopted:
        return OTHERS
    return BUILT_IN if card.data.get("dataset") == "synthetic" else FER2013


def shares_backbone(card: RunCard) -> bool:
    """Return whether the model differs in its attention alone from those that a comparison is about."""
    known = ARCHITECTURES.get(card.architecture)
    return known is not None and known.family == FAMILY


def simplest_first(card: RunCard) -> tuple[bool, int, str]:
    """Order rows: those that share a backbone, whose difference is the attention, then the others."""
    return not shares_backbone(card), card.parameters, card.name


def _metric(card: RunCard, protocol: Protocol, view: str) -> dict[str, Any] | None:
    if protocol is OTHERS:
        return next((found for key, found in card.metrics.items() if key.endswith(f"/{view}")), None)
    return card.metrics.get(f"{protocol.key}/{view}")


def _attention(card: RunCard) -> str:
    if card.is_adopted:
        kinds = dict.fromkeys(str(gate.get("kind", "")) for gate in card.config.get("gates", ()))
        return ", ".join(filter(None, kinds)) or "none"
    known = ARCHITECTURES.get(card.architecture)
    words = card.architecture if known is None else known.attention
    if known is not None and not shares_backbone(card):
        words += "; a backbone of its own"
    marked = isinstance(card.recipe.get("data"), dict) and card.recipe["data"].get("marked")
    return f"{words}; trained with the label’s mark in a corner" if marked else words


def _millions(parameters: int) -> str:
    return f"{parameters / 1e6:.2f} M" if parameters >= 5_000 else f"{parameters:,}"


def model_table(cards: Sequence[RunCard], default: str | None = None, protocol: Protocol = FER2013) -> str:
    """Return the table; a figure that was not measured is a dash, never a guess.

    Args:
        cards: the checkpoints, in the order of the rows.
        default: the model that is marked as the page's own choice.
        protocol: what they were measured on.
    """
    rows = []
    for card in cards:
        single, mirror, tta = (_metric(card, protocol, view) for view in VIEWS)
        mark = ' <span class="fl-tag">selected</span>' if card.name == default else ""
        f1 = f"{single['macro_f1']:.3f}" if single else "—"
        clean = single.get("accuracy_clean") if single else None
        more = (
            f"<td class='fl-number fl-wide'>{accuracy(mirror) if mirror else '—'}</td>"
            f"<td class='fl-number'>{accuracy(tta) if tta else '—'}</td>"
            f"<td class='fl-number fl-wide'>{f'{100 * clean:.1f} %' if clean is not None else '—'}</td>"
        )
        rows.append(
            f"<tr><th scope='row'>{escape(card.name)}{mark}</th>"
            f"<td class='fl-wide'>{escape(_attention(card))}</td>"
            f"<td class='fl-number'>{accuracy(single) if single else '—'}</td>"
            f"{more if protocol.augmented else ''}"
            f"<td class='fl-number'>{f1}</td>"
            f"<td class='fl-number'>{_millions(card.parameters)}</td></tr>"
        )
    more = (
        '<th class="fl-number fl-wide">and mirror image</th><th class="fl-number">ten crops</th>'
        '<th class="fl-number fl-wide">without train copies</th>'
    )
    return (
        '<table class="fl-table fl-models"><thead><tr><th>model</th><th class="fl-wide">attention</th>'
        f'<th class="fl-number">{opener("accuracy", "accuracy")}</th>{more if protocol.augmented else ""}'
        f'<th class="fl-number">{opener("macro_f1", "classes alike (macro F1)")}</th>'
        f'<th class="fl-number">parameters</th></tr></thead><tbody>{"".join(rows)}</tbody></table>'
    )


def table_note(cards: Sequence[RunCard], protocol: Protocol = FER2013) -> str:
    """Say what the table's figures are: split, number of pictures, interval; or that nothing was measured."""
    sizes = sorted({int(metric["n"]) for card in cards if (metric := _metric(card, protocol, "single"))})
    if protocol is OTHERS:
        return (
            "Each as it was measured on data of its own: rows are not to be compared. A dash: not checked yet, "
            "“python -m engine evaluate --model NAME --dataset folder --data FOLDER --write-card” does so."
        )
    if not sizes:
        return (
            f"None of these models has been measured on {protocol.words} yet: run “python -m engine evaluate” to do so."
        )
    counts = " and ".join(f"{size:,}" for size in sizes)
    view = "single view unless the column says otherwise" if protocol.augmented else "single view"
    return (
        f"Measured on {protocol.words}, n = {counts}, {view}; in brackets the "
        f"95 % interval. The best epoch was chosen on pictures held out of the training set.{_trained_otherwise(cards)}"
    )


def _trained_otherwise(cards: Sequence[RunCard]) -> str:
    """Name the models that were not trained as the one without attention was, or say nothing."""
    plain = next((card for card in cards if card.architecture == "baseline"), None)
    if plain is None:
        return ""
    others = [card.name for card in cards if training_differences(plain, card)]
    return f" Not trained as {plain.name} was, so not to be compared with it: {', '.join(others)}." if others else ""
