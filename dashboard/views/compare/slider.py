"""One column's map over another's: two pictures with a bar between, moved by mouse, finger or keyboard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from dashboard.report.text import escape, plain
from dashboard.shared.figures.answers import read_agreement
from dashboard.shared.figures.map_card import MapCard, MapStyle, data_uri
from dashboard.shared.figures.rows import MapRow
from dashboard.shell import theme
from dashboard.shell.in_address import in_address
from dashboard.views.compare.columns import Columns
from engine.draw.overlay import overlay

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


def show_slider(columns: Columns, rows: Sequence[tuple[str, MapRow]], style: MapStyle) -> None:
    """Draw one column's map over another's, with a bar between; ``rows`` are those both may have, by name."""
    first, second = (columns.explained[at] for at in columns.pair)
    one, two = (columns.names[at] for at in columns.pair)
    theme.section(
        "One over the other",
        f"Left of the bar {escape(one)}, right of it {escape(two)}: drag it, or use the arrow keys.",
    )
    able: dict[str, tuple[MapRow, MapCard, MapCard]] = {}
    for name, row in rows:
        left, right = (row.cards[at] for at in columns.pair)
        if left is not None and right is not None and left.values is not None and right.values is not None:
            able[name] = (row, left, right)
    if not able:
        st.caption(plain(f"These two {columns.of} have no map in common that could be drawn."))
        return
    with st.container(key="stack-slider"):
        picture, words = st.columns([4, 5], gap="large")
    with words:
        with in_address("slider", "slider_map", tuple(able), next(iter(able)), "map of the slider"):
            choice: str = st.selectbox("Map", list(able), key="slider_map", width=300)
        row, *cards = able[choice]
        seen_as = "its own picture" if columns.one_model else "what its model saw it"
        st.html(
            f'<div class="fl-reading">{escape(read_agreement(row.paired, one, two, choice))}</div>'
            f'<p class="fl-quiet">Both in the colours and scale of their row above, each over {seen_as}. Figures are '
            "taken on the coarsest common grid.</p>"
        )
    drawn = []
    for explained, card in zip((first, second), cards, strict=True):
        if card.values is not None:
            seen = overlay(
                explained.face,
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
        compare_slider(drawn[0], drawn[1], one, two, key="compare_slider", ratio=ratio)
