"""A model's card in the field's usual form, in a window of its own, and as the file that model hubs read."""

from __future__ import annotations

import streamlit as st

from dashboard.shell import say
from dashboard.views.models import loaders
from dashboard.views.models.figures.document import document_html
from engine.analysis.model_card.markdown import to_markdown
from engine.records import RunCard


def offer(card: RunCard) -> None:
    """Draw what opens it."""
    if st.button("Model card", key=f"document.{card.name}", icon=":material/description:"):
        _window(card)


@st.dialog("Model card", width="large")
def _window(card: RunCard) -> None:
    with say.said(), st.spinner("gathering what was measured"):
        found = loaders.document(card)
        st.html(document_html(found))
        st.download_button(
            "README.md for a model hub",
            to_markdown(found),
            file_name="README.md",
            mime="text/markdown",
            key=f"document_file.{card.name}",
            icon=":material/download:",
            on_click="ignore",
        )
