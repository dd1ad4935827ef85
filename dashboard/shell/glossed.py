"""Captions whose measures open their meaning, and the glossary that each page ends with."""

from __future__ import annotations

import streamlit as st

from dashboard.report.glossary import glossary_html, marked


def note(text: str) -> None:
    """Draw a caption under a figure, ``text`` as it stands; each measure in it is a button that opens its meaning."""
    st.html(f'<div class="fl-caption">{marked(text)}</div>')


def show_glossary() -> None:
    """Draw the glossary, folded, with the meanings that every button of the page opens. Once a page, at its end."""
    st.html(glossary_html())
