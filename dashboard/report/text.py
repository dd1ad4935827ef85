"""Numbers and names as the pages write them: units, no more digits than are known, HTML and Markdown escaped."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape as escape_html
from typing import Any, Final
from urllib.parse import urlencode

LONGEST: Final = 1_000
"""Characters of a text that came from outside, or holds some that did; the middle of a longer one is left out."""

_UNDRAWN: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff]")
"""Control characters, and the halves that stand for the bytes of a file's name that is no text."""
_TURNING: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What turns the direction of writing, so that one name reads as another."""
_MARKED: Final = re.compile(r"[\\`*\[\]<>#$~|&]|(?<![^\W_])_|_(?![^\W_])")
"""What begins or ends a mark of Markdown; an underscore inside a word is none."""
_LISTED: Final = re.compile(r"^(?:(\d+)(?=[.)])|(?=[-+=]))")
"""What makes a list of a line that begins with it."""
_FOUND_LATER: Final = re.compile(
    r"(?<=http)(?=s?://)|(?<=www)(?=\.)|(?<=[\w.+-])(?=@)|(?<=:)(?=[\w+-])|(?:(?<=\s[<>~-])|(?<=^[<>~-]))(?=[=>-]+(?:\s|$))",
    re.IGNORECASE,
)
"""Where to part what Streamlit looks for once the marks are read, where no backslash helps any more: addresses,
``:emoji:``, ``:red[colours]``, arrows that stand alone."""
_PARTED: Final = "\u2060"  # without width, and no line ends there


def _drawable(text: str) -> str:
    return _TURNING.sub("", _UNDRAWN.sub("\ufffd", text))


def escape(text: str) -> str:
    """Return ``text`` safe inside HTML, quotes included."""
    return escape_html(_drawable(text), quote=True)


def in_chart(text: str) -> str:
    """Return ``text`` as Plotly draws it letter by letter: no tag, no link, and no place for a value in it."""
    return escape_html(_drawable(text), quote=False).replace("%{", f"%{_PARTED}{{")


def plain(text: object, longest: int = LONGEST) -> str:
    """Return Markdown that draws ``text`` as it stands, on one line: no image, link, emoji, colour or formula in it.

    Whatever came from outside goes through here on its way to a page: from an address, a file's name, a card, a class,
    a data set, an error. Inside an address or ``:emoji:`` a character without width is put, which copying takes along.

    Args:
        text: what to draw.
        longest: characters; of a longer text the beginning and the end are drawn, which say what was expected and what
            is valid.
    """
    line = " ".join(_drawable(str(text)).split())
    if len(line) > longest:
        end = 2 * longest // 5
        line = f"{line[: longest - end - 3]} … {line[len(line) - end :]}"
    line = _MARKED.sub(r"\\\g<0>", _FOUND_LATER.sub(_PARTED, line))
    return _LISTED.sub(r"\1\\", line)


def percent(share: float) -> str:
    """Return a probability as the bars write it: ``93 %``; ``< 1 %`` and ``> 99 %`` rather than a false 0 or 100."""
    if 0.0 < share < 0.01:
        return "< 1 %"
    if 0.99 < share < 1.0:
        return "> 99 %"
    return f"{100 * share:.0f} %"


def short(value: float) -> str:
    """Return a gate or map value with three decimals and no leading zero: ``.507``, ``1.520``; exactly 0 and 1 bare."""
    if value in {0.0, 1.0}:
        return f"{value:.0f}"
    text = f"{value:.3f}" if abs(value) < 10 else f"{value:.3g}"
    if abs(value) < 0.0005 and value != 0.0:
        return f"{value:.1e}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def grid(shape: tuple[int, ...]) -> str:
    """Return a native grid in words: ``(6, 6)`` gives ``6 × 6 cells``, ``(64,)`` gives ``64 channels``."""
    if len(shape) == 1:
        return f"{shape[0]} channels"
    return " × ".join(str(side) for side in shape) + " cells"


_NOT_A_PLACE: Final = frozenset({"channel", "spatial", "attention", "received"})
"""Parts of a gate's name that say what it is rather than where."""


def layer_title(layer: str, classes: Sequence[str] = ()) -> str:
    """Return a layer's name for a heading.

    ``block2.spatial`` gives ``block 2``, ``ecnn.scale2.spatial`` gives ``ecnn scale 2``, and where ``classes`` are
    known ``emotion.class3.channel`` gives ``emotion happy``.
    """
    parts = layer.split(".")
    return " ".join(_words(part, classes) for part in parts if part not in _NOT_A_PLACE) or parts[0]


def _words(part: str, classes: Sequence[str]) -> str:
    head = part.rstrip("0123456789")
    number = part[len(head) :]
    if head == "class" and number and int(number) < len(classes):
        return classes[int(number)]
    return f"{head} {number}".strip().replace("_", " ")


KIND_WORDS: Final[dict[str, str]] = {"cross": "attention"}
"""What a kind of gate is called where its own word says too little; self-attention is of the kind ``cross``, too."""


def gate_name(layer: str, kind: str, classes: Sequence[str] = ()) -> str:
    """Return a gate's place and kind: ``block 1 spatial``; a name that ends on the kind says it once."""
    title = layer_title(layer, classes)
    return title if title.endswith(kind) else f"{title} {KIND_WORDS.get(kind, kind)}"


def gate_title(layer: str, kind: str, classes: Sequence[str] = ()) -> str:
    """Return the heading of a gate's map: its place, and where it attends between cells that, too."""
    return gate_name(layer, kind) if kind == "cross" else layer_title(layer, classes)


def accuracy(metric: dict[str, Any]) -> str:
    """Return a measured accuracy with its interval where the card has one: ``68.4 % (66.9–69.9)``.

    Args:
        metric: a document of ``RunCard.metrics``; ``accuracy`` in [0, 1], ``interval`` its (low, high) or absent.
    """
    text = f"{100 * float(metric['accuracy']):.1f} %"
    interval = metric.get("interval")
    if interval:
        text += f" ({100 * float(interval[0]):.1f}–{100 * float(interval[1]):.1f})"
    return text


def split_link(model: str, dataset: str, split: str, n: int | None = None) -> str:
    """Return ``fer2013 private, n = 3,589`` as HTML; the name leads, in a tab of its own, to all figures of it.

    Args:
        model: whose answers to that split are on the page Evaluation.
        n: how many pictures; left out where the sentence around says it.
    """
    asked = urlencode({"model": model, "analysis": f"{dataset}-{split}"})
    counted = "" if n is None else f", n = {n:,}"
    said = escape(f"All figures of {model} on {dataset} {split}, in a new tab")
    return (
        f'<a class="fl-split" href="Evaluation?{escape(asked)}" target="_blank" rel="noopener" title="{said}">'
        f"{escape(f'{dataset} {split}')}</a>{counted}"
    )


def csv_text(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows as CSV with a heading; numbers keep every digit."""
    table = list(rows)
    sink = io.StringIO()
    writer = csv.DictWriter(sink, fieldnames=list(table[0]) if table else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    return sink.getvalue()
