"""A page as a report: its content, written as HTML and bundled. No streamlit here."""
