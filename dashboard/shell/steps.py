"""One step back for each step that a person made, and the place on the page that they had come to.

Streamlit writes the address in two ways: a choice of a bound widget leaves no entry in the browser's history, and
everything else one for each parameter, so that a page could be entered by four. Here an entry is what a person did: the
first change of the address after a press or a key makes one, whatever it was, and all that follow by themselves belong
to it. Streamlit's pages scroll inside an element, whose place browsers do not bring back on the way back; it is kept
for each entry.
"""

from __future__ import annotations

from typing import Final

import streamlit as st

KEY: Final = "fl-steps"
JS: Final = """
const HOW = "ferlensSteps", KEPT = "ferlens.scrolled", MOST = 100, PATIENCE = 60000, HELD = 1000;
const NO_STEP = new Set(["Tab", "Shift", "Control", "Alt", "Meta", "Escape", "PageUp", "PageDown", "Home", "End"]);

function install() {
  const push = history.pushState.bind(history), replace = history.replaceState.bind(history);
  const place = () => document.querySelector('[data-testid="stMain"]');
  const fresh = () => Date.now().toString(36) + Math.random().toString(36).slice(2, 6);
  const known = () => { try { return JSON.parse(sessionStorage.getItem(KEPT) || "{}"); } catch { return {}; } };
  let step = history.state && history.state.step, acted = false, returning = 0;
  if (!step) replace({ ...history.state, step: (step = fresh()) }, "");

  function remember() {
    if (returning || !place()) return;
    const all = { ...known(), [step]: Math.round(place().scrollTop) };
    for (const old of Object.keys(all).slice(0, -MOST)) delete all[old];
    sessionStorage.setItem(KEPT, JSON.stringify(all));
  }

  // The page grows while it is drawn: its place is tried until it is there and stays so, or a person does something.
  function goBackTo(top) {
    const mine = (returning = performance.now());
    let reached = 0;
    const look = () => {
      const main = place(), now = performance.now();
      if (returning !== mine) return;
      if (main && Math.abs(main.scrollTop - top) > 1) main.scrollTop = top;
      if (!main || Math.abs(main.scrollTop - top) > 1) reached = 0; else if (!reached) reached = now;
      if (now - mine > PATIENCE || (reached && now - reached > HELD)) returning = 0; else requestAnimationFrame(look);
    };
    look();
  }

  function began(event) {
    if (event.type === "keydown" && NO_STEP.has(event.key)) return;
    returning = 0;
    remember();
    acted = true;
  }

  function change(state, title, url) {
    const there = url === undefined || url === null ? location.href : new URL(url, location.href).href;
    if (!acted || there === location.href) return replace({ ...state, step }, title, url);
    const other = new URL(there).pathname !== location.pathname;
    acted = false;
    step = fresh();
    push({ ...state, step }, title, url);
    if (other && place()) place().scrollTop = 0;
  }

  history.pushState = history.replaceState = change;
  window.addEventListener("pointerdown", began, true);
  window.addEventListener("keydown", began, true);
  let waiting = 0;
  for (const kind of ["wheel", "touchmove", "keyup", "pointerup"])
    window.addEventListener(kind, () => {
      if (kind === "wheel" || kind === "touchmove") returning = 0;
      const of = step;
      clearTimeout(waiting);
      waiting = setTimeout(() => { if (of === step && !acted) remember(); }, 200);
    }, { capture: true, passive: true });
  window.addEventListener("popstate", (event) => {
    acted = false;
    step = (event.state && event.state.step) || fresh();
    goBackTo(known()[step] || 0);
  }, true);
}

export default function () {
  if (window[HOW]) return;
  window[HOW] = true;
  install();
}
"""

_steps = st.components.v2.component("ferlens_steps", html="<i></i>", js=JS, isolate_styles=False)


def follow() -> None:
    """Have the browser count steps; call it first on every run, before anything changes the address."""
    with st.container(key=KEY):
        _steps(key="steps")
