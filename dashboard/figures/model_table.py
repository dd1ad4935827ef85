"""The models with what was measured on them, as an HTML table that fits a narrow window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from dashboard.figures.text import accuracy, escape
from engine.records import RunCard

PROTOCOL: Final = "fer2013/private"
"""The split that the literature quotes: PrivateTest."""

ATTENTION_WORDS: Final[dict[str, str]] = {
    "baseline": "none",
    "spatial": "spatial, after each block",
    "cbam": "channel + spatial, after each block",
}
"""What each architecture's attention is, in words."""


def _metric(card: RunCard, view: str) -> dict[str, Any] | None:
    return card.metrics.get(f"{PROTOCOL}/{view}")


def model_table(cards: Sequence[RunCard], default: str | None = None) -> str:
    """Return the table; a figure that was not measured is a dash, never a guess.

    Args:
        cards: the checkpoints, in the order of the rows.
        default: the model that is marked as the page's own choice.
    """
    rows = []
    for card in cards:
        single, tta = _metric(card, "single"), _metric(card, "tta")
        mark = ' <span class="fl-tag">selected</span>' if card.name == default else ""
        f1 = f"{single['macro_f1']:.3f}" if single else "—"
        clean = single.get("accuracy_clean") if single else None
        rows.append(
            f"<tr><th scope='row'>{escape(card.name)}{mark}</th>"
            f"<td class='fl-wide'>{escape(ATTENTION_WORDS.get(card.architecture, card.architecture))}</td>"
            f"<td class='fl-number'>{accuracy(single) if single else '—'}</td>"
            f"<td class='fl-number'>{accuracy(tta) if tta else '—'}</td>"
            f"<td class='fl-number fl-wide'>{f'{100 * clean:.1f} %' if clean is not None else '—'}</td>"
            f"<td class='fl-number'>{f1}</td>"
            f"<td class='fl-number'>{card.parameters / 1e6:.2f} M</td></tr>"
        )
    return (
        '<table class="fl-table"><thead><tr><th>model</th><th class="fl-wide">attention</th>'
        '<th class="fl-number">accuracy</th><th class="fl-number">ten-crop + flip</th>'
        '<th class="fl-number fl-wide">without train copies</th><th class="fl-number">macro-F1</th>'
        f'<th class="fl-number">parameters</th></tr></thead><tbody>{"".join(rows)}</tbody></table>'
    )


def table_note(cards: Sequence[RunCard]) -> str:
    """Say what the table's figures are: split, number of pictures, interval; or that nothing was measured."""
    sizes = sorted({int(metric["n"]) for card in cards if (metric := _metric(card, "single"))})
    if not sizes:
        return "None of these models has been measured on FER2013 yet: run “python -m engine evaluate” to do so."
    counts = " and ".join(f"{size:,}" for size in sizes)
    return (
        f"Measured on FER2013 PrivateTest, n = {counts}, single view unless the column says otherwise; in brackets the "
        "95 % interval. The best epoch was chosen on pictures held out of the training set."
    )
