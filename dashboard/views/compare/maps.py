"""Several models on one face: aligned columns of answers, gates and Grad-CAM, differences, and a slider.

Two pictures under one another with a bar between them that is moved by mouse, finger or keyboard.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd
import streamlit as st

from dashboard.report.text import escape, grid
from dashboard.shared.figures.answers import answer_rows, read_agreement, read_answers
from dashboard.shared.figures.map_card import MapCard, MapStyle, data_uri
from dashboard.shared.figures.pair import difference_ranges
from dashboard.shared.figures.rows import MapRow, agreement_rows, channel_difference, channel_rows, packed
from dashboard.shell import theme
from dashboard.shell.in_address import in_address
from dashboard.views.compare.figures.grid import (
    aligned,
    channel_cell,
    difference_cell,
    headings,
    map_cell,
    nothing,
    own,
)
from engine.draw.overlay import overlay
from engine.records import AttentionGate, FaceExplanation

HTML: Final = """
<figure class="slider">
  <div class="stage">
    <img class="under" alt=""><img class="over" alt="">
    <span class="name left"></span><span class="name right"></span>
    <span class="bar" aria-hidden="true"><span class="knob">&#x2194;</span></span>
    <input type="range" min="0" max="100" step="1" value="50">
  </div>
</figure>
"""

CSS: Final = """
.slider { margin: 0; max-width: 384px; color: var(--st-text-color); }
.stage { position: relative; aspect-ratio: var(--ratio, 1); border-radius: 3px; overflow: hidden; --at: 50%;
  touch-action: pan-y; }
.stage img { position: absolute; inset: 0; width: 100%; height: 100%; display: block; object-fit: contain; }
.over { clip-path: inset(0 calc(100% - var(--at)) 0 0); }
.bar { position: absolute; top: 0; bottom: 0; left: var(--at); width: 2px; margin-left: -1px; background: #fff;
  box-shadow: 0 0 0 1px #0008; }
.knob { position: absolute; top: 50%; left: 50%; width: 30px; height: 30px; transform: translate(-50%, -50%);
  border-radius: 50%; background: #fff; color: #1d2026; box-shadow: 0 0 0 1px #0008; display: flex;
  align-items: center; justify-content: center; font-size: 16px; line-height: 1; }
input { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0; cursor: ew-resize; }
.stage:focus-within .knob { outline: 3px solid #2b7fff; outline-offset: 2px; }
.name { position: absolute; top: 0; padding: .2rem .5rem; font-size: .8rem; background: #000b; color: #fff;
  max-width: 46%; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.left { left: 0; border-radius: 0 0 3px 0; } .right { right: 0; border-radius: 0 0 0 3px; }
"""

JS: Final = """
export default function ({ parentElement, data }) {
  const find = (name) => parentElement.querySelector(name);
  const stage = find(".stage"), input = find("input");
  find(".over").src = data.left; find(".under").src = data.right;
  find(".left").textContent = data.left_name; find(".right").textContent = data.right_name;
  input.setAttribute("aria-label", `How much of ${data.left_name} is shown over ${data.right_name}`);
  stage.style.setProperty("--ratio", data.ratio);
  const move = () => {
    stage.style.setProperty("--at", `${input.value}%`);
    input.setAttribute("aria-valuetext", `${input.value} % ${data.left_name}`);
  };
  input.oninput = move;
  move();
}
"""

_slider = st.components.v2.component("ferlens_compare_slider", html=HTML, css=CSS, js=JS)


def compare_slider(left: str, right: str, left_name: str, right_name: str, *, key: str, ratio: float = 1.0) -> None:
    """Draw the slider; a range input inside it takes mouse, touch and arrow keys alike.

    Args:
        left, right: pictures of one size as ``data:`` addresses; ``left`` is seen left of the bar.
        left_name, right_name: what they are.
        key: of the component; the bar stays where it is while the key does. ratio: of width to height.
    """
    data = {"left": left, "right": right, "left_name": left_name, "right_name": right_name, "ratio": f"{ratio:.4f}"}
    _slider(data=data, key=key)


SLIDER_PIXELS = 384
"""Side of the slider's pictures: eight times 48, so that the cells of every four-block grid are whole pixels."""


def show_answers(explained: Sequence[FaceExplanation], pair: tuple[int, int]) -> None:
    """Draw the probabilities of every model in aligned rows on one scale, and the difference in points."""
    names = [one.model for one in explained]
    predictions = [one.prediction for one in explained]
    theme.section("Answers", escape(read_answers(names, predictions)))
    rows = answer_rows(names, predictions, pair)
    st.html(f'<div class="fl-tight">{aligned(len(names), rows, heads=headings(names, pair))}</div>')


def show_map_rows(
    explained: Sequence[FaceExplanation], rows: Sequence[MapRow], pair: tuple[int, int], style: MapStyle, lacking: str
) -> None:
    """Draw rows of maps; ``lacking`` says what a model without one does not have."""
    names = [one.model for one in explained]
    first, second = (explained[index] for index in pair)
    spans = difference_ranges([row.paired for row in rows], style.scale)
    drawn = []
    for line in packed([[card is not None for card in row.cards] for row in rows]):
        index = line[0]
        if index is None or len(set(line)) > 1:
            drawn.append(("", _own_maps(explained, [None if at is None else rows[at] for at in line], style)))
            continue
        row, span = rows[index], spans[index]
        cells = [
            nothing(f"{one.model} has no {lacking} here")
            if card is None
            else map_cell(one.face, card, style, one.model)
            for one, card in zip(explained, row.cards, strict=True)
        ]
        if row.paired is None:
            cells.append(nothing("nothing to subtract", faint=True))
        else:
            words = f"{second.model} minus {first.model}, {row.name}"
            cells.append(difference_cell(first.face, row.paired, span, style, words))
        drawn.append((f'{escape(row.name)}<span class="fl-quiet">{row.size}</span>', cells))
    st.html(aligned(len(names), drawn, heads=headings(names, pair)))


def _own_maps(explained: Sequence[FaceExplanation], rows: Sequence[MapRow | None], style: MapStyle) -> list[str]:
    """Return the cells of a line in which each model shows a row that it alone has."""
    cells = []
    for index, (one, row) in enumerate(zip(explained, rows, strict=True)):
        card = None if row is None else row.cards[index]
        cells.append(
            "" if row is None or card is None else own(row.name, row.size, map_cell(one.face, card, style, one.model))
        )
    return [*cells, nothing("nothing to subtract", faint=True)]


def show_channels(explained: Sequence[FaceExplanation], pair: tuple[int, int]) -> None:
    """Draw the channel gates, where any model has one."""
    rows = channel_rows(explained)
    if not rows:
        return
    theme.section(
        "Channel attention gates",
        "Weights ranked from highest to lowest, 0 to 1; the dashed line is .5. Channel 7 of one model is not channel 7 "
        "of another, so levels and spreads are compared and not single channels.",
    )
    names = [one.model for one in explained]
    drawn = []
    for line in packed([[gate is not None for gate in gates] for _, gates in rows]):
        index = line[0]
        if index is None or len(set(line)) > 1:
            drawn.append(("", _own_channels([None if at is None else rows[at] for at in line])))
            continue
        name, gates = rows[index]
        cells = [
            nothing(f"{model} has no channel gate here") if gate is None else channel_cell(gate)
            for model, gate in zip(names, gates, strict=True)
        ]
        first, second = (gates[index] for index in pair)
        both = first is not None and second is not None
        cells.append(
            f'<div class="fl-raw" style="white-space:normal">{channel_difference(first, second)}</div>'
            if both and first is not None and second is not None
            else nothing("nothing to subtract", faint=True)
        )
        drawn.append((escape(name), cells))
    st.html(f'<div class="fl-flat">{aligned(len(names), drawn, heads=headings(names, pair))}</div>')


def _own_channels(rows: Sequence[tuple[str, tuple[AttentionGate | None, ...]] | None]) -> list[str]:
    """Return the cells of a line in which each model shows a channel gate that it alone has."""
    cells = []
    for index, row in enumerate(rows):
        gate = None if row is None else row[1][index]
        cells.append("" if row is None or gate is None else own(row[0], grid(gate.shape), channel_cell(gate)))
    return [*cells, nothing("nothing to subtract", faint=True)]


def show_slider(
    explained: Sequence[FaceExplanation],
    rows: Sequence[tuple[str, MapRow]],
    pair: tuple[int, int],
    style: MapStyle,
) -> None:
    """Draw one model's map over another's, with a bar between; ``rows`` are those both may have, by name."""
    first, second = (explained[index] for index in pair)
    theme.section(
        "One over the other",
        f"Left of the bar {escape(first.model)}, right of it {escape(second.model)}: drag it, or use the arrow keys.",
    )
    able: dict[str, tuple[MapRow, MapCard, MapCard]] = {}
    for name, row in rows:
        left, right = (row.cards[index] for index in pair)
        if left is not None and right is not None and left.values is not None and right.values is not None:
            able[name] = (row, left, right)
    if not able:
        st.caption("These two models have no map in common that could be drawn.")
        return
    with st.container(key="stack-slider"):
        picture, words = st.columns([4, 5], gap="large")
    with words:
        with in_address("slider", "slider_map", tuple(able), next(iter(able)), "map of the slider"):
            choice: str = st.selectbox("Map", list(able), key="slider_map", width=300)
        row, *cards = able[choice]
        st.html(
            f'<div class="fl-reading">{escape(read_agreement(row.paired, first.model, second.model, choice))}</div>'
            '<p class="fl-quiet">Both in the colours and scale of their row above, each over what its model saw '
            "it. Figures are taken on the coarsest common grid.</p>"
        )
    drawn = []
    for one, card in zip((first, second), cards, strict=True):
        if card.values is not None:
            seen = overlay(
                one.face,
                card.values,
                limits=card.limits,
                colors=style.colors,
                opacity=style.opacity,
                smooth=style.smooth,
                size=SLIDER_PIXELS,
            )
            drawn.append(data_uri(seen))
    ratio = first.face.shape[1] / first.face.shape[0]
    with picture:
        compare_slider(drawn[0], drawn[1], first.model, second.model, key="compare_slider", ratio=ratio)


def show_numbers(explained: Sequence[FaceExplanation], rows: Sequence[tuple[str, MapRow]]) -> None:
    """Draw the agreement of every pair of models on every map, folded."""
    lines = agreement_rows([one.model for one in explained], rows)
    with st.expander("All agreement figures", icon=":material/table_rows:"):
        if not lines:
            st.caption("No two of these models have a map in common.")
            return
        number = st.column_config.NumberColumn(format="%.3f")
        st.dataframe(
            pd.DataFrame(lines),
            hide_index=True,
            column_config=dict.fromkeys(("Spearman", "top tenth in common", "by chance"), number),
            alt="agreement of every pair of models on every map",
        )
        st.caption("Ranks and not values are compared: the scales of two models have nothing in common.")


def row_names(spatial: Sequence[MapRow], explanation: MapRow, target: str) -> list[tuple[str, MapRow]]:
    """Name every row for a menu: the explanation first."""
    return [
        (f"Grad-CAM for {target}, {explanation.name}", explanation),
        *((f"Gate, {row.name}", row) for row in spatial),
    ]
