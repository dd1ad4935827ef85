"""The page of findings, made from what is stored with the models: ``python -m docs.site.findings > docs/findings.md``.

No figure is typed: each is read from a card, an analysis or a benchmark's result, with its n and interval, so that the
page cannot say what the repository doesn't hold; the tests compare the committed page with what this makes. A sentence
that draws a conclusion is refused (:class:`ChangedError`) where the figures no longer bear it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from engine.analysis.comparison import compare_stored
from engine.analysis.store.store import open_store
from engine.documents import read_document
from engine.models.checkpoint import read_card
from engine.places import checkpoint_path
from engine.records import RunCard
from engine.statistics.classification import share

FER: Final = ("baseline", "spatial", "cbam", "activation", "cmaen")
ATTENTIVE: Final = ("spatial", "cbam")
DRAWN: Final = ("synthetic-baseline", "synthetic-spatial", "synthetic-cbam")
TEST: Final = "FER2013, `test` (n = 7,178), single view, one training seed"
ANOTHER: Final = "another picture"
SLOW: Final = {"scorecam": 100, "integrated_gradients": 1000, "smoothgrad": 1000, "occlusion": 1000}
LIMITS: Final = " ".join(["--methods all", *(f"--limit {method}={faces}" for method, faces in SLOW.items())])
"""With what the evidence was measured: slow methods on fewer faces."""

HEAD: Final = """# Findings

What the models that come with FERLens show, each finding with its protocol, n, interval and the command that measures
it. Every figure is read from what is stored with the models; this page is made by
`python -m docs.site.findings > docs/findings.md`. Intervals are 95 %. They say how well these checkpoints are known:
**one training seed each**, so another training could move any of them, and none of it is a finding about an
architecture as such. `PATH` is your FER2013 ([Data](data.md)).
"""


class ChangedError(ValueError):
    """A conclusion that the stored figures no longer bear: change the sentence."""


def _hold(holds: bool, sentence: str) -> None:
    if not holds:
        raise ChangedError(f"No longer so: {sentence}")


def _analysis(model: str, name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = read_document(checkpoint_path(model) / "analysis" / name)
    return found


def _percent(figure: Mapping[str, Any], digits: int = 1) -> str:
    return f"{100 * figure['mean']:.{digits}f} % ({100 * figure['low']:.{digits}f}-{100 * figure['high']:.{digits}f})"


def _points(low: float, high: float) -> str:
    return f"{100 * low:+.1f} to {100 * high:+.1f}".replace("-", "−")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def _commands(*lines: str) -> str:
    return "```\n" + "\n".join(lines) + "\n```"


def attention() -> str:
    """What attention changes: accuracy with and without, paired."""
    rows = []
    for model in ("baseline", *ATTENTIVE):
        card: RunCard = read_card(checkpoint_path(model))
        figures = card.metrics["fer2013/test/single"]
        low, high = figures["interval"]
        difference = ""
        if model != "baseline":
            found = compare_stored(open_store(["baseline", model], "fer2013", "test")).comparison.accuracy
            _hold(found.low < 0 < found.high and found.p > 0.05, f"{model} and baseline cannot be told apart")
            difference = f"{_points(found.low, found.high)} points, p = {found.p:.2f}"
        accuracy = _percent({"mean": figures["accuracy"], "low": low, "high": high})
        rows.append((f"`{model}`", accuracy, f"{figures['macro_f1']:.3f}", difference))
    return "\n\n".join([
        "## What attention changes",
        (f"{TEST}; same recipe, data, seed and epochs for all three. The difference to `baseline` is paired "
        "(bootstrap; p by McNemar's exact test)."),
        _table(("Model", "Accuracy", "Macro F1", "Difference"), rows),
        "**In accuracy, nothing that can be told from chance.** The gates are not idle for that: see the next finding.",
        _commands(
            "python -m engine compare --models baseline cbam --split test --data PATH",
            "python -m engine evaluate --model cbam --data PATH --split test",
        ),
        "On the page: **Compare**, as in [the tutorial](tutorials/compare.md).",
    ])  # fmt: skip


def gates() -> str:
    """Whether gates are used."""
    parts = [
        "## Is attention used at all?",
        (
            "A gate is replaced by the same gate of another picture, ten lenders in turn: how much of the probability "
            "moves (total variation), and how often another class wins. "
            "FER2013 `test`, classes in equal numbers, intervals by bootstrap over pictures; the verdict counts the "
            "other replacements, too ([how](measuring.md))."
        ),
    ]
    for model in ("cbam", "spatial", "cmaen"):
        use = _analysis(model, "fer2013-test/gate_use.json")
        verdicts = {layer: found["all"] for layer, found in use["verdicts"].items()}
        lent = {e["layer"]: e for e in use["effects"] if e["group"] == "all" and e["replacement"] == ANOTHER}
        shown = [layer for layer in verdicts if layer in lent]
        if model == "cmaen":  # nineteen: those that are moved most, and the one that it is named after
            shown = [*sorted(shown, key=lambda layer: -lent[layer]["distance"]["mean"])[:4], "cross"]
        rows = [
            (f"`{layer}`", _percent(lent[layer]["distance"], 2), _percent(lent[layer]["flips"]), verdicts[layer])
            for layer in dict.fromkeys(shown)
        ]
        n = sum(use["pictures"].values())
        idle = sum(verdict == "not used" for verdict in verdicts.values())
        parts += [
            f"`{model}`, n = {n}: {len(verdicts) - idle} of {len(verdicts)} gates are used or weakly used.",
            _table(("Gate", "Probability that moves", "Another class wins", "Verdict"), rows),
        ]
    most = max(
        e["flips"]["mean"]
        for e in _analysis("cmaen", "fer2013-test/gate_use.json")["effects"]
        if e["group"] == "all" and e["replacement"] == ANOTHER
    )
    fixed = next(
        e["distance"]["high"]
        for e in _analysis("cbam", "fer2013-test/gate_use.json")["effects"]
        if (e["layer"], e["group"], e["replacement"]) == ("block4.channel", "all", ANOTHER)
    )
    _hold(fixed < 0.001, "cbam's last channel gate is the same for every picture")
    gamma = _analysis("cmaen", "fer2013-test/gate_use.json")["cmaen"]["gamma"]
    _hold(most < 0.01 and abs(gamma) < 0.01, "cmaen's gates hardly depend on the picture")
    parts += [
        "**`cbam`'s gates carry something of the picture, `cmaen`'s hardly do:** with a gate of another picture at "
        f"most {100 * most:.1f} % of its answers change, and the gain of its cross-modal attention is γ = "
        f"{gamma:.3f}".replace("= -", "= −") + ", so that its map, whatever it shows, adds nothing. A gate not "
        "used may look like anything. And used is not yet picture by picture: `cbam`'s last channel gate is used, and "
        "the same for every picture.",
        _commands(
            "python -m engine benchmark gates --model cbam --split test --data PATH --force",
            "python -m engine benchmark gates --model cmaen --split test --data PATH --force --pictures 70",
        ),
        "On the page: **Class attention**, tab *Is it used?*",
    ]  # fmt: skip
    return "\n\n".join(parts)


def fear() -> str:
    """Where fear is confused."""
    rows = []
    for model in FER:
        report = _analysis(model, "fer2013-test/report.json")
        classes = report["classes"]
        counts = dict(zip(classes, report["confusion"][classes.index("fear")], strict=True))
        n = sum(counts.values())
        wrong = sorted((name for name in counts if name != "fear"), key=lambda name: -counts[name])[:3]
        _hold(wrong[0] == "sad", f"{model} takes fear for sadness more often than for anything else")
        cells = [_share(counts[name], n) for name in ("fear", *wrong)]
        rows.append((f"`{model}`", cells[0], *(f"{name} {cell}" for name, cell in zip(wrong, cells[1:], strict=True))))
    return "\n\n".join([
        "## Where fear is confused",
        f"The {n:,} pictures labelled *fear* of FER2013 `test`, single view: how they are answered (Wilson intervals).",
        _table(("Model", "as fear", "most often else", "then", "then"), rows),
        "**Fear is answered as sadness first of all, by every model, with attention or without.**",
        _commands("python -m engine analyze --model cbam --dataset fer2013 --split test --data PATH --force"),
        "On the page: **Misclassifications**, the cell *fear*, *sad* ([tutorial](tutorials/mistakes.md)).",
    ])  # fmt: skip


def _share(count: int, n: int) -> str:
    found = share(count, n)
    return _percent({"mean": found.mean, "low": found.low, "high": found.high})


def votes() -> str:
    """Mistakes that people would not call mistakes."""
    rows = []
    for model in FER:
        figures = read_card(checkpoint_path(model)).metrics["fer2013/private/single"]["votes"]
        sides, n = figures["mistakes"]["side_with"], figures["mistakes"]["n"]
        cells = [_share(sides[side]["count"], n) for side in ("model", "label", "neither")]
        _hold(sides["model"]["count"] > sides["label"]["count"], f"more people side with {model} than with the label")
        _hold(0.45 < sides["model"]["count"] / n < 0.55, "about half of the mistakes are what more people saw")
        rows.append((f"`{model}`", f"{n:,}", *cells))
    label = figures["label_is_majority"]
    return "\n\n".join([
        "## Mistakes that people would not call mistakes",
        ("Ten people said what they see in each picture (FER+, Barsoum et al. 2016). FER2013's label is what most of "
        f"them saw in {_share(label['count'], label['n'])} of the {label['n']:,} "
        "pictures of `private` that have votes. Of each model's mistakes there, single view, "
        "more people saw what (Wilson intervals):"),
        _table(("Model", "Mistakes", "the model answers", "the label says", "neither"), rows),
        ("**About half of what counts as a mistake is what more people saw.** An accuracy on these labels has a "
        "ceiling that no model is to blame for."),
        _commands("python -m engine evaluate --model cbam --data PATH --votes fer2013new.csv"),
        ("On the page: **Misclassifications**, *People*; the pictures on which everybody agreed and the model did not "
        "are *Unanimous and still wrong*."),
    ])  # fmt: skip


METHODS: Final = (
    ("gradcam", "block4", "Grad-CAM, last block"),
    ("gradcam", "block1", "Grad-CAM, first block"),
    ("layercam", "block1", "LayerCAM, first block"),
    ("hirescam", "block1", "HiResCAM, first block"),
    ("guided_gradcam", "block4", "Guided Grad-CAM, last block"),
    ("integrated_gradients", "", "Integrated Gradients"),
    ("deeplift", "", "DeepLift"),
    ("occlusion", "", "Occlusion"),
    ("spatial", "block3.spatial", "spatial gate of block 3"),
)


def centre() -> str:
    """Maps that are no better than the picture's middle."""
    reports = {model: _analysis(model, "evidence-test/evidence-plain.json") for model in DRAWN}
    rows = []
    for name, layer, title in METHODS:
        cells = []
        for report in reports.values():
            found = [m["groups"]["all"] for m in report["maps"] if (m["name"], m["layer"]) == (name, layer)]
            if not found:
                cells.append("none")
                continue
            mass, over = found[0]["mass"], found[0]["minus"]["centre"]["mass"]
            cells.append(f"{100 * mass['mean']:.0f} %; {_points(over['low'], over['high'])} (n = {over['n']:,})")
        rows.append((title, *cells))
    last = [
        next(m for m in r["maps"] if (m["name"], m["layer"]) == ("gradcam", "block4"))["groups"]["all"]["minus"][
            "centre"
        ]
        for r in reports.values()
    ]
    _hold(all(found["mass"]["high"] < 0.02 for found in last), "Grad-CAM at the last block hardly beats the middle")
    of_gates = [m for report in reports.values() for m in report["maps"] if m["kind"] == "gate"]
    gated = [m["groups"]["all"]["minus"]["centre"]["mass"] for m in of_gates]
    _hold(len(gated) == 8 and all(found["high"] < 0 for found in gated), "no spatial gate beats the middle")
    return "\n\n".join([
        "## Maps that are no better than the picture's middle",
        ("Built-in faces, `test`, whose evidence is known to the pixel: the mean share of a map's mass that lies on "
        "it, and what it has more (+) or less (−) than a soft spot in the picture's "
        "middle on the same grid, in points (paired, bootstrap over pictures). Maps explain the model's own answer; "
        "neutral faces have no evidence and are left out."),
        _table(("Map", *(f"`{model}`" for model in DRAWN)), rows),
        ("**The usual choice, Grad-CAM at the last block, hardly does better than pointing at the middle, and no "
        "spatial gate does even that.** What keeps a fine grid does: LayerCAM and HiResCAM at the first block, and "
        "methods at the pixels."),
        _commands(f"python -m engine benchmark evidence --model synthetic-cbam {LIMITS}"),
        "On the page: **Evidence**. For one picture of yours: **Explain**, *Check trust*.",
    ])  # fmt: skip


def shortcut() -> str:
    """A model that cheats, and which maps say so."""
    report = _analysis("synthetic-marked", "evidence-test/evidence-spurious.json")
    cue = report["cue"]
    _hold(cue["followed"] == cue["differs"], "the marked model follows the mark wherever it differs")
    rows = []
    for name, layer, title in METHODS[:-1]:
        hit = next(m for m in report["maps"] if (m["name"], m["layer"]) == (name, layer))["groups"]["all"]["hit"]
        rows.append((title, _percent(hit), f"{hit['n']:,}"))
    return "\n\n".join([
        "## Which maps give a cheat away",
        ("`synthetic-marked` was trained on built-in faces whose corner mark gave the label away. Where mark and face "
        f"disagree it answers with the mark's class on {cue['followed']:,} of {cue['differs']:,} "
        "pictures of `test`. The share of maps whose largest cell is the mark (bootstrap over pictures):"),
        _table(("Map", "peaks on the mark", "n"), rows),
        ("**Whoever looks at Grad-CAM's last block alone would not find out.** Its 6 × 6 cells are larger than the "
        "mark; a map "
        "at the pixels, or LayerCAM at the first block, shows it at once."),
        _commands(f"python -m engine benchmark evidence --model synthetic-marked --variant spurious {LIMITS}"),
    ])  # fmt: skip


def spoilt() -> str:
    """How little it takes to spoil a picture, and what copies are worth."""
    report = _analysis("cbam", "robustness-fer2013-test.json")
    noise = next(row for row in report["rows"] if (row["corruption"], row["severity"]) == ("noise", 3))
    _hold(noise["amount"] <= 26 and noise["mean"] < report["clean"]["mean"] / 2, "noise costs more than half")
    kinds = dict.fromkeys(row["corruption"] for row in report["rows"])
    rows = []
    for kind in kinds:
        found = {row["severity"]: row for row in report["rows"] if row["corruption"] == kind}
        amounts = f"{found[3]['amount']:g} ({report['units'][kind]})"
        rows.append((kind, *(_percent(found[level]) for level in (1, 3, 5)), amounts))
    copies, lost = [], []
    for model in FER:
        figures = read_card(checkpoint_path(model)).metrics["fer2013/private/single"]
        near = figures["near_copies"]
        low, high = figures["interval"]
        apart_low, apart_high = near["interval_without"]
        lost.append(figures["accuracy"] - near["accuracy_without"])
        copies.append((
            f"`{model}`",
            f"{near['exact_copy_in_train']} and {near['near_copy_in_train']}",
            _percent({"mean": figures["accuracy"], "low": low, "high": high}),
            _percent({"mean": near["accuracy_without"], "low": apart_low, "high": apart_high}),
        ))  # fmt: skip
    return "\n\n".join([
        "## How little it takes",
        (f"`cbam` on a seeded sample of FER2013 `test`, n = {report['pictures']:,}, single view: "
        f"{_percent(report['clean'])} as the pictures are, and spoilt at severities 1, 3 and 5 of five (Wilson "
        "intervals):"),
        _table(("Spoilt by", "1", "3", "5", "Amount at 3"), rows),
        "**Noise with a standard deviation of a tenth of the grey scale costs more than half of the accuracy.**",
        _commands("python -m engine benchmark robustness --model cbam --dataset fer2013 --split test --data PATH"),
        "## What copies are worth",
        (f"Of the {figures['n']:,} pictures of FER2013's `private` hundreds have a copy among the training pictures, "
        "to the "
        "pixel or nearly (as each model sees them). Accuracy, single view, with all and without those (Wilson "
        "intervals):"),
        _table(("Model", "exact and near copies", "all", "without them"), copies),
        (f"**Without copies each model is {100 * min(lost):.1f} to {100 * max(lost):.1f} points lower.** That much of "
        "an "
        "accuracy on FER2013 may be memory."),
        _commands(
            "python -m engine audit --data PATH",
            "python -m engine evaluate --model cbam --data PATH --split private --json",
        ),
    ])  # fmt: skip


def page() -> str:
    """Return the whole document."""
    return "\n\n".join([HEAD.rstrip(), attention(), gates(), fear(), votes(), centre(), shortcut(), spoilt()]) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
