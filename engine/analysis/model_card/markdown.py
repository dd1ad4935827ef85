"""A model card as the README.md that model hubs read: YAML front matter, then Markdown.

The front matter is what Hugging Face describes (metadata of model cards: ``license``, ``tags``, ``datasets``,
``metrics``, ``model-index``). Every text in it is written as a JSON string, which YAML reads as it stands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from engine.analysis.model_card.blocks import CardResult, CardSection, CardTable, ModelCard, figure, percent

_MARKS: Final = re.compile(r"[\\`*_\[\]<>#$~|&!]")
_CONTROL: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+"
)
_ADDRESS: Final = re.compile(r"(?<=http)(?=s?:/)|(?<=www)(?=\.)", re.IGNORECASE)


def markdown(text: str) -> str:
    """Return Markdown that shows ``text`` as it stands, on one line: no image, link, heading or HTML in it."""
    line = _CONTROL.sub(" ", text).strip()
    line = _MARKS.sub(r"\\\g<0>", _ADDRESS.sub("\u2060", line))
    return re.sub(r"^(?:(\d+)(?=[.)](?:\s|$))|(?=[-+=]))", r"\1\\", line)


def to_markdown(card: ModelCard) -> str:
    """Return the whole file."""
    parts = [front_matter(card), f"# {markdown(card.name)}\n\n{markdown(card.summary)}\n"]
    parts += ["\n".join(_section(section)) for section in card.sections]
    return "\n".join(parts)


def _section(section: CardSection) -> Iterator[str]:
    yield f"## {markdown(section.heading)}\n"
    for words in section.words:
        yield f"{markdown(words)}\n"
    if section.points:
        yield "\n".join(f"- {markdown(point)}" for point in section.points) + "\n"
    for table in section.tables:
        yield "\n".join(_table(table))
    if section.commands:
        yield (
            "```\n" + "\n".join(_CONTROL.sub(" ", line).replace("```", "'''") for line in section.commands) + "\n```\n"
        )


def _table(table: CardTable) -> Iterator[str]:
    yield f"| {' | '.join(map(markdown, table.head))} |"
    yield f"|{'---|' * len(table.head)}"
    for row in table.rows:
        yield f"| {' | '.join(map(markdown, row))} |"
    yield ""
    if table.caption:
        yield f"{markdown(table.caption)}\n"


def front_matter(card: ModelCard) -> str:
    """Return the YAML block, its fences included."""
    lines = [
        "---",
        f"license: {_text(card.licence)}",
        "library_name: ferlens",
        "pipeline_tag: image-classification",
        *_list("tags", card.tags),
        *_list("datasets", card.datasets),
        *_list("metrics", ("accuracy", "f1") if card.results else ()),
    ]
    if card.results:
        lines += ["model-index:", f"- name: {_text(card.name)}", "  results:"]
        for result in card.results:
            lines += _result(result)
    return "\n".join([*lines, "---", ""])


def _text(value: str) -> str:
    return json.dumps(_CONTROL.sub(" ", value), ensure_ascii=False)


def _list(key: str, values: tuple[str, ...]) -> list[str]:
    return [f"{key}:", *(f"- {_text(value)}" for value in values)] if values else []


def _result(result: CardResult) -> list[str]:
    accuracy = result.accuracy
    said = f"{result.view}, n = {accuracy.n:,}, {percent(accuracy)}, 95 % Wilson interval over pictures"
    metrics: list[dict[str, Any]] = [
        {"type": "accuracy", "name": f"accuracy ({said}; {result.protocol})", "value": round(accuracy.mean or 0.0, 5)}
    ]
    if result.macro_f1 is not None:
        found = f"{figure(result.macro_f1)}, 95 % bootstrap interval over pictures"
        name = f"macro F1 ({result.view}, n = {accuracy.n:,}, {found}; {result.protocol})"
        metrics.append({"type": "f1", "name": name, "value": round(result.macro_f1.mean or 0.0, 5)})
    lines = [
        "  - task:",
        "      type: image-classification",
        "    dataset:",
        f"      name: {_text(f'{result.dataset} {result.split}')}",
        f"      type: {_text(result.dataset)}",
        f"      split: {_text(result.split)}",
        "    metrics:",
    ]
    for metric in metrics:
        lines += [
            f"    - type: {metric['type']}",
            f"      name: {_text(metric['name'])}",
            f"      value: {metric['value']}",
        ]
    return lines
