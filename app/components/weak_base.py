"""Says in red that the base of a run is no better than always predicting the most frequent label."""

from collections.abc import Sequence

import streamlit as st

from app.wording.shared import common
from fairprog_core.results.summary import SummaryRow
from fairprog_core.results.weak_base import WeakBase, weak_base_sentence


def show(figures: Sequence[SummaryRow]) -> None:
    """Draw the sentence under the main figures of a run; nothing where the base is better, or where it is not known."""
    show_one(next((row.get("weak_base") for row in figures), None))


def show_one(weak: WeakBase | None) -> None:
    """Draw the sentence about a base; nothing where it is better."""
    if weak is not None:
        st.error(common.plain(weak_base_sentence(weak, "test")))
