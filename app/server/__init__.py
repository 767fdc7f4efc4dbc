"""The page's server: Streamlit with fairprog's settings, found by ``fairprog app`` as the entry point of a screen."""
