"""How the trust of each map was measured, folded: the curves behind its score."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard.figures.trust_words import Trusted, method_place, read_faithful
from dashboard.shell.in_address import in_address
from dashboard.views.explain.figures.trust_curves import faithfulness_curves
from engine.records import Explanation


def show_curves(trusted: Trusted, maps: Sequence[Explanation]) -> None:
    """Draw the curves of one map that was checked, and the choice among these; nothing where none was."""
    found = {
        method_place(entry.method, entry.layer, entry.target): judged
        for entry in maps
        if (judged := trusted.map(entry)) is not None
    }
    if not found:
        return
    methods = {entry.method: method_place(entry.method, entry.layer, entry.target) for entry in maps}
    with st.expander("How trust was measured", icon=":material/fact_check:", key="measured", bind="query-params"):
        choices = {method: name for method, name in methods.items() if name in found}
        with in_address("curves_of", "trust_map", choices, next(iter(choices.values())), "map of the curves"):
            name: str = st.selectbox("Map", list(found), key="trust_map", width=340)
        st.plotly_chart(
            faithfulness_curves(found[name]),
            key="trust_curves",
            config={"displayModeBar": False},
            alt=f"the answer while cells are taken away along {name}, beside random maps",
        )
        st.caption(
            f"{read_faithful(found[name])} The score is the area between the dashed and the full line. A good map’s "
            "full line falls at once and its dashed one stays up; a random map’s two lines are alike."
        )
