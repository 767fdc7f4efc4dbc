"""Pure functions from results to Plotly figures and pictures; no Streamlit."""
