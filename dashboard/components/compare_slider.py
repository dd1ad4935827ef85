"""Two pictures under one another with a bar between them that is moved by mouse, finger or keyboard."""

from __future__ import annotations

from typing import Final

import streamlit as st

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
.stage { position: relative; aspect-ratio: 1; border-radius: 3px; overflow: hidden; --at: 50%; touch-action: pan-y; }
.stage img { position: absolute; inset: 0; width: 100%; height: 100%; display: block; }
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
  const move = () => {
    stage.style.setProperty("--at", `${input.value}%`);
    input.setAttribute("aria-valuetext", `${input.value} % ${data.left_name}`);
  };
  input.oninput = move;
  move();
}
"""

_slider = st.components.v2.component("ferlens_compare_slider", html=HTML, css=CSS, js=JS)


def compare_slider(left: str, right: str, left_name: str, right_name: str, *, key: str) -> None:
    """Draw the slider; a range input inside it takes mouse, touch and arrow keys alike.

    Args:
        left, right: pictures of one size as ``data:`` addresses; ``left`` is seen left of the bar.
        left_name, right_name: what they are.
        key: of the component; the bar stays where it is while the key does.
    """
    _slider(data={"left": left, "right": right, "left_name": left_name, "right_name": right_name}, key=key)
