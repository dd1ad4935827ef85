"""The Streamlit pages that show, measure and compare what the models weigh."""
