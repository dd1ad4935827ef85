"""The glossary: plain word first, term second; each term a button that opens its meaning; the same as a document.

A term on a page is a ``<button popovertarget="word-KEY">``, its meaning a ``popover`` that :func:`glossary_html` draws
once a page: the browser opens and closes it, by mouse, finger or keyboard, and no script runs for it. A button must
not stand inside another control: not in a ``<summary>``, a link or a button.

``python -m dashboard.report.glossary > docs/glossary.md`` writes the document.
"""

from __future__ import annotations

import re
from typing import Final

from dashboard.report.measures import GROUPS, MEASURES, Measure
from dashboard.report.subject import is_about_pictures
from dashboard.report.text import escape, short

TITLE: Final = "What the words mean"
INTRODUCTION: Final = (
    "Every measure that the pages and reports show: the plain word, the field's term, what is measured, and how to "
    "read the number. On a page each of them opens where it is named, and all of them at the page's end. This file is "
    "made by `python -m dashboard.report.glossary > docs/glossary.md`."
)


def in_words(key: str, shown: str = "") -> str:
    """Return a measure as a heading names it: its plain word, then ``shown`` or its term in brackets."""
    one = MEASURES[key]
    return f"{one.word} ({shown or _term(one)})"


def _term(one: Measure) -> str:
    """Return a measure's term without brackets of its own."""
    return one.term.partition(" (")[0]


def answer_change(distance: float, more: str = "") -> str:
    """Return a total variation distance in [0, 1] in words, ``more`` after its figure.

    ``changes 4 of 100 points of the answer (total variation .040)``.
    """
    return f"changes {points(distance)} of 100 points of the answer (total variation {short(distance)}{more})"


def points(share: float) -> str:
    """Return a share as points of 100, never a false 0: ``4``, ``less than 1``."""
    return "less than 1" if 0.0 < share < 0.01 else f"{100.0 * share:.0f}"


def opener(key: str, text: str = "") -> str:
    """Return the button that opens a measure's meaning, as HTML; it reads ``text``, else word and term."""
    one = MEASURES[key]
    said = escape(text or in_words(key))
    return f'<button type="button" class="fl-term" popovertarget="word-{one.key}">{said}</button>'


_NAMES: Final[dict[str, str]] = {
    name: one.key for one in MEASURES.values() for name in (one.word, _term(one), *one.spoken)
}
_NAMED: Final = re.compile(
    r"(?<![\w-])(" + "|".join(re.escape(name) for name in sorted(_NAMES, key=len, reverse=True)) + r")(?![\w-])"
)


def named_in(text: str) -> tuple[Measure, ...]:
    """Return the measures that a text names, in the glossary's order."""
    keys = {_NAMES[found] for found in _NAMED.findall(text)}
    return tuple(one for key, one in MEASURES.items() if key in keys)


def marked(text: str) -> str:
    """Return ``text`` as HTML, in which each measure is a button where it is named first."""
    parts, told, end = [], set[str](), 0
    for found in _NAMED.finditer(text):
        key = _NAMES[found[0]]
        if key not in told:
            told.add(key)
            parts += [escape(text[end : found.start()]), opener(key, found[0])]
            end = found.end()
    return "".join((*parts, escape(text[end:])))


def _meant() -> tuple[Measure, ...]:
    """Return the measures of this page: those about faces and people's votes are none of a model of other pictures."""
    return tuple(one for one in MEASURES.values() if not (one.of_faces and is_about_pictures()))


def _source(one: Measure) -> str:
    made = f"How it is made here: docs/measuring.md, “{escape(one.section.rstrip('.'))}”. " if one.section else ""
    paper = f'<a href="{one.link}" target="_blank" rel="noopener">{escape(one.paper)}</a>' if one.link else ""
    return f'<p class="fl-quiet">{made}{f"From {paper}." if paper else ""}</p>' if made or paper else ""


def _meaning(one: Measure) -> str:
    place = f"word-{one.key}"
    return (
        f'<div id="{place}" class="fl-meaning" popover role="dialog" aria-labelledby="{place}-name">'
        f'<div id="{place}-name"><b>{escape(one.word)}</b> ({escape(one.term)})</div>'
        f"<p>{escape(one.meaning)}</p><p>{escape(one.reading)}</p>{_source(one)}"
        f'<button type="button" class="fl-close" popovertarget="{place}" popovertargetaction="hide">Close</button>'
        "</div>"
    )


def glossary_html() -> str:
    """Return the page's glossary: folded, every measure as a button, and the meanings that all buttons open."""
    shown = _meant()
    rows = "".join(
        f"<dt>{escape(heading)}</dt><dd>{''.join(opener(one.key) for one in shown if one.group == group)}</dd>"
        for group, heading in GROUPS.items()
        if any(one.group == group for one in shown)
    )
    return (
        f'<details class="fl-glossary"><summary>{TITLE}</summary><p>Every measure that these pages show: the plain '
        "word, and in brackets what the field calls it. Press one for its meaning. The same list is in "
        f"docs/glossary.md.</p><dl>{rows}</dl></details>{''.join(_meaning(one) for one in shown)}"
    )


def document() -> str:
    """Return ``docs/glossary.md``."""
    parts = [f"# {TITLE}", INTRODUCTION]
    for group, heading in GROUPS.items():
        parts.append(f"## {heading}")
        for one in (one for one in MEASURES.values() if one.group == group):
            made = f' [Here](measuring.md): "{one.section.rstrip(".")}".' if one.section else ""
            paper = f" From [{one.paper}]({one.link})." if one.link else ""
            first = one.word[0].upper() + one.word[1:]
            parts.append(f"**{first}** ({one.term}). {one.meaning} *{one.reading}*{made}{paper}")
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    print(document(), end="")  # a document, on the command's own output
