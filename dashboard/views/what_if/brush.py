"""The face with a brush over it: mouse, pen, finger or keyboard draw strokes, which are sent when they end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import streamlit as st

from dashboard.report.subject import face as face_word
from dashboard.views.what_if import controls
from engine.edit.edit import STEPS, Stroke, simplified, unturned
from engine.edit.text import TOLERANCES

KEY: Final = "what_if_brush"
_TAKEN: Final = "what_if.strokes_taken"

WIDTHS: Final = (8, 96, 32)
"""Smallest, largest and first diameter of the brush, in 256ths of the face."""

HTML: Final = """
<div class="brush">
  <div class="stage">
    <img alt="">
    <canvas tabindex="0" role="application" width="512" height="512"></canvas>
  </div>
  <label class="size"><span>Brush</span><input type="range" step="2"><output></output></label>
</div>
"""

CSS: Final = """
.brush { max-width: 420px; color: var(--st-text-color); font-family: var(--st-font); font-size: .85rem; }
.stage { position: relative; aspect-ratio: var(--ratio, 1); border-radius: 4px; overflow: hidden; background: #8884; }
.stage img, .stage canvas { position: absolute; inset: 0; width: 100%; height: 100%; display: block; }
.stage canvas { touch-action: none; cursor: crosshair; }
.stage:has(canvas:focus-visible) { outline: 3px solid #2b7fff; outline-offset: 2px; }
.stage canvas:focus { outline: none; }
.size { display: grid; grid-template-columns: auto 1fr 4.6rem; gap: .6rem; align-items: center; margin-top: .45rem; }
.size input { accent-color: var(--st-primary-color); width: 100%; margin: 0; }
.size output { text-align: right; opacity: .7; font-variant-numeric: tabular-nums; }
"""

JS: Final = """
const known = new WeakMap();

export default function ({ parentElement, data, setTriggerValue }) {
  const canvas = parentElement.querySelector("canvas"), img = parentElement.querySelector("img");
  const size = parentElement.querySelector("input"), shown = parentElement.querySelector("output");
  if (!known.has(canvas)) {
    known.set(canvas, { last: data.taken, waiting: [], drawn: null, at: [0.5, 0.5], ring: false });
    size.min = data.widths[0]; size.max = data.widths[1]; size.value = data.widths[2];
  }
  const state = known.get(canvas);
  state.waiting = state.waiting.filter((stroke) => stroke.id > data.taken);
  img.src = data.face;
  const rows = Math.round(512 * data.shape[0] / Math.max(...data.shape));
  const columns = Math.round(512 * data.shape[1] / Math.max(...data.shape));
  if (canvas.width !== columns || canvas.height !== rows) { canvas.width = columns; canvas.height = rows; }
  canvas.parentElement.style.setProperty("--ratio", `${columns} / ${rows}`);
  img.alt = data.words;
  canvas.setAttribute("aria-label", `Brush: drag to cover parts of the ${data.what}. With the keyboard, move by the `
    + "arrow keys and cover by the space bar.");

  const pen = canvas.getContext("2d"), wide = canvas.width, tall = canvas.height, side = Math.min(wide, tall);
  const trace = (stroke) => {
    const [first, ...rest] = stroke.points;
    pen.beginPath();
    pen.moveTo(first[0] * wide, first[1] * tall);
    for (const [x, y] of rest.length ? rest : [first]) pen.lineTo(x * wide, y * tall + (rest.length ? 0 : 0.01));
    pen.lineWidth = stroke.diameter * side / data.steps;
    pen.lineCap = pen.lineJoin = "round";
    pen.strokeStyle = "rgba(43, 127, 255, 0.55)";
    pen.stroke();
  };
  const draw = () => {
    pen.clearRect(0, 0, wide, tall);
    for (const stroke of state.waiting) trace(stroke);
    if (state.drawn) trace(state.drawn);
    if (state.ring) {
      pen.beginPath();
      pen.arc(state.at[0] * wide, state.at[1] * tall, size.value * side / data.steps / 2, 0, 2 * Math.PI);
      for (const [width, color] of [[5, "#000a"], [2, "#fff"]]) {
        pen.lineWidth = width; pen.strokeStyle = color; pen.stroke();
      }
    }
  };
  const label = () => { shown.textContent = `${(size.value * data.pixels / data.steps).toFixed(1)} pixels`; draw(); };
  const send = (points) => {
    state.waiting.push({ id: ++state.last, points, diameter: Number(size.value) });
    setTriggerValue("strokes", state.waiting);
  };
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]
      .map((part) => Math.min(1, Math.max(0, part)));
  };
  const end = () => {
    if (!state.drawn) return;
    const points = state.drawn.points;
    state.drawn = null;
    send(points);
    draw();
  };
  canvas.onpointerdown = (event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    state.drawn = { points: [place(event)], diameter: Number(size.value) };
    state.at = place(event);
    draw();
  };
  canvas.onpointermove = (event) => {
    state.at = place(event); state.ring = true;
    if (state.drawn) {
      const all = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
      for (const one of all.length ? all : [event]) {
        const point = place(one), before = state.drawn.points.at(-1);
        const moved = Math.hypot(point[0] - before[0], point[1] - before[1]) * data.steps;
        if (moved >= 1 && state.drawn.points.length < data.most) state.drawn.points.push(point);
      }
    }
    draw();
  };
  canvas.onpointerup = end;
  canvas.onpointercancel = end;
  canvas.onpointerleave = () => { state.ring = canvas.matches(":focus-visible"); draw(); };
  canvas.onfocus = () => { state.ring = canvas.matches(":focus-visible"); draw(); };
  canvas.onblur = () => { state.ring = false; draw(); };
  canvas.onkeydown = (event) => {
    const step = event.shiftKey ? 0.08 : 0.02;
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const move = moves[event.key];
    if (move) state.at = state.at.map((part, axis) => Math.min(1, Math.max(0, part + step * move[axis])));
    else if (event.key === " " || event.key === "Enter") send([state.at]);
    else return;
    event.preventDefault();
    state.ring = true;
    draw();
  };
  size.oninput = label;
  label();
}
"""

MOST_POINTS: Final = 2000
"""Points of a stroke that the browser sends at most."""

_brush = st.components.v2.component("ferlens_what_if_brush", html=HTML, css=CSS, js=JS)


def stroke_of(sent: Any, degrees: float) -> Stroke | None:
    """Read a stroke as the browser sends it, drawn on a face turned by ``degrees``; None for what is none.

    Args:
        sent: ``{"id": number, "points": [[x, y], ...] in [0, 1], "diameter": number in steps}``.
        degrees: counter-clockwise.
    """
    try:
        points = [(float(x), float(y)) for x, y in sent["points"][:MOST_POINTS]]
        diameter = min(WIDTHS[1], max(WIDTHS[0], int(sent["diameter"])))
    except (KeyError, TypeError, ValueError):
        return None
    if not points or not all(0.0 <= part <= 1.0 for point in points for part in point):
        return None
    return simplified(Stroke(unturned(points, degrees), diameter), TOLERANCES[0])


def _take() -> None:
    """Add what was drawn since the last time; a stroke that comes twice is taken once."""
    sent = st.session_state[KEY].strokes
    taken = st.session_state.get(_TAKEN, 0)
    edit = controls.current()
    for one in sent if isinstance(sent, list) else ():
        number = one.get("id") if isinstance(one, dict) else None
        if isinstance(number, int) and number > taken:
            taken = number
            stroke = stroke_of(one, edit.rotation)
            if stroke is not None:
                edit = replace(edit, strokes=(*edit.strokes, stroke))
                controls.change(edit)
                edit = controls.current()
    st.session_state[_TAKEN] = taken


def brush(face: str, shape: tuple[int, int], words: str) -> None:
    """Draw the face with the brush.

    Args:
        face: the edited face as a ``data:`` address.
        shape: its height and width as the model takes it; the width of the brush is told in these pixels.
        words: what the picture shows, for who does not see it.
    """
    data = {
        "face": face,
        "words": words,
        "what": face_word(),
        "shape": list(shape),
        "pixels": min(shape),
        "steps": STEPS,
        "widths": list(WIDTHS),
        "most": MOST_POINTS,
        "taken": st.session_state.get(_TAKEN, 0),
    }
    _brush(data=data, key=KEY, on_strokes_change=_take)
