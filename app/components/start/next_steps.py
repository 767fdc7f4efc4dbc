"""The strip that leads on from the page Start: what to look at next, with the example that is shown."""

from pathlib import Path

import streamlit as st

from app.state.session import RUN
from app.wording import start as words

VIEWS = Path(__file__).parents[2] / "views"
OF_THE_RUN = ("tradeoff", "saliency", "probe")  # pages that show one run


def show(run: str | None) -> None:
    """Draw the links to the pages that are there.

    Args:
        run: id of the shown example among the runs; None where there is none.
    """
    with st.container(horizontal=True, key="next_steps", gap="small"):
        for name, label in words.NEXT.items():
            if not (VIEWS / f"{name}.py").is_file() or (run is None and name in OF_THE_RUN):
                continue
            query = {RUN: run} if run and name in OF_THE_RUN else None
            st.page_link(f"views/{name}.py", label=label, query_params=query, icon=words.NEXT_ICONS[name])
