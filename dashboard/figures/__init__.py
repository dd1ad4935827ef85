"""Records in; Plotly figures, pictures as arrays, or small pieces of HTML out. No streamlit here."""
