"""The one warm process of this server that explains pictures and sentences of one's own."""

import streamlit as st

from fairprog_core.explain.live.process import ExplainProcess


@st.cache_resource(show_spinner=False)
def process() -> ExplainProcess:
    """One for this server; nothing starts before the first request."""
    return ExplainProcess()
