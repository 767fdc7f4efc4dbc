"""The page server: Streamlit with fairprog's settings; ``fairprog app`` finds it as an entry point."""
