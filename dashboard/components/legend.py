"""How to read the page, in words."""

from __future__ import annotations

from typing import Final

import streamlit as st

LEGEND: Final = """
**The bars** are the model's probabilities for each emotion; they sum to 100 %. A high bar means that the model is
sure, not that it is right: on FER2013 even good models err on about every third face.

**A spatial attention gate** is a number from 0 to 1 for each cell of a grid. The model multiplies its features by
it: near 1 passes a cell on, near 0 holds it back. There is one gate per block, and it is *class-agnostic*: it is
the same whichever emotion you ask about. A gate says what was passed on, not what decided the answer.

**A channel attention gate** is one number per feature channel, applied everywhere in the picture alike. The bars
rank the channels; the map beside them shows where the block passes the selected channel on.

**Grad-CAM** is an explanation for *one* emotion: where did the features of a layer speak for it? Only positive
evidence is shown. Its values have no unit, so its colours start at zero and end at the largest value shown. Where a
class has none, that is said instead of drawing an empty picture. Deep layers have few cells: 6 × 6 cells cannot
point at an eyelid.

**Other explanations** ask otherwise: what changes when a part is covered, how the answer grows from an empty picture.
Under each stands what must hold for it to mean something. Signed maps are grey at zero: one colour speaks for the
class, the other against it.

**Trust** is measured when you ask for it. A gate is *used* if the probabilities move when something else stands in its
place (its mean, itself shuffled, another face's gate): TVD is the share of the probability that changes hands. A map is
*faithful* if taking away what it ranks high changes the answer more than taking away what random maps do, by more than
chance (the interval lies above 0). A map *no better than random* may still look convincing.

**The colour bar** under each map is the scale of the colours. The line below it reaches from the map's lowest to
its highest value, the tick is its mean. *Fixed* draws gates from 0 to 1, so a flat gate looks flat. *Shared* gives
all maps of a row one range. *Stretched* gives each map its own range: that shows faint structure and exaggerates
it. Hold the pointer over a map to see its real cells.
"""


def legend() -> None:
    """Draw the legend, folded."""
    with st.expander("How to read this", icon=":material/menu_book:"):
        st.markdown(LEGEND)
