"""Rows that the trigger gained and lost: a sentence, and bars by group and label."""

from collections.abc import Sequence

import streamlit as st

from app.charts import tradeoff as charts
from app.presenters import shared_charts
from app.widgets import live_plot
from app.wording import tradeoff as words
from fairprog_core.metrics.group_tables import ChangeRow


def show(
    value: Sequence[ChangeRow], *, key: str, labels: Sequence[str], lam: float, seed: int, n: int, stamp: str
) -> None:
    """Draw the sentence and the bars.

    Args:
        value: one row per group and label, see ``fairprog_core.metrics.group_tables.changes``.
        key: the chart's key.
        labels: the c class names.
        lam: λ.
        seed: of the curve.
        n: the number of test rows.
        stamp: of the curve, see ``artifacts.stamp``.
    """
    st.markdown(words.who(value, lam=lam, seed=seed, n=n))
    live_plot.show(shared_charts.shared(("flips", stamp, lam), lambda: charts.flips(value, labels)), key=key)
