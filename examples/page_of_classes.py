"""The page that add_a_page.py adds: select, load, draw."""

import streamlit as st

from dashboard.report.text import plain
from dashboard.shell import loaders
from dashboard.shell.frame import framed
from dashboard.shell.state import Selection


def main(selected: Selection) -> None:
    """Draw which models know the classes of the one that is selected in the sidebar."""
    st.title("Classes")
    shelf = loaders.shelf()
    if selected.model is None:
        st.info("There is no model yet; train one, or add one on the page Models.")
        return
    for name in shelf.card(selected.model).classes:
        knowing = [card.name for card in shelf.cards if name in card.classes]
        st.markdown(plain(f"{name}: {', '.join(knowing)}"))


with framed("Classes") as chosen:
    main(chosen)
