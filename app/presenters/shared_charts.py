"""Charts that are drawn once for all visitors: the same files and the same choices give the same chart."""

from collections.abc import Callable

import streamlit as st

from app.charts.plot import DrawnPlot, Plot
from fairprog_core.common.process.shared import is_shared

Key = tuple[str | int | float | bool | tuple[str, ...] | None, ...]


def shared(key: Key, draw: Callable[[], Plot]) -> DrawnPlot:
    """The chart with this key; drawn by the first visitor who sees it, while others who want it wait.

    Args:
        key: everything that decides what ``draw`` draws: the chart's name, stamps of its files, what was chosen.
        draw: draws it.
    """
    return _drawn((*key, is_shared()), draw)


@st.cache_resource(max_entries=512, show_spinner=False)
def _drawn(key: Key, _draw: Callable[[], Plot]) -> DrawnPlot:
    return DrawnPlot.of(_draw())
