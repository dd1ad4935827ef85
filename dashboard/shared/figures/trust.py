"""The small badge beside a gate or a map: its verdict, its figure, and on demand what that means.

A badge is a ``<details>``: closed it is two short lines, whose tooltip says in plain words what they mean; opened (with
a click, a touch or a key) it shows the same words and every number behind them. Marks differ in shape, not in colour.

Trust in words and figures: is a gate used, is a map faithful. Never one number without how often it was drawn.

The verdicts and their thresholds are the engine's (:mod:`engine.trust.gate_record` and
:mod:`engine.trust.faithfulness_record`); nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from dashboard.report.glossary import answer_change, marked, opener, points
from dashboard.report.text import escape, gate_name, layer_title, percent, short, split_link
from engine.analysis.files.gate_use import SplitGateUse
from engine.explain.methods.registry import METHODS
from engine.records import Explanation
from engine.trust.faithfulness_record import Faithfulness
from engine.trust.gate_record import REPLACEMENTS, USED, WEAKLY_USED, GateUse, Replaced
from engine.trust.gate_record import Verdict as GateVerdict

NAMED: Final = 3
"""Gates that a sentence lists by name; more are counted."""

GATE_WORDS: Final[dict[GateVerdict, str]] = {
    "used": "With something else in its place the answer changes: what this gate shows matters to the answer.",
    "weakly used": "With something else in its place the answer changes a little: what this gate shows matters little.",
    "not used": "With something else in its place the answer stays: what this gate shows does not matter to it.",
}

FAITHFUL_WORDS: Final[dict[str, str]] = {
    "faithful": "Taking away what this map ranks high changes the answer more than chance would: it shows what the "
    "answer needs.",
    "no better than random": "Taking away what this map ranks high changes the answer no more than a random map "
    "might: do not read from it what the answer needs.",
}

UNCHECKED: Final = "Not checked on this picture yet: whether the gates are used and the map is faithful."
UNCHECKED_MAP: Final = "Not checked on this picture yet: whether the map is faithful."
"""Of a model without gates."""


@dataclass(frozen=True)
class Trusted:
    """What is known so far of what the page shows of one face.

    Attributes:
        gates: layer → whether the gate is used.
        maps: :func:`map_place` → whether the map is faithful.
    """

    gates: Mapping[str, GateUse] = field(default_factory=dict)
    maps: Mapping[tuple[str, ...], Faithfulness] = field(default_factory=dict)

    def map(self, explanation: Explanation) -> Faithfulness | None:
        """Return what is known of a map, or None."""
        return self.maps.get(map_place(explanation))


def map_place(explanation: Explanation) -> tuple[str, ...]:
    """Return (method, layer, target), and the settings that are not the usual ones where there are some."""
    said = METHODS[explanation.method].unusual(explanation.settings)
    return (explanation.method, explanation.layer, explanation.target, *([said] if said else []))


def deciding(use: GateUse) -> Replaced:
    """Return the replacement that decides the verdict: the largest mean distance of those that keep the level."""
    return max((item for item in use.replacements if item.name != "ones"), key=lambda item: item.distance.mean())


def flips(item: Replaced) -> str:
    """Return how often another class came out on top: ``3 of 10``, over all draws and pictures."""
    tries = item.draws * len(item.flips)
    return f"{round(float(item.flips.mean()) * tries)} of {tries}"


def gate_figures(use: GateUse) -> str:
    """Return the figures of the deciding replacement.

    ``changes 12 of 100 points of the answer (total variation .123) · another class wins in 3 of 10 draws · permuted``.
    """
    item = deciding(use)
    draws = f"draw{'s' if item.draws > 1 else ''}"
    return f"{answer_change(use.distance)} · another class wins in {flips(item)} {draws} · {item.name}"


def gate_help(use: GateUse) -> str:
    """Say in plain words what the verdict means and where its bounds lie."""
    return (
        f"{GATE_WORDS[use.verdict]} The share of the probability that changes hands is its total variation: used from "
        f"{short(USED)} on, weakly used from {short(WEAKLY_USED)} on."
    )


def signed(value: float) -> str:
    """Return a number with its sign: ``+.312``, ``−.051``."""
    return ("−" if value < 0 else "+") + short(abs(value))


def score_figures(found: Faithfulness) -> str:
    """Return how much more the answer needs what the map marks than what random maps mark, first in plain words.

    ``31 of 100 points above random maps (deletion score +.312, +.051 to +.570, n = 40 random maps)``; of a logit,
    which has no points, ``above random maps`` alone.
    """
    score = found.score
    if score.mean is None or score.low is None or score.high is None:
        return "no score"
    much = f"{points(abs(score.mean))} of 100 points " if found.value == "probability" else ""
    return (
        f"{much}{'below' if score.mean < 0 else 'above'} random maps (deletion score {signed(score.mean)}, "
        f"{signed(score.low)} to {signed(score.high)}, n = {score.n} random maps)"
    )


def map_help(found: Faithfulness) -> str:
    """Say in plain words what the verdict means and how the score is made."""
    return (
        f"{FAITHFUL_WORDS[found.verdict]} The deletion score is the area between two curves of the {found.value}, "
        "least and "
        "most relevant cells taken away first, minus that of random maps; 95 % interval over these. Faithful where it "
        "lies above 0."
    )


def beyond_words(found: Faithfulness) -> str:
    """Say how the map compares with random maps one by one and with a spot in the middle."""
    imputers = sorted({curves.imputer for curves in found.curves})
    return (
        f"Better than {percent(found.beaten)} of {found.score.n} random maps (each counted with its reverse). "
        f"{signed(found.over_centre)} over a spot in the middle of the picture (centre prior). "
        f"Cells taken away by: {', '.join(imputers)}."
    )


def method_place(method: str, layer: str, target: str) -> str:
    """Return ``Grad-CAM for happy at block 4``; a method without a layer has no place."""
    title = METHODS[method].title if method in METHODS else method
    return f"{title} for {target}" + (f" at {layer_title(layer)}" if layer else "")


def _at_most(distance: float) -> str:
    most = "" if 0.0 < distance < 0.01 else "at most "
    return f"{most}{points(distance)} of 100 points of it change, total variation {short(distance)}"


def _counted(uses: Sequence[GateUse], word: str) -> str:
    verb = "is" if len(uses) == 1 else "are"
    listed = f" ({', '.join(gate_name(use.layer, use.kind) for use in uses)})" if len(uses) <= NAMED else ""
    return f"{len(uses)} {verb} {word}{listed}"


def read_gates(uses: Sequence[GateUse]) -> str:
    """Say of a model's gates how many are used for one picture; nothing where there is no gate."""
    if not uses:
        return ""
    groups = {word: [use for use in uses if use.verdict == word] for word in ("used", "weakly used", "not used")}
    parts = [_counted(group, word) for word, group in groups.items() if group]
    said = " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
    gates = "attention gate" if len(uses) == 1 else "attention gates"
    draws = max(item.draws for use in uses for item in use.replacements)
    ending = "."
    if idle := groups["not used"]:
        most = max(use.distance for use in idle)
        shows = "its map does" if len(idle) == 1 else "their maps do"
        ending = f": {shows} not say what this answer rests on ({_at_most(most)})."
    return f"Of {len(uses)} {gates} {said}{ending} One picture, {draws} draws a gate."


def read_faithful(found: Faithfulness) -> str:
    """Say of one map whether it may be believed, with its score, interval and number of random maps."""
    place = method_place(found.method, found.layer, found.target)
    figures = score_figures(found)
    if found.verdict == "faithful":
        return f"{place} is faithful to the answer: {figures}."
    return f"{place} is no better than random: {figures}. Do not read from it what the answer rests on."


def read_trust(trusted: Trusted, main: Explanation, *, gates: bool = True) -> str:
    """Say what is known of the gates, if the model has any, and of the page's main map, or that nothing is yet."""
    found = trusted.map(main)
    said = [read_gates(tuple(trusted.gates.values())), read_faithful(found) if found is not None else ""]
    return " ".join(filter(None, said)) or (UNCHECKED if gates else UNCHECKED_MAP)


MARKS: Final[dict[str, str]] = {
    "used": "●",
    "weakly used": "◐",
    "not used": "○",
    "faithful": "●",
    "no better than random": "○",
}
"""A mark for each verdict: full, half, empty."""


def _unchecked(question: str, why: str) -> str:
    return (
        f'<div class="fl-trust fl-unchecked" title="{escape(why)}"><span class="fl-trust-mark">–</span>'
        f"<b>{escape(question)}</b><span class='fl-trust-line'>not checked</span></div>"
    )


def _badge(verdict: str, figures: str, words: str, more: str) -> str:
    mark = f'<span class="fl-trust-mark">{MARKS[verdict]}</span>'
    return (
        f'<details class="fl-trust"><summary title="{escape(words)}">{mark}<b>{escape(verdict)}</b>'
        f'<span class="fl-trust-line">{escape(figures)}</span></summary>'
        f'<div class="fl-trust-more"><p>{marked(words)}</p>{more}</div></details>'
    )


def split_badge(layer: str, measured: SplitGateUse) -> str:
    """Return the badge of a gate by what was measured over a split, as HTML; empty where that says nothing of it.

    It says of how many pictures it speaks, and that this one is not checked.
    """
    verdict = measured.verdict(layer) if layer in measured.gates else None
    if verdict is None:
        return ""
    distance = measured.deciding(layer).figures["distance"]
    interval = (
        "" if distance.low is None or distance.high is None else f", {short(distance.low)}–{short(distance.high)}"
    )
    where = f"{measured.dataset} {measured.split}"
    named = split_link(measured.model, measured.dataset, measured.split)
    figures = f"{answer_change(distance.mean or 0.0, interval)} on {where}, n = {distance.n:,}"
    more = (
        f"<p>Measured over {distance.n:,} pictures of {named}, not on this one: “Check trust” asks of this "
        "picture. Class attention has the figures of every class.</p>"
        f"<p>{opener('total_variation')}</p>"
    )
    words = f"{GATE_WORDS[verdict]} So over {distance.n:,} pictures of {where}; this one may differ."
    return _badge(verdict, figures, words, more)


def gate_badge(use: GateUse | None, layer: str = "", measured: SplitGateUse | None = None) -> str:
    """Return the badge of a gate as HTML; None: this picture is not checked yet, and the badge takes the same room.

    Until then ``measured`` says what is known of the ``layer`` over a whole split, where anything is.
    """
    if use is None and measured is not None and (known := split_badge(layer, measured)):
        return known
    if use is None:
        return _unchecked("used?", "“Check trust” replaces the gate and sees whether the answer changes.")
    rows = "".join(
        f'<tr title="{escape(REPLACEMENTS[item.name])}"><th>{escape(item.name)}</th><td>{item.draws}</td>'
        f"<td>{short(float(item.distance.mean()))}</td><td>{flips(item).partition(' ')[0]}</td>"
        f"<td>{signed(float(item.logit_change.mean()))}</td></tr>"
        for item in use.replacements
    )
    table = (
        f"<table><thead><tr><th>replaced by</th><th>draws</th>"
        f"<th>{opener('total_variation', 'answer changed (TVD)')}</th>"
        f"<th>{opener('flips', 'another class wins')}</th><th>{opener('logit', 'logit')} of {escape(use.target)}</th>"
        f"</tr></thead><tbody>{rows}</tbody></table>"
    )
    return _badge(use.verdict, gate_figures(use), gate_help(use), table)


def map_badge(found: Faithfulness | None) -> str:
    """Return the badge of an explanation as HTML; None: it is not checked yet, and the badge takes the same room."""
    if found is None:
        return _unchecked(
            "faithful?", "“Check trust” takes the picture apart along the map and compares with random maps."
        )
    return _badge(found.verdict, score_figures(found), map_help(found), f"<p>{marked(beyond_words(found))}</p>")
