"""Aligned columns of answers, gates and Grad-CAM, and their differences; of models, or of two pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from dashboard.report.text import escape, grid, plain
from dashboard.shared.figures.answers import answer_rows, read_answers, read_pictures
from dashboard.shared.figures.map_card import MapStyle
from dashboard.shared.figures.pair import RANKS, TOP, difference_ranges
from dashboard.shared.figures.rows import (
    MapRow,
    agreement_rows,
    channel_difference,
    channel_rows,
    gate_rows,
    lacking_words,
    packed,
    solitary,
    spatial_words,
)
from dashboard.shell import glossed, theme
from dashboard.views.compare.columns import Columns
from dashboard.views.compare.figures.grid import (
    Row,
    aligned,
    channel_cell,
    difference_cell,
    headings,
    map_cell,
    nothing,
    own,
    strip,
)
from dashboard.views.compare.slider import show_slider


def show_answers(columns: Columns) -> None:
    """Draw the probabilities of every column in aligned rows on one scale, and the difference in points."""
    names, pair = columns.names, columns.pair
    predictions = [one.prediction for one in columns.explained]
    words = read_pictures(names, predictions) if columns.one_model else read_answers(names, predictions)
    theme.section("Answers", escape(words))
    rows = answer_rows(names, predictions, pair)
    st.html(f'<div class="fl-tight">{aligned(len(names), rows, heads=headings(names, pair))}</div>')


def show_map_rows(columns: Columns, rows: Sequence[MapRow], style: MapStyle, lacking: str) -> None:
    """Draw rows of maps; ``lacking`` says what a column without one does not have."""
    names, explained = columns.names, columns.explained
    first = explained[columns.pair[0]]
    spans = difference_ranges([row.paired for row in rows], style.scale)
    present = [[card is not None for card in row.cards] for row in rows]

    def cell(at: int, row: MapRow) -> str | None:
        card = row.cards[at]
        return None if card is None else map_cell(explained[at].face, card, style, names[at])

    drawn = []
    for line in packed(present):
        index = line[0]
        if index is None or len(set(line)) > 1:
            placed = [None if row is None else rows[row] for row in line]
            drawn.append(("", _own([None if row is None else (row.name, row.size, cell(at, row))
                                    for at, row in enumerate(placed)])))  # fmt: skip
            continue
        row, span = rows[index], spans[index]
        cells = [cell(at, row) or nothing(f"{name} has no {lacking} here") for at, name in enumerate(names)]
        if row.paired is None:
            cells.append(nothing("nothing to subtract", faint=True))
        else:
            words = f"{names[columns.pair[1]]} minus {names[columns.pair[0]]}, {row.name}"
            cells.append(difference_cell(first.face, row.paired, span, style, words))
        drawn.append((f'{escape(row.name)}<span class="fl-quiet">{row.size}</span>', cells))
    _draw(columns, drawn, present, lacking, lambda at, index: own(rows[index].name, rows[index].size,
                                                                  cell(at, rows[index]) or ""))  # fmt: skip


def _own(placed: Sequence[tuple[str, str, str | None] | None]) -> list[str]:
    """Return the cells of a line in which each column shows a gate that it alone has: (name, size, cell) of each."""
    cells = ["" if one is None or one[2] is None else own(one[0], one[1], one[2]) for one in placed]
    return [*cells, nothing("nothing to subtract", faint=True)]


def _draw(
    columns: Columns,
    drawn: Sequence[Row],
    present: Sequence[Sequence[bool]],
    lacking: str,
    cell: Callable[[int, int], str],
    kind: str = "",
) -> None:
    """Draw the aligned rows, and in one strip what a single column has of its own; ``cell``: of a column and row."""
    html = aligned(len(columns.names), drawn, heads=headings(columns.names, columns.pair)) if drawn else ""
    found = solitary(present)
    if found is not None:
        owner, indices = found
        others = [name for at, name in enumerate(columns.names) if at != owner]
        words = lacking_words(columns.names[owner], others, lacking, len(indices), some=bool(drawn))
        html += strip(escape(words), [cell(owner, index) for index in indices])
    st.html(f'<div class="{kind}">{html}</div>' if kind else html)


def show_channels(columns: Columns) -> None:
    """Draw the channel gates as ranked curves, and say how they differ in level and spread; none: nothing."""
    rows = channel_rows(columns.explained)
    if not rows:
        return
    theme.section(
        "Channel attention gates",
        "Weights ranked from highest to lowest, 0 to 1; the dashed line is .5. "
        + (
            "Both are of one network, so channel 7 is the same feature in both: the one that differs most is named."
            if columns.one_model
            else "Channel 7 of one model is not channel 7 of another, so levels and spreads are compared and not "
            "single channels."
        ),
    )
    names = columns.names
    present = [[gate is not None for gate in gates] for _, gates in rows]

    def cell(at: int, index: int) -> tuple[str, str, str | None]:
        name, gates = rows[index]
        gate = gates[at]
        return (name, "", None) if gate is None else (name, grid(gate.shape), channel_cell(gate))

    drawn = []
    for line in packed(present):
        index = line[0]
        if index is None or len(set(line)) > 1:
            drawn.append(("", _own([None if row is None else cell(at, row) for at, row in enumerate(line)])))
            continue
        name, gates = rows[index]
        cells = [
            nothing(f"{column} has no channel gate here") if gate is None else channel_cell(gate)
            for column, gate in zip(names, gates, strict=True)
        ]
        first, second = (gates[at] for at in columns.pair)
        if first is None or second is None:
            cells.append(nothing("nothing to subtract", faint=True))
        else:
            said = channel_difference(first, second, same_channels=columns.one_model)
            cells.append(f'<div class="fl-raw" style="white-space:normal">{said}</div>')
        drawn.append((escape(name), cells))

    def alone(at: int, index: int) -> str:
        name, size, drawing = cell(at, index)
        return own(name, size, drawing or "")

    _draw(columns, drawn, present, "channel gate", alone, "fl-flat")


def show_numbers(columns: Columns, rows: Sequence[tuple[str, MapRow]]) -> None:
    """Draw the agreement of every pair of columns on every map, folded."""
    lines = agreement_rows(columns.names, rows, columns.of)
    with st.expander("All agreement figures", icon=":material/table_rows:"):
        if not lines:
            st.caption(plain(f"No two of these {columns.of} have a map in common."))
            return
        number = st.column_config.NumberColumn(format="%.3f")
        st.dataframe(
            pd.DataFrame(lines),
            hide_index=True,
            column_config=dict.fromkeys((RANKS, TOP, "by chance"), number),
            alt=f"agreement of every pair of {columns.of} on every map",
        )
        glossed.note(
            "The rank correlation and the overlap of the strongest tenth compare ranks, not values: "
            + (
                "places of a map, not parts of a face."
                if columns.one_model
                else "the scales of two models have nothing in common."
            )
        )


def row_names(spatial: Sequence[MapRow], explanation: MapRow, target: str) -> list[tuple[str, MapRow]]:
    """Name every row for a menu: the explanation first."""
    return [
        (f"Grad-CAM for {target}, {explanation.name}", explanation),
        *((f"Gate, {row.name}", row) for row in spatial),
    ]


def show_gates_and_rest(
    columns: Columns, explanation: MapRow, target: str, style: MapStyle
) -> list[tuple[str, MapRow]]:
    """Draw what follows the row of explanations: gates, one map over another, figures; return the rows by name."""
    explained = columns.explained
    gates = gate_rows(explained, target, columns.pair, style.scale, say_even=True)
    theme.section("Spatial attention gates", spatial_words(explained, target))
    if gates:
        show_map_rows(columns, gates, style, "gate")
    else:
        st.caption(
            "This model has no spatial gate." if columns.one_model else "None of these models has a spatial gate."
        )
    show_channels(columns)
    named_rows = row_names(gates, explanation, explained[0].maps[0].target)
    show_slider(columns, named_rows, style)
    show_numbers(columns, named_rows)
    return named_rows
