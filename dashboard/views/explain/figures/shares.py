"""What a ``cmaen``'s answer to one face is made of: whose logits decide it, and how loud its cross-modal attention is.

:mod:`engine.explain.cmaen_shares` says what each figure is; over a data set they are on Class attention.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from dashboard.report.glossary import marked
from dashboard.report.text import escape, short
from dashboard.shared.figures.trust import signed
from engine.explain.cmaen_shares import CmaenShares

PARTS: Final[dict[str, str]] = {"emotion": "emotion heads", "fusion": "fusion classifier"}
HEADS: Final[tuple[str, ...]] = ("part", "weight", "gives to the logit", "share")
WORDS: Final = (
    "Two parts answer, and the ensemble weighs and adds their logits. Counted is what each gives to the answered "
    "class’s logit above the mean of the classes: this is exact, and the shares add up to 100 %."
)


@dataclass(frozen=True)
class PartShare:
    """What one part gives to the answer.

    Attributes:
        name: as :data:`PARTS` calls it. weight: of its logits, 0 to 1.
        given: weighed, to the answered class's logit above its mean over the classes; negative: it speaks against it.
        share: of what both give; None where the answer is flat.
    """

    name: str
    weight: float
    given: float
    share: float | None


def parts_of(found: CmaenShares) -> tuple[PartShare, ...]:
    """Return both parts of the first picture; none where only one of them is there."""
    if found.weights is None or found.emotion is None or found.fusion is None or found.emotion_share is None:
        return ()
    share = float(found.emotion_share[0])
    flat = np.isnan(share)
    (first, second), (one, two) = PARTS.values(), found.weights
    return (
        PartShare(first, one, float(found.emotion[0]), None if flat else share),
        PartShare(second, two, float(found.fusion[0]), None if flat else 1.0 - share),
    )


def share_words(share: float | None) -> str:
    """Return ``63.2 %``; a share below zero keeps its sign."""
    return "–" if share is None else f"{100 * share:.1f} %".replace("-", "−")


def read_loudness(found: CmaenShares) -> str:
    """Say how much the cross-modal attention adds; nothing for a network without it."""
    if found.gamma is None or found.ratio is None:
        return ""
    if found.gamma == 0.0:
        return "The cross-modal attention adds nothing to this answer, whatever its map shows (γ = 0)."
    gamma = f"{found.gamma:.4g}".replace("-", "−")
    return (
        f"What the cross-modal attention adds is {short(float(found.ratio[0]))} of what it is added to "
        f"(‖γ · out‖ / ‖projection‖, γ = {gamma})."
    )


def read_shares(found: CmaenShares, label: str) -> str:
    """Say what the answer ``label`` is made of, in one or two sentences; empty where nothing can be told apart."""
    parts = parts_of(found)
    if not parts:
        return read_loudness(found)
    if any(part.share is None for part in parts):
        return f"All classes have the same logit, so there is nothing to share out. {read_loudness(found)}".strip()
    first, second = parts
    said = (
        f"Of the logit of {label}, {short(first.given + second.given)} above the mean of the classes, the {first.name} "
        f"give {share_words(first.share)} and the {second.name} {share_words(second.share)}."
    )
    against = [part.name for part in parts if part.given < 0.0]
    if against:
        said += f" A share below 0: the {against[0]} speaks against {label}."
    return f"{said} {read_loudness(found)}".strip()


def share_cells(found: CmaenShares) -> tuple[tuple[str, ...], ...]:
    """Return a row a part, as :data:`HEADS` names the columns."""
    return tuple(
        (part.name, short(part.weight), signed(part.given), share_words(part.share)) for part in parts_of(found)
    )


def _bar(given: float, low: float, high: float) -> str:
    """Return a bar from zero to ``given`` on an axis from ``low`` <= 0 to ``high`` >= 0."""
    width = high - low or 1.0
    zero, left = 100 * -low / width, 100 * (min(given, 0.0) - low) / width
    return (
        f'<span class="fl-share" aria-hidden="true"><span class="fl-share-fill" style="left:{left:.1f}%;'
        f'width:{100 * abs(given) / width:.1f}%"></span><span class="fl-share-zero" style="left:{zero:.1f}%"></span>'
        "</span>"
    )


def shares_html(found: CmaenShares, label: str) -> str:
    """Return the sentence, and a row a part with its figures and a bar from zero; HTML."""
    parts = parts_of(found)
    reading = f'<div class="fl-reading" style="margin-top:.3rem">{marked(read_shares(found, label))}</div>'
    if not parts:
        return reading
    low, high = min(0.0, *(part.given for part in parts)), max(0.0, *(part.given for part in parts))
    rows = "".join(
        f'<tr><th scope="row">{escape(cells[0])}</th>'
        + "".join(f'<td class="fl-number">{escape(cell)}</td>' for cell in cells[1:])
        + f"<td>{_bar(part.given, low, high)}</td></tr>"
        for cells, part in zip(share_cells(found), parts, strict=True)
    )
    heads = (HEADS[0], HEADS[1], f"{HEADS[2]} of {label}", HEADS[3])
    head = "".join(
        f'<th scope="col"{" class=fl-number" if index else ""}>{escape(name)}</th>' for index, name in enumerate(heads)
    )
    return (
        f'{reading}<div class="fl-wideholder"><table class="fl-table fl-shares"><thead><tr>{head}'
        f'<td aria-hidden="true"></td></tr></thead><tbody>{rows}</tbody></table></div>'
    )
