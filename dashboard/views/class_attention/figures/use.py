"""Is each gate used, by class: a gate x class table of verdicts, each replacement's figures, a ``cmaen``'s shares.

The verdicts and their thresholds are the engine's (:mod:`engine.trust.gate_record`); marks differ in shape, and the
shade only repeats the figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dashboard.report.glossary import answer_change, in_words, opener, points
from dashboard.report.text import escape, gate_name, short, split_link
from dashboard.shared.figures.colours import emotion_color
from dashboard.shared.figures.trust import MARKS, NAMED, signed
from dashboard.views.class_attention.figures.regions import interval_words
from engine.analysis.files.answer_shares import AnswerShares
from engine.analysis.files.gate_use import ALL, GateEffect, SplitGateUse
from engine.statistics.frequent import ShownClasses, shown_classes
from engine.statistics.intervals import Estimate
from engine.trust.gate_record import REPLACEMENTS, USED, WEAKLY_USED, Verdict

EffectRow = dict[str, str | int | float | None]

DARKEST: Final = 42
"""Shade of a cell at :data:`FULL`, in percent of the text's colour."""
FULL: Final = 0.5
"""The distance that is shaded darkest."""

HEADS: Final[tuple[str, ...]] = ("answer changed (TVD)", "another class wins", "logit", "accuracy, points")
_OPENS: Final[tuple[str, ...]] = ("total_variation", "flips", "logit", "accuracy")
"""Which measure each of :data:`HEADS` is."""


def sample_words(use: SplitGateUse) -> str:
    """Say what was measured: ``350 of 7,178 pictures, 50 a class, 10 draws``."""
    least, most = min(use.pictures.values()), max(use.pictures.values())
    each = f"{least:,}" if least == most else f"{least:,} to {most:,}"
    return f"{use.n:,} of {use.total:,} pictures of {use.dataset} {use.split}, {each} a class, {use.draws} draws"


def sample_html(use: SplitGateUse) -> str:
    """Return :func:`sample_words` as HTML; the split's name leads to its figures."""
    link = split_link(use.model, use.dataset, use.split)
    return escape(sample_words(use)).replace(escape(f"{use.dataset} {use.split}"), link, 1)


def read_use(use: SplitGateUse) -> str:
    """Say of a model's gates how many are used over all sampled pictures, naming a few."""
    by_verdict: dict[Verdict, list[str]] = {"used": [], "weakly used": [], "not used": []}
    for layer, kind in use.gates.items():
        verdict = use.verdict(layer)
        if verdict is not None:
            by_verdict[verdict].append(gate_name(layer, kind, tuple(use.pictures)))
    said = []
    for word, names in by_verdict.items():
        if names:
            listed = f" ({', '.join(names)})" if len(names) <= NAMED and len(names) < len(use.gates) else ""
            said.append(f"{len(names)} {'is' if len(names) == 1 else 'are'} {word}{listed}")
    count = len(use.gates)
    together = " and ".join(filter(None, (", ".join(said[:-1]), said[-1])))
    ending = ""
    if by_verdict["not used"]:
        ending = " What a gate that is not used shows does not say what the answers rest on."
    return f"Of {count} attention gate{'' if count == 1 else 's'} {together}.{ending}"


def distance_words(found: Estimate) -> str:
    """Return ``changes 12 of 100 points of the answer (total variation .123, .101–.140), n = 50``."""
    if found.mean is None:
        return "no pictures"
    ends = "" if found.low is None or found.high is None else f", {short(found.low)}–{short(found.high)}"
    return f"{answer_change(found.mean, ends)}, n = {found.n:,}"


def _distance(found: Estimate) -> str:
    """Return a column's ``.123 (.101–.140)``."""
    if found.mean is None:
        return "no pictures"
    ends = "" if found.low is None or found.high is None else f" ({short(found.low)}–{short(found.high)})"
    return f"{short(found.mean)}{ends}"


def _points(found: Estimate) -> str:
    return "none" if found.mean is None else f"{100 * found.mean:+.1f}".replace("-", "−")


def _logit(found: Estimate) -> str:
    if found.mean is None or found.low is None or found.high is None:
        return "none" if found.mean is None else signed(found.mean)
    return f"{signed(found.mean)} ({signed(found.low)} to {signed(found.high)})"


def _accuracy(found: Estimate) -> str:
    if found.low is None or found.high is None:
        return _points(found)
    low, high = (f"{100 * value:+.1f}".replace("-", "−") for value in (found.low, found.high))
    return f"{_points(found)} ({low} to {high})"


def _said(effect: GateEffect, verdict: Verdict, use: SplitGateUse) -> str:
    figures = effect.figures
    draws = f", {effect.draws} draws" if effect.draws > 1 else ""
    return (
        f"{gate_name(effect.layer, effect.kind, tuple(use.pictures))} of {use.model}, {effect.group}: {verdict}; "
        f"{distance_words(figures['distance'])}; another class wins {interval_words(figures['flips'])}; accuracy "
        f"{_points(figures['accuracy_change'])} points; replaced by: {effect.replacement}{draws}"
    )


def _cell(use: SplitGateUse, layer: str, group: str) -> str:
    effect, verdict = use.deciding(layer, group), use.verdict(layer, group)
    edge = " fl-all" if group == ALL else ""
    mean = effect.figures["distance"].mean
    if verdict is None or mean is None:
        return f'<td class="{edge.strip()}" title="no pictures">–</td>'
    shade = DARKEST * min(mean / FULL, 1.0)
    words = escape(_said(effect, verdict, use))
    return (
        f'<td class="fl-verdict-cell{edge}" style="--use:{shade:.0f}" title="{words}">'
        f'<span class="fl-trust-mark" role="img" aria-label="{verdict}">{MARKS[verdict]}</span>{short(mean)}</td>'
    )


def _group_head(group: str, count: int) -> str:
    dot = "" if group == ALL else f'<span class="fl-dot" style="background:{emotion_color(group)}"></span>'
    edge = ' class="fl-all"' if group == ALL else ""
    return f'<th scope="col"{edge}>{dot}{escape(group)}<br>n = {count:,}</th>'


def shown_in(use: SplitGateUse) -> ShownClasses:
    """Return the classes that have a column: all, or of many the most frequent in the sample."""
    return shown_classes(tuple(use.pictures), list(use.pictures.values()))


def use_table_html(use: SplitGateUse) -> str:
    """Return the table: a row a gate, a column for all pictures and for each class that is shown."""
    counts = {ALL: use.n, **use.pictures}
    shown = {ALL, *shown_in(use).names}
    groups = [group for group in use.groups if group in shown]
    head = "".join(_group_head(group, counts[group]) for group in groups)
    rows = "".join(
        f'<tr><th scope="row">{escape(gate_name(layer, kind, tuple(use.pictures)))}</th>'
        + "".join(_cell(use, layer, group) for group in groups)
        + "</tr>"
        for layer, kind in use.gates.items()
    )
    return (
        '<div class="fl-wideholder"><table class="fl-table fl-use"><thead><tr><th scope="col">gate</th>'
        f"{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def legend_words() -> str:
    """Say what marks and figures mean."""
    used, weakly, unused = MARKS["used"], MARKS["weakly used"], MARKS["not used"]
    return (
        f"{used} used: {points(USED)} of 100 points of the answer change or more (total variation {short(USED)}); "
        f"{weakly} weakly used, from {points(WEAKLY_USED)} point on ({short(WEAKLY_USED)}); {unused} not used. Counted "
        "is "
        "the share of the probability that changes hands when the gate alone is replaced, for the replacement that "
        "changes most among its mean, permutations and other pictures’ gates. "
        "Ones are left out of the verdict, since they change the gate’s level too. Intervals (in cells’ tooltips and "
        "below) are 95 % bootstraps over pictures."
    )


def effects_html(use: SplitGateUse, layer: str, group: str) -> str:
    """Return every replacement's figures of one gate, for all pictures or one class, with intervals."""
    rows = "".join(
        f'<tr title="{escape(REPLACEMENTS[effect.replacement])}"><th scope="row">{escape(effect.replacement)}</th>'
        f'<td class="fl-number">{effect.draws}</td>'
        f'<td class="fl-number">{_distance(effect.figures["distance"])}</td>'
        f'<td class="fl-number">{interval_words(effect.figures["flips"])}</td>'
        f'<td class="fl-number">{_logit(effect.figures["logit_change"])}</td>'
        f'<td class="fl-number">{_accuracy(effect.figures["accuracy_change"])}</td></tr>'
        for effect in use.of(layer, group)
    )
    heads = (HEADS[0], HEADS[1], f"{HEADS[2]} of {use.target}", HEADS[3])
    return (
        '<div class="fl-wideholder"><table class="fl-table fl-use"><thead><tr><th scope="col">replaced by</th>'
        '<th class="fl-number" scope="col">draws</th>'
        + "".join(
            f'<th class="fl-number" scope="col">{opener(key, head)}</th>'
            for key, head in zip(_OPENS, heads, strict=True)
        )
        + f"</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def shares_html(shares: AnswerShares, groups: Sequence[str]) -> str:
    """Return what a ``cmaen``'s answers are made of, a row for all pictures and for each class."""

    def fusion(found: Estimate) -> Estimate:
        if found.mean is None or found.low is None or found.high is None:
            return Estimate(None if found.mean is None else 1.0 - found.mean, None, None, found.n)
        return Estimate(1.0 - found.mean, 1.0 - found.high, 1.0 - found.low, found.n)

    rows = "".join(
        f'<tr><th scope="row">{escape(group)}</th>'
        f'<td class="fl-number">{interval_words(found["ratio"], 1.0, 3, "")}</td>'
        f'<td class="fl-number">{interval_words(found["emotion_share"])}</td>'
        f'<td class="fl-number">{interval_words(fusion(found["emotion_share"]))}</td></tr>'
        for group, found in ((group, shares.means[group]) for group in groups)
    )
    heads = (
        opener("gamma", in_words("gamma", "‖γ · out‖ / ‖projection‖")),
        opener("answer_shares", "share of the emotion heads"),
        opener("answer_shares", "share of the fusion classifier"),
    )
    return (
        '<div class="fl-wideholder"><table class="fl-table fl-use"><thead><tr><th scope="col">class</th>'
        + "".join(f'<th class="fl-number" scope="col">{head}</th>' for head in heads)
        + f"</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def effect_rows(use: SplitGateUse) -> list[EffectRow]:
    """Return a row for each gate, replacement, group and figure: mean, low, high, n; shares of 1."""
    return [
        {
            "model": use.model,
            "gate": effect.layer,
            "replaced by": effect.replacement,
            "draws": effect.draws,
            "pictures": effect.group,
            "figure": name,
            **found.as_dict(),
        }
        for effect in use.effects
        for name, found in effect.figures.items()
    ]
