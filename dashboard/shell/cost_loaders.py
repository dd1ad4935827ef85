"""The one record of what work cost on this machine, shared by all visitors."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from dashboard.shell.costs import Costs
from engine.places import cache_folder


@st.cache_resource(show_spinner=False, max_entries=4)
def _costs(folder: Path) -> Costs:
    return Costs(folder)


def costs() -> Costs:
    """Return the record."""
    return _costs(cache_folder())
