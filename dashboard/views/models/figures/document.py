"""A model card as HTML: its sections under each other, long tables folded away."""

from __future__ import annotations

from typing import Final

from dashboard.report.text import escape
from engine.analysis.model_card.blocks import CardSection, CardTable, ModelCard

SHOWN_ROWS: Final = 12
"""Longer tables open when asked for."""


def document_html(card: ModelCard) -> str:
    """Return the whole card."""
    sections = "".join(map(_section, card.sections))
    return (
        f'<article class="fl-document"><h3>{escape(card.name)}</h3><p>{escape(card.summary)} '
        f"Licence of the weights: {escape(card.licence)}.</p>{sections}</article>"
    )


def _section(section: CardSection) -> str:
    words = "".join(f"<p>{escape(said)}</p>" for said in section.words)
    points = "".join(f"<li>{escape(point)}</li>" for point in section.points)
    listed = f"<ul>{points}</ul>" if points else ""
    tables = "".join(map(_table, section.tables))
    commands = "\n".join(section.commands)
    copied = f"<pre><code>{escape(commands)}</code></pre>" if commands else ""
    return f"<section><h4>{escape(section.heading)}</h4>{words}{listed}{tables}{copied}</section>"


def _table(table: CardTable) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in table.head)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in table.rows)
    drawn = (
        f'<div class="fl-document-wide" tabindex="0" role="region" aria-label="{escape(table.head[0])}">'
        f'<table class="fl-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )
    caption = f'<p class="fl-quiet">{escape(table.caption)}</p>' if table.caption else ""
    if len(table.rows) > SHOWN_ROWS:
        return (
            f"<details><summary>{len(table.rows)} rows by {escape(table.head[0])}</summary>{drawn}</details>{caption}"
        )
    return drawn + caption
