"""What a class has to know on the page Runs: the teacher its code and address, everybody how turns are given."""

from urllib.parse import urlsplit

import streamlit as st

from app.state import run_store, visitor
from app.wording.panels import class_room as words
from app.wording.shared import common
from fairprog_core.common.sharing import sharing


def show() -> None:
    """Draw it; nothing where there is no class."""
    policy, n = sharing(), run_store.n_active()
    if not policy.is_class:
        return
    if visitor.is_teacher():
        place = urlsplit(st.context.url or "")
        address = f"{place.scheme}://{place.netloc}/join?code={policy.join_code}"
        shown = words.ADDRESS.format(address=address) if place.netloc else words.JOIN_TITLE
        st.info(words.BANNER.format(code=common.plain(policy.join_code), address=shown, n_runs=n))
    elif n:
        st.caption(words.QUEUE.format(n=n))
