"""Arrays in, Plotly figures out: pure functions, no Streamlit."""
