"""What a ``cmaen``'s answer to this face is made of; nothing for another model."""

from __future__ import annotations

import streamlit as st

from dashboard.shell import theme
from dashboard.views.explain.figures.shares import WORDS, parts_of, shares_html
from engine.explain.cmaen_shares import CmaenShares


def show_shares(found: CmaenShares | None, label: str) -> None:
    """Draw the section.

    Args:
        found: of one picture, or None for a model that is no ``cmaen``.
        label: the answered class.
    """
    if found is None or (found.gamma is None and not parts_of(found)):
        return
    theme.section("What the answer is made of", WORDS if parts_of(found) else "")
    st.html(shares_html(found, label))
