"""What the study pages share: how their choices are drawn and kept.

Each widget's key is a query parameter of the same name, so that a copied address opens the same view; going to another
page and back by the menu, whose links carry nothing, brings back what was chosen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboard.shell import say, state


@dataclass(frozen=True)
class Kept:
    """The choices of one page that outlive a visit to another.

    Attributes:
        page: a word that names them in the session. widgets: their keys, each a parameter of the address.
    """

    page: str
    widgets: tuple[str, ...]

    def recall(self) -> None:
        """Bring back what was chosen when the page is come to by a bare link; call it before any widget is drawn.

        On the first run of a page its bound widgets follow the address whatever the session says, so the choices are
        laid ready here and taken up in the run after.
        """
        for key, value in st.session_state.pop(f"ready_{self.page}", {}).items():
            st.session_state[key] = value
        if state.arrived() and not any(key in st.query_params for key in self.widgets):
            st.session_state[f"ready_{self.page}"] = st.session_state.get(f"kept_{self.page}", {})

    def keep(self) -> None:
        """Keep what is chosen, or run the page again with what is to be brought back; call it after all widgets."""
        if st.session_state.get(f"ready_{self.page}"):
            st.rerun()
        st.session_state[f"kept_{self.page}"] = {**st.session_state.get(f"kept_{self.page}", {}), **self.settings()}

    def settings(self) -> dict[str, Any]:
        """Return what is chosen now, key by key, of the widgets that are drawn."""
        return {key: st.session_state[key] for key in self.widgets if key in st.session_state}


def say_unknown(choices: Mapping[str, Sequence[str]]) -> None:
    """Show a sentence for each name in the address that is no choice; call it before the widgets are drawn."""
    for key, valid in choices.items():
        asked = state.asked_for(key, valid)
        if asked is not None:
            what = key.replace("_", " ")
            say.problems([f"Unknown {what} '{asked}' in the address; valid: {', '.join(valid) or 'none'}."])


def segments(label: str, options: Sequence[str], key: str, *, hint: str = "", disabled: bool = False) -> str:
    """Draw one choice of a few that is kept in the address, the first by default."""
    chosen: str = st.segmented_control(
        label,
        tuple(options),
        default=options[0],
        required=True,
        key=key,
        bind="query-params",
        help=hint or None,
        disabled=disabled,
    )
    return chosen
