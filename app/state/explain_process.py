"""The explain process of this server: it explains the pictures and sentences that users enter."""

import streamlit as st

from fairprog_core.explain.live.process import ExplainProcess


@st.cache_resource(show_spinner=False)
def process() -> ExplainProcess:
    """The one process of this server; it starts with the first request."""
    return ExplainProcess()
