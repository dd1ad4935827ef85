"""The first visit: three steps that say what the pages are for, in a card that is no dialog and can be skipped.

The card lies over the corner of the window, moves nothing of the page and takes no focus. It comes by itself to who
opens the site's own address for the first time; whoever follows a link to a page or a view has something else in mind.
The browser alone knows who was here (``localStorage``, one entry, which is never sent): the step somebody has come to,
or that it is over, by its end or by skipping. One link on Home brings it back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import streamlit as st

from dashboard.shell.pages import COMPARE, EVIDENCE, EXPLAIN, MISTAKES, PAGES


@dataclass(frozen=True)
class Step:
    """One step: its title, its sentences, and the pages that it leads to, as the page list names their files.

    ``of_pictures``: the sentences where the chosen model is not about faces; empty: the same.
    """

    title: str
    words: str
    pages: tuple[str, ...]
    of_pictures: str = ""


STEPS: Final = (
    Step(
        "A picture and its answer",
        "Explain finds the faces in a photograph and shows how probable each emotion is to the model. Below stand its "
        "attention gates, which say where features were passed on, and maps of what spoke for the answer. A long bar "
        "means that the model is sure, not that it is right.",
        (EXPLAIN,),
        "Explain shows how probable each class is to the model. Below stand its attention gates, which say where "
        "features were passed on, and maps of what spoke for the answer. A long bar means that the model is sure, not "
        "that it is right.",
    ),
    Step(
        "Whether to believe a map",
        "A map can look convincing and mean nothing, so each has a number. A gate is used if the answer changes "
        "without it; a map is faithful if it does better than maps at random: Explain measures both when asked. "
        "Evidence tries all methods on drawn faces, where it is known what there was to find.",
        (EVIDENCE,),
    ),
    Step(
        "Its mistakes, and other models",
        "Misclassifications goes from a cell of the confusion matrix to the pictures behind it, and from each to its "
        "maps. Compare puts one picture through several models, and says whether one is better by more than luck.",
        (MISTAKES, COMPARE),
    ),
)

HTML: Final = """
<button class="open" type="button">A tour in three steps</button>
<section class="card" aria-labelledby="title" hidden>
  <div aria-live="polite">
    <p class="count"></p><h2 id="title" tabindex="-1"></h2><p class="words"></p>
  </div>
  <p class="pages"></p>
  <div class="row"><button class="skip" type="button">Skip</button><span></span>
    <button class="back" type="button">Back</button><button class="next" type="button"></button></div>
</section>
"""

CSS: Final = """
button { font: inherit; color: inherit; cursor: pointer; }
:is(button, a, h2):focus-visible { outline: 2.5px solid #7b879c; outline-offset: 2px; }
.open { background: none; border: 0; padding: 0; font-size: .93rem; text-decoration: underline;
  text-underline-offset: .2em; color: color-mix(in srgb, var(--st-text-color) 76%, transparent); }
.open:hover { color: var(--st-text-color); }
.card { position: fixed; right: 1.2rem; bottom: 1.2rem; z-index: 990; box-sizing: border-box;
  width: min(23.5rem, 100vw - 1.6rem); max-height: 62vh; overflow: auto; padding: 1rem 1.2rem; line-height: 1.5;
  font-size: .95rem; border-radius: 6px; color: var(--st-text-color); background: var(--st-background-color);
  border: 1px solid color-mix(in srgb, var(--st-text-color) 34%, transparent); box-shadow: 0 6px 28px #0003; }
.card[hidden] { display: none; }
.count { margin: 0; font-size: .84rem; color: color-mix(in srgb, var(--st-text-color) 74%, transparent); }
h2 { margin: .1rem 0 .4rem; font-size: 1.1rem; font-weight: 600; font-family: inherit; }
.words { margin: 0; } .pages { margin: .55rem 0 0; display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; }
.pages a { color: inherit; text-underline-offset: .2em; }
.row { display: flex; align-items: center; gap: .5rem; margin-top: .9rem; } .row span { flex: 1; }
.row button { min-height: 2.2rem; padding: .25rem .9rem; border-radius: 6px; background: none;
  border: 1px solid color-mix(in srgb, var(--st-text-color) 40%, transparent); }
.row .skip { border-color: transparent; padding-left: 0; text-decoration: underline; text-underline-offset: .2em; }
.row .next { background: var(--st-text-color); color: var(--st-background-color); border-color: transparent; }
@media (max-width: 480px) { .card { right: .8rem; bottom: .8rem; } }
"""

JS: Final = """
const KEPT = "ferlens.tour", OVER = "over";
// Where the browser keeps nothing, everybody was here before: a card that returns at each visit is worse than none.
const kept = () => { try { return localStorage.getItem(KEPT); } catch { return OVER; } };
const keep = (what) => { try { localStorage.setItem(KEPT, what); } catch { /* said above */ } };

function alone() {
  const [entry] = performance.getEntriesByType("navigation");
  const came = entry && new URL(entry.name);
  return Boolean(came) && came.pathname === location.pathname && !came.search;
}

export default function ({ parentElement, data }) {
  const find = (name) => parentElement.querySelector(name);
  const card = find(".card"), title = find("h2"), steps = data.steps;
  let at = Number(card.dataset.step ?? -1);

  function link(page, number) {
    const a = document.createElement("a");
    a.textContent = `Open ${page.title}`;
    a.href = page.address;
    a.onclick = (event) => {
      keep(number + 1 < steps.length ? String(number + 1) : OVER);
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      // Streamlit's own link goes there without loading the site again.
      const own = [...document.querySelectorAll(".st-key-home-pages a")].find(
        (one) => one.pathname.split("/").pop() === page.address);
      if (!own) return;
      event.preventDefault();
      put_away();  // Streamlit may keep what is drawn here until the other page is whole
      own.click();
    };
    return a;
  }
  function show(number) {
    at = Math.min(Math.max(number, 0), steps.length - 1);
    const step = steps[at], last = at === steps.length - 1;
    card.dataset.step = at;
    keep(String(at));
    find(".count").textContent = `${at + 1} of ${steps.length}`;
    title.textContent = step.title;
    find(".words").textContent = step.words;
    find(".pages").replaceChildren(...step.pages.map((page) => link(page, at)));
    find(".back").hidden = at === 0;
    find(".skip").hidden = last;
    find(".next").textContent = last ? "Done" : "Next";
    card.hidden = false;
  }
  function put_away() {
    card.hidden = true;
    delete card.dataset.step;
    at = -1;
  }
  function end() {
    keep(OVER);
    put_away();
    find(".open").focus({ preventScroll: true });
  }

  find(".open").onclick = () => { show(0); title.focus({ preventScroll: true }); };
  find(".skip").onclick = end;
  find(".back").onclick = () => { show(at - 1); if (at === 0) find(".next").focus(); };
  find(".next").onclick = () => { if (at + 1 < steps.length) show(at + 1); else end(); };
  card.onkeydown = (event) => { if (event.key === "Escape") end(); };

  const past = kept();
  if (at >= 0) show(at);  // the page was drawn again
  else if (past === null ? alone() : past !== OVER) show(Number(past) || 0);
}
"""

_tour = st.components.v2.component("ferlens_tour", html=HTML, css=CSS, js=JS)


def tour(*, pictures: bool, steps: Sequence[Step] = STEPS) -> None:
    """Draw the link to the tour and, for who is here for the first time, its card.

    Args:
        pictures: whether the chosen model is about pictures and not about faces.
        steps: what it says.
    """
    known = {entry.file: {"title": entry.title, "address": entry.address} for entry in PAGES}
    said = [
        {
            "title": step.title,
            "words": step.of_pictures if pictures and step.of_pictures else step.words,
            "pages": [known[file] for file in step.pages],
        }
        for step in steps
    ]
    _tour(key="tour", data={"steps": said})
