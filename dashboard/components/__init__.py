"""Streamlit pieces that draw one record each."""
