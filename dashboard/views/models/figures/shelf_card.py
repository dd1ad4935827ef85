"""A model's card on the shelf as HTML: what it is, what it takes and answers, what was measured, its gates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from dashboard.report.glossary import opener
from dashboard.report.text import accuracy, escape
from engine.models.inventory import NOT_CHECKED, Inside, ListedGate, is_unchecked
from engine.models.registry import ARCHITECTURES
from engine.records import InputSpec, RunCard

VIEW_WORDS: Final[dict[str, str]] = {
    "single": "single view",
    "mirror": "and mirror image",
    "tta": "ten crops",
    "chosen": "single view, by which its epoch was chosen",
}
"""How a figure was measured; see :data:`engine.measure.split.VIEWS`."""
FIT_WORDS: Final[dict[str, str]] = {"pad": "padded to fit", "stretch": "stretched to fit", "crop": "the middle cut out"}
SHOWN_CLASSES: Final = 12
SHOWN_FIGURES: Final = 2
"""Further ones are listed when asked for."""
SHOWN_GATES: Final = 200
_LATER: Final = ("mirror", "tta", "chosen")
_FIRST: Final = ("private", "test", "public")


def shelf_card(card: RunCard, found: Inside | None, size: int, *, selected: bool) -> str:
    """Return a card.

    Args:
        card: the checkpoint's.
        found: what is inside; None where it cannot be built, which is said elsewhere.
        size: bytes of its files.
        selected: whether the sidebar has chosen it.
    """
    mark = ' <span class="fl-tag">selected</span>' if selected else ""
    facts = "".join(f"<dt>{name}</dt><dd>{words}</dd>" for name, words in _facts(card, size))
    return (
        f'<article class="fl-model" data-model="{escape(card.name)}"><h3>{escape(card.name)}{mark}</h3>'
        f'<p class="fl-model-what">{escape(what_it_is(card))}</p><dl>{facts}</dl>{_measured(card)}'
        f"{_gates(found)}{_notes(card)}</article>"
    )


def what_it_is(card: RunCard) -> str:
    """Return one sentence."""
    if card.is_adopted:
        about = "about faces" if card.domain == "faces" else "about pictures, taken whole"
        if card.is_live:
            return f"A network of others, {about}; live: opening it runs its code, where the start trusts it."
        return f"A network of others, {about}; stored as a graph that needs none of its code."
    known = ARCHITECTURES.get(card.architecture)
    attention = "as its gates say" if known is None else known.attention
    marked = isinstance(card.recipe.get("data"), dict) and card.recipe["data"].get("marked")
    more = "; its training pictures bore the label’s mark in a corner" if marked else ""
    return f"Trained with FERLens. Attention: {attention}{more}."


def input_words(spec: InputSpec) -> str:
    """Return what pictures it takes: ``48 × 48, grey, (x − 0.5) / 0.25``."""
    colours = "grey" if spec.channels == 1 else "RGB"
    mean, std = (_figures(values) for values in (spec.mean, spec.std))
    fit = f", {FIT_WORDS[spec.fit]}" if spec.fit in FIT_WORDS else ""
    return f"{spec.height} × {spec.width}, {colours}, (x − {mean}) / {std}{fit}"


def _figures(values: Sequence[float]) -> str:
    if len(set(values)) == 1:
        return f"{values[0]:.4g}"
    return f"({', '.join(f'{value:.4g}' for value in values)})"


def _facts(card: RunCard, size: int) -> Iterator[tuple[str, str]]:
    others = "code of its own" if card.is_live else "a graph of listed operations"
    yield "Architecture", escape(others if card.is_adopted else card.architecture)
    yield "Input", escape(input_words(card.input))
    names = ", ".join(card.classes[:SHOWN_CLASSES]) + (", …" if len(card.classes) > SHOWN_CLASSES else "")
    yield f"{len(card.classes):,} classes", escape(names)
    yield "Size", f"{_count(card.parameters)} parameters, {_bytes(size)}"
    yield "From", escape(source_words(card))
    claimed = card.origin.get("claimed_accuracy")
    if claimed is not None:
        yield "Its maker says", f"{100 * claimed:.1f} % right"
    yield "Weights", f'<code title="sha256 {escape(card.weights_sha256)}">{escape(card.weights_sha256[:12])}</code>'


def source_words(card: RunCard) -> str:
    """Return where a model is from."""
    if not card.is_adopted:
        trained = str(card.data.get("dataset") or "")
        recipe = str(card.recipe.get("name") or "")
        return (
            ", ".join(filter(None, (f"trained on {trained}" if trained else "", f"recipe {recipe}" if recipe else "")))
            or "trained with FERLens"
        )
    origin = card.origin
    said = str(origin.get("source") or "no source named")
    file = f", weights {origin['file']}" if origin.get("file") else ""
    digest = f" (sha256 {str(origin['sha256'])[:12]}…)" if origin.get("sha256") else ""
    return f"{said}{file}{digest}"


def _count(number: int) -> str:
    return f"{number / 1e6:.2f} M" if number >= 100_000 else f"{number:,}"


def _bytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 100_000 else f"{size / 1e3:,.1f} kB"


def _order(key: str) -> tuple[bool, int, str]:
    _, _, rest = key.partition("/")
    split, _, view = rest.rpartition("/")
    return view in _LATER, _FIRST.index(split) if split in _FIRST else len(_FIRST), key


def figure_words(key: str) -> tuple[str, str]:
    """Return (where, how) of a measurement's key: ``fer2013/private/single`` gives (fer2013 private, single view)."""
    dataset, _, rest = key.partition("/")
    split, _, view = rest.rpartition("/")
    where = f"your pictures “{split}”" if dataset == "folder" else f"{dataset} {split}".strip()
    return where, VIEW_WORDS.get(view, view)


def _measured(card: RunCard) -> str:
    if is_unchecked(card):
        return f'<p class="fl-unchecked">{NOT_CHECKED[0].upper()}{NOT_CHECKED[1:]}.</p>'
    if not card.metrics:
        return '<p class="fl-unchecked">Nothing measured yet.</p>'
    rows = [_row(key, card.metrics[key]) for key in sorted(card.metrics, key=_order)]
    head = (
        f'<thead><tr><th>measured on</th><th class="fl-number">{opener("accuracy", "accuracy")} '
        f'({opener("interval", "95 %")})</th><th class="fl-number">'
        f'{opener("macro_f1", "classes alike (macro F1)")}</th><th class="fl-number">n</th></tr></thead>'
    )
    shown = rows if len(rows) == SHOWN_FIGURES + 1 else rows[:SHOWN_FIGURES]  # a single one is not folded away
    more = rows[len(shown) :]
    rest = f"<details><summary>{len(more)} further figures</summary>{_table(head, more)}</details>" if more else ""
    return _table(head, shown) + rest


def _table(head: str, rows: Sequence[str]) -> str:
    return f'<table class="fl-table fl-model-figures">{head}<tbody>{"".join(rows)}</tbody></table>'


def _row(key: str, metric: dict[str, Any]) -> str:
    where, how = figure_words(key)
    f1 = metric.get("macro_f1")
    numbers = (accuracy(metric), "—" if f1 is None else f"{f1:.3f}", f"{metric['n']:,}")
    cells = "".join(f"<td class='fl-number'>{number}</td>" for number in numbers)
    return f"<tr><td>{escape(where)} <small>{escape(how)}</small></td>{cells}</tr>"


def _gates(found: Inside | None) -> str:
    if found is None:
        return ""
    if not found.gates:
        return '<p class="fl-quiet">No attention gates; maps by gradients and by occlusion all work.</p>'
    kinds: dict[str, int] = {}
    for gate in found.gates:
        kinds[gate.kind] = kinds.get(gate.kind, 0) + 1
    words = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    rows = "".join(map(_gate, found.gates[:SHOWN_GATES]))
    more = len(found.gates) - SHOWN_GATES
    left = f'<p class="fl-quiet">… and {more:,} more.</p>' if more > 0 else ""
    return (
        f"<details><summary>{len(found.gates):,} attention gate{'s' if len(found.gates) > 1 else ''}: {escape(words)}"
        f'</summary><table class="fl-table fl-model-gates"><thead><tr><th>kind</th><th>module</th><th>shape</th></tr>'
        f"</thead><tbody>{rows}</tbody></table>{left}</details>"
    )


def _gate(gate: ListedGate) -> str:
    shape = " × ".join(map(str, gate.shape))
    return (
        f'<tr title="{escape(gate.layer)}"><td>{escape(gate.kind)}</td>'
        f"<td><code>{escape(gate.module or 'the network itself')}</code></td><td>{escape(shape)}</td></tr>"
    )


def _notes(card: RunCard) -> str:
    if not card.notes:
        return ""
    lines = "".join(f"<p>{escape(note[:1000])}</p>" for note in card.notes[:10])
    return f"<details><summary>Notes</summary>{lines}</details>"
