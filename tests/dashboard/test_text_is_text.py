"""What came from outside is drawn as text: read from the sources, every hole in what Streamlit reads as Markdown."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.made import ROOT

BODIES: Final = frozenset(
    re.findall(
        r"\w+",
        "error info warning success caption markdown write title header subheader toast status badge dialog latex "
        "metric expander popover tabs spinner button download_button form_submit_button link_button selectbox "
        "multiselect segmented_control pills radio select_slider slider toggle checkbox number_input text_input "
        "text_area file_uploader camera_input chat_input color_picker date_input exception",
    )
)
"""Calls whose first value Streamlit reads as Markdown: a text, or a widget's label."""
WORDED: Final = frozenset({"label", "body", "help", "text", "title"})
"""What is Markdown where these calls name it; ``hint`` is our own functions' word for it, and so is checked in all."""
MARKED_CHOICES: Final = frozenset({"segmented_control", "pills", "radio"})
"""Whose choices are Markdown, too; a menu's are text."""
HARMLESS: Final = frozenset(
    {"plain", "len", "percent", "short", "time_words", "method_help", "face_word", "face", "emotion"}
)
"""What makes text harmless, writes numbers alone, or speaks out of our own tables."""
NUMBER: Final = re.compile(r"[-+]?[0-9]*,?(\.\d+)?[,dfgeE%]")
"""A form that Python refuses for a text."""
NO_PAGES: Final = frozenset({"draw", "stdout", "stderr", "writer", "file"})


def is_ours(node: ast.AST, bound: frozenset[str] = frozenset({"hint"})) -> bool:  # noqa: C901, PLR0911, PLR0912
    """Whether text is this program's own, a number, or went through ``plain``; so are the names in ``bound``."""
    # One case a kind of node: taken apart it would not be easier to read.
    match node:
        case ast.Constant():
            return True
        case ast.Name(id=name):
            return name.isupper() or name in bound
        case ast.Attribute(attr=name, value=value):
            return name.isupper() or (name == "__getitem__" and is_ours(value, bound))
        case ast.Subscript(value=value) | ast.Starred(value=value):
            return is_ours(value, bound)
        case ast.IfExp(body=body, orelse=orelse):
            return is_ours(body, bound) and is_ours(orelse, bound)
        case ast.BoolOp(values=values) | ast.List(elts=values) | ast.Tuple(elts=values) | ast.JoinedStr(values=values):
            return all(is_ours(value, bound) for value in values)
        case ast.BinOp(left=left, right=right):
            return is_ours(left, bound) and is_ours(right, bound)
        case ast.FormattedValue(value=value, format_spec=form):
            spelled = ast.unparse(form)[2:-1] if form is not None else ""
            return bool(NUMBER.fullmatch(spelled)) or is_ours(value, bound)
        case ast.GeneratorExp(elt=inside, generators=[loop]) | ast.ListComp(elt=inside, generators=[loop]):
            named = {one.id for one in ast.walk(loop.target) if isinstance(one, ast.Name)}
            return is_ours(inside, bound | named if is_ours(loop.iter, bound) else bound)
        case ast.Lambda(body=inside):
            return is_ours(inside, bound)
        case ast.Call(func=ast.Name(id=name), args=args):
            return name in HARMLESS or (name in {"tuple", "list", "range"} and all(is_ours(one, bound) for one in args))
        case ast.Call(func=ast.Attribute(attr="join", value=between), args=[parts]):
            return is_ours(between, bound) and is_ours(parts, bound)
        case ast.Call(func=ast.Attribute(attr="format", value=form), args=[], keywords=filled):
            return is_ours(form, bound) and all(is_ours(one.value, bound) for one in filled)
        case ast.Call(func=ast.Attribute(attr="items", value=table)):
            return is_ours(table, bound)
    return False


def worded(call: ast.Call, name: str) -> Iterator[ast.expr]:
    """Yield what a call of ``name`` hands to Streamlit as Markdown."""
    named = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg is not None}
    if "hint" in named:
        yield named["hint"]
    if name in BODIES:
        yield from call.args[:1]
    if name == "progress":
        yield from call.args[1:2]
    if name == "image" and "caption" in named:
        yield named["caption"]
    if name in BODIES | {"progress", "page_link"}:
        yield from (value for key, value in named.items() if key in WORDED)
    if name in MARKED_CHOICES:
        drawn = named.get("format_func")
        if drawn is None:
            yield from call.args[1:2] or [named["options"]]
        elif not (isinstance(drawn, ast.Name) and drawn.id == "plain"):
            yield drawn


def foreign(source: str) -> list[tuple[int, str]]:
    """Return (line, what) of each text in ``source`` that may not be ours, and is drawn as Markdown."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        match node.func:
            case ast.Attribute(value=ast.Name(id=on) | ast.Attribute(attr=on)) if on in NO_PAGES:
                continue
            case ast.Attribute(attr=name):
                pass
            case _:
                name = ""  # our own function, which hands on a hint
        found += [(node.lineno, ast.unparse(part)) for part in worded(node, name) if not is_ours(part)]
    return found


def pages() -> list[Path]:
    return [path for path in sorted((ROOT / "dashboard").rglob("*.py")) if "streamlit" in path.read_text("utf-8")]


def test_every_text_on_a_page_is_ours_or_drawn_as_it_stands() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {what}"
        for path in pages()
        for line, what in foreign(path.read_text(encoding="utf-8"))
    ]
    assert wrong == [], "put plain(...) of dashboard/report/text.py around what may have come from outside"


@pytest.mark.parametrize(
    "source",
    [
        "st.error(sentence)",
        "st.info(f'{model} has no gate')",
        "place.caption(' '.join(notes))",
        "st.selectbox(f'Layer of {name}', names)",
        "st.selectbox('Layer', names, help=f'of {name}')",
        "st.segmented_control('Split', names)",
        "st.pills('Split', names, format_func=lambda one: titles[one])",
        "st.page_link(PAGE, label=one.title)",
        "bar.progress(0.5, f'Reading {film.name}')",
        "bar.progress(0.5, text=name)",
        "st.spinner(f'Loading {card.name:>8}')",
        "st.tabs(names)",
        "st.columns(2)[0].caption(name)",
        "segments('Pictures', GROUPS, hint=no_votes or WORDS)",
        "st.caption(', '.join(f'{one}' for one in names))",
        "st.markdown(LEGEND.format(example=name))",
        "st.markdown(words.format(emotion=emotion()))",
    ],
)
def test_the_reader_finds_foreign_text(source: str) -> None:
    assert foreign(source)


@pytest.mark.parametrize(
    "source",
    [
        "st.error(plain(sentence))",
        "st.info(f'{plain(model)} has no gate; {count:,} of {share:.1f} %, {len(names)}')",
        "st.caption(' '.join(plain(note) for note in notes))",
        "st.selectbox('Layer', names, format_func=title)",
        "st.segmented_control('Split', names, format_func=plain)",
        "st.segmented_control('Scale', SCALES, format_func=SCALE_TITLES.__getitem__)",
        "st.image(pixels)",
        "st.markdown(LEGEND.format(emotion=emotion(), example='' if short else EXAMPLE))",
        "st.markdown(WORDS if short else LONG[0])",
        "segments('Pictures', GROUPS, hint=plain(no_votes) or WORDS)",
        "st.selectbox('Cell', names, help='; '.join(f'**{name}**: {words}' for name, words in CELLS.items()))",
    ],
)
def test_the_reader_lets_our_own_pass(source: str) -> None:
    assert not foreign(source)
